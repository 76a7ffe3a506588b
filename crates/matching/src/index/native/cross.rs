//! A level that looks at other features than the one its ladder mostly looks at: its test is put
//! together row by row from what each pair of values comes to, which is remembered by code.

use super::memo::Memo;
use super::prepared::{Prepared, Scratch};
use crate::features::Features;
use crate::index::Snapshot;
use crate::index::column::{Column, MISSING};
use crate::model::{Level, Likeness, Test};

/// A level and the query's values.
pub(super) struct Cross<'s> {
    snapshot: &'s Snapshot,
    query: &'s Features,
    /// Its position in the ladder.
    pub(super) at: u8,
    pub(super) level: &'s Level,
    atoms: Vec<Atom<'s>>,
    test: Compiled,
}

/// A likeness of one value of the query to one feature of candidates.
struct Atom<'s> {
    column: &'s Column,
    likeness: &'s Likeness,
    query: Option<Prepared<'s>>,
    /// Per code, 1 if they differ, 2 if they are alike.
    known: Memo,
    compared: u64,
}

/// A test over atoms, by position.
enum Compiled {
    Atom(usize),
    All(Vec<Compiled>),
    Any(Vec<Compiled>),
    Else,
}

impl Atom<'_> {
    fn holds(&mut self, row: usize) -> bool {
        let code = self.column.code_at(row);
        let Some(query) = self.query.as_mut().filter(|_| code != MISSING) else { return false };
        match self.known.get(code) {
            0 => {
                self.compared += 1;
                let is_alike = query.meets(self.likeness, code, &mut Scratch::default());
                self.known.set(code, 1 + u8::from(is_alike));
                is_alike
            }
            known => known == 2,
        }
    }
}

impl<'s> Cross<'s> {
    pub(super) fn new(
        snapshot: &'s Snapshot,
        query: &'s Features,
        at: usize,
        level: &'s Level,
    ) -> Cross<'s> {
        let test = Compiled::Else;
        let mut cross = Cross { snapshot, query, at: at as u8, level, atoms: Vec::new(), test };
        cross.test = cross.compile(&level.test);
        cross
    }

    fn compile(&mut self, test: &'s Test) -> Compiled {
        match test {
            Test::On { feature, likeness } => self.atom(*feature, *feature, likeness),
            Test::Swapped { a, b, likeness } => {
                Compiled::All(vec![self.atom(*a, *b, likeness), self.atom(*b, *a, likeness)])
            }
            Test::All(tests) => Compiled::All(self.compile_all(tests)),
            Test::Any(tests) => Compiled::Any(self.compile_all(tests)),
            Test::Else => Compiled::Else,
        }
    }

    fn compile_all(&mut self, tests: &'s [Test]) -> Vec<Compiled> {
        tests.iter().map(|test| self.compile(test)).collect()
    }

    fn atom(&mut self, of_query: usize, of_candidate: usize, likeness: &'s Likeness) -> Compiled {
        let column = &self.snapshot.columns[of_candidate];
        self.atoms.push(Atom {
            column,
            likeness,
            query: self.query.text(of_query).map(|text| Prepared::new(text, column)),
            known: Memo::new(),
            compared: 0,
        });
        Compiled::Atom(self.atoms.len() - 1)
    }

    /// Prepares for so many rows to be looked at.
    pub(super) fn expect(&mut self, rows: usize) {
        self.atoms.iter_mut().for_each(|atom| atom.known.expect(rows, atom.column.codes()));
    }

    /// Whether the test holds of a row.
    pub(super) fn holds(&mut self, row: usize) -> bool {
        holds(&self.test, &mut self.atoms, row)
    }

    /// What a row of which it holds gets.
    pub(super) fn bits(&self, row: usize) -> f64 {
        let share = self.level.term_frequency.as_ref().and_then(|table| {
            let column = &self.snapshot.columns[table.feature];
            let code = column.code_at(row);
            let query = self.query.text(table.feature).filter(|_| code != MISSING)?;
            self.level.share_of_texts(query, column.text(code))
        });
        self.level.bits_with(share)
    }

    pub(super) fn compared(&self) -> u64 {
        self.atoms.iter().map(|atom| atom.compared).sum()
    }
}

fn holds(test: &Compiled, atoms: &mut [Atom<'_>], row: usize) -> bool {
    match test {
        Compiled::Atom(at) => atoms[*at].holds(row),
        Compiled::All(tests) => tests.iter().all(|test| holds(test, atoms, row)),
        Compiled::Any(tests) => tests.iter().any(|test| holds(test, atoms, row)),
        Compiled::Else => true,
    }
}
