//! A ladder that looks at one feature: what it adds is a function of the candidate's code.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::prepared::{Prepared, Scratch};
use crate::features::Features;
use crate::index::Snapshot;
use crate::index::column::{Column, MISSING};
use crate::model::{Ladder, NULL_LEVEL};

/// A ladder and the query's value.
pub(super) struct One<'s> {
    pub(super) column: &'s Column,
    pub(super) feature: usize,
    pub(super) ladder: &'s Ladder,
    /// The query's text; none where the ladder does not need it.
    pub(super) query: Option<Prepared<'s>>,
    known: Memo,
    outcomes: SmallVec<[Outcome; 8]>,
    /// What candidates without the value come to.
    pub(super) if_missing: f64,
    pub(super) compared: u64,
}

/// What a value comes to.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Outcome {
    pub(super) level: u8,
    pub(super) bits: f64,
}

/// Per code that was compared, the position of its outcome and one.
enum Memo {
    /// Where few values will be compared.
    Sparse(HashMap<u32, u8, foldhash::fast::RandomState>),
    /// Where many will; 0 where nothing was compared.
    Dense(Vec<u8>),
}

/// A dense memo is worth its zeros if one in so many values is looked up.
const DENSE_SHARE: usize = 16;

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
            query: query.text(feature).map(|text| Prepared::new(text, column)),
            known: Memo::Sparse(HashMap::default()),
            outcomes: SmallVec::new(),
            if_missing: 0.0,
            compared: 0,
        };
        if ladder.needs.is_empty() {
            one.if_missing = one.judge(None).bits;
        }
        one
    }

    /// Prepares for so many rows to be looked at.
    pub(super) fn expect(&mut self, rows: usize) {
        let codes = self.column.codes();
        if let Memo::Sparse(known) = &self.known
            && rows > codes / DENSE_SHARE
        {
            // Zeros come from the system untouched, so an unused part costs nothing.
            let mut dense = vec![0; codes];
            known.iter().for_each(|(code, known)| dense[*code as usize] = *known);
            self.known = Memo::Dense(dense);
        }
    }

    /// What a code adds.
    pub(super) fn bits(&mut self, code: u32) -> f64 {
        if code == MISSING {
            return self.if_missing;
        }
        self.outcome(code).bits
    }

    /// What a code comes to; it is not the missing one.
    pub(super) fn outcome(&mut self, code: u32) -> Outcome {
        let known = match &self.known {
            Memo::Sparse(known) => known.get(&code).copied().unwrap_or(0),
            Memo::Dense(known) => known[code as usize],
        };
        match known {
            0 => self.compare(code),
            known => self.outcomes[usize::from(known) - 1],
        }
    }

    fn compare(&mut self, code: u32) -> Outcome {
        self.compared += 1;
        let outcome = self.judge(Some(code));
        let known = self.outcomes.iter().position(|known| *known == outcome);
        let at = known.unwrap_or_else(|| {
            self.outcomes.push(outcome);
            self.outcomes.len() - 1
        });
        // Levels are few, and so are the values of a prepared record; what goes beyond is worked out
        // each time.
        let Ok(at) = u8::try_from(at + 1) else {
            self.outcomes.truncate(usize::from(u8::MAX));
            return outcome;
        };
        match &mut self.known {
            Memo::Sparse(known) => drop(known.insert(code, at)),
            Memo::Dense(known) => known[code as usize] = at,
        }
        outcome
    }

    fn judge(&mut self, candidate: Option<u32>) -> Outcome {
        let mut scratch = Scratch::default();
        let (query, column) = (&mut self.query, self.column);
        let text = candidate.map(|code| column.text(code));
        let mut meets = |likeness: &_| match (&mut *query, candidate.zip(text)) {
            (Some(query), Some(candidate)) => query.meets(likeness, candidate, &mut scratch),
            _ => false,
        };
        let reached = self.ladder.levels.iter().position(|level| level.test.holds_if(&mut meets));
        let Some(at) = reached else { return Outcome { level: NULL_LEVEL, bits: 0.0 } };
        let level = &self.ladder.levels[at];
        let texts = self.query.as_ref().map(|query| query.text).zip(text);
        let share = texts.and_then(|(query, candidate)| level.share_of_texts(query, candidate));
        Outcome { level: at as u8, bits: level.bits_with(share) }
    }
}
