//! A ladder that looks at several features: its tests are put together row by row from what
//! each pair of values comes to, which is remembered by code.

use super::prepared::{Prepared, Scratch};
use crate::features::Features;
use crate::index::Snapshot;
use crate::index::column::{Column, MISSING};
use crate::model::{Ladder, Likeness, Test};

/// A ladder and the query's values.
pub(super) struct Many<'s> {
    snapshot: &'s Snapshot,
    query: &'s Features,
    pub(super) ladder: &'s Ladder,
    atoms: Vec<Atom<'s>>,
    /// Per level.
    tests: Vec<Compiled>,
}

/// A likeness of one value of the query to one feature of candidates.
struct Atom<'s> {
    column: &'s Column,
    likeness: &'s Likeness,
    query: Option<Prepared<'s>>,
    /// Per code: 0 where nothing was compared, 1 if they differ, 2 if they are alike.
    known: Vec<u8>,
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
        let known = &mut self.known[code as usize];
        if *known == 0 {
            self.compared += 1;
            let text = self.column.text(code);
            *known =
                1 + u8::from(query.meets(self.likeness, (code, text), &mut Scratch::default()));
        }
        *known == 2
    }
}

impl<'s> Many<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, query: &'s Features, ladder: &'s Ladder) -> Many<'s> {
        let mut many = Many { snapshot, query, ladder, atoms: Vec::new(), tests: Vec::new() };
        many.tests = ladder.levels.iter().map(|level| many.compile(&level.test)).collect();
        many
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
            known: vec![0; column.codes()],
            compared: 0,
        });
        Compiled::Atom(self.atoms.len() - 1)
    }

    /// What a row adds.
    pub(super) fn bits(&mut self, row: usize) -> f64 {
        let column = |feature: usize| &self.snapshot.columns[feature];
        let is_missing = |feature: &usize| column(*feature).code_at(row) == MISSING;
        if self.ladder.needs.iter().any(is_missing) {
            return 0.0;
        }
        let atoms = &mut self.atoms;
        let reached = self.tests.iter().position(|test| holds(test, atoms, row));
        let Some(level) = reached.map(|at| &self.ladder.levels[at]) else { return 0.0 };
        let share = level.term_frequency.as_ref().and_then(|table| {
            let column = column(table.feature);
            let code = column.code_at(row);
            let query = self.query.text(table.feature).filter(|_| code != MISSING)?;
            level.share_of_texts(query, column.text(code))
        });
        level.bits_with(share)
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
