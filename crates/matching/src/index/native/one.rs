//! A ladder that looks at one feature: what it adds is a function of the candidate's code.

use smallvec::SmallVec;

use super::prepared::{Prepared, Scratch};
use crate::features::Features;
use crate::index::Snapshot;
use crate::index::column::{Column, MISSING};
use crate::model::{Ladder, NULL_LEVEL};

/// A ladder and the query's value.
pub(in crate::index) struct One<'s> {
    pub(in crate::index) column: &'s Column,
    pub(in crate::index) feature: usize,
    pub(in crate::index) ladder: &'s Ladder,
    /// The query's text; none where the ladder does not need it.
    pub(in crate::index) query: Option<Prepared<'s>>,
    /// Per code, the position of its outcome and one; 0 where nothing was compared.
    known: Vec<u8>,
    outcomes: SmallVec<[Outcome; 8]>,
    /// What candidates without the value come to.
    pub(in crate::index) if_missing: f64,
    pub(in crate::index) compared: u64,
}

/// What a value comes to.
#[derive(Clone, Copy, PartialEq)]
struct Outcome {
    level: u8,
    bits: f64,
}

impl<'s> One<'s> {
    pub(super) fn new(
        snapshot: &'s Snapshot,
        query: &'s Features,
        ladder: &'s Ladder,
        feature: usize,
    ) -> One<'s> {
        let column = &snapshot.columns[feature];
        let mut one = One {
            column,
            feature,
            ladder,
            query: query.text(feature).map(Prepared::new),
            // Zeros come from the system untouched, so an unused part costs nothing.
            known: vec![0; column.codes()],
            outcomes: SmallVec::new(),
            if_missing: 0.0,
            compared: 0,
        };
        if ladder.needs.is_empty() {
            one.if_missing = one.judge(None).bits;
        }
        one
    }

    /// What a code adds.
    pub(in crate::index) fn bits(&mut self, code: u32) -> f64 {
        if code == MISSING {
            return self.if_missing;
        }
        match self.known[code as usize] {
            0 => self.compare(code).bits,
            known => self.outcomes[usize::from(known) - 1].bits,
        }
    }

    fn compare(&mut self, code: u32) -> Outcome {
        self.compared += 1;
        let outcome = self.judge(Some(self.column.text(code)));
        let known = self.outcomes.iter().position(|known| *known == outcome);
        let at = known.unwrap_or_else(|| {
            self.outcomes.push(outcome);
            self.outcomes.len() - 1
        });
        // Levels are few, and so are the values of one record; see `model/check.rs`.
        self.known[code as usize] = u8::try_from(at + 1).expect("few outcomes");
        outcome
    }

    fn judge(&mut self, candidate: Option<&str>) -> Outcome {
        let mut scratch = Scratch::default();
        let query = &mut self.query;
        let mut meets = |likeness: &_| match (&mut *query, candidate) {
            (Some(query), Some(candidate)) => query.meets(likeness, candidate, &mut scratch),
            _ => false,
        };
        let reached = self.ladder.levels.iter().position(|level| level.test.holds_if(&mut meets));
        let Some(at) = reached else { return Outcome { level: NULL_LEVEL, bits: 0.0 } };
        let level = &self.ladder.levels[at];
        let texts = self.query.as_ref().map(|query| query.text).zip(candidate);
        let share = texts.and_then(|(query, candidate)| level.share_of_texts(query, candidate));
        Outcome { level: at as u8, bits: level.bits_with(share) }
    }
}
