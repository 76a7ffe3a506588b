//! A ladder with a query filled in: what it adds is a function of the candidate's code of one
//! feature, but for levels that look at others, too.

use smallvec::SmallVec;

use super::Sides;
use super::cross::Cross;
use super::memo::Memo;
use super::prepared::{Prepared, Scratch};
use crate::index::column::{Column, MISSING};
use crate::model::{Ladder, NULL_LEVEL};

/// A ladder and the query's value.
pub(super) struct One<'s> {
    pub(super) column: &'s Column,
    /// The feature that it mostly looks at.
    pub(super) feature: usize,
    pub(super) ladder: &'s Ladder,
    /// The query's text; none where the ladder does not need it.
    pub(super) query: Option<Prepared<'s>>,
    /// Levels that look at other features, in their order.
    pub(super) crosses: Vec<Cross<'s>>,
    /// Other features that are needed.
    others: SmallVec<[&'s Column; 1]>,
    is_needed: bool,
    known: Memo,
    outcomes: SmallVec<[Outcome; 8]>,
    /// What candidates without the value come to, other features left aside.
    pub(super) if_missing: Outcome,
    compared: u64,
}

/// What a value comes to by the levels that look at it alone.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Outcome {
    pub(super) level: u8,
    pub(super) bits: f64,
}

impl<'s> One<'s> {
    pub(super) fn new(sides: Sides<'s>, ladder: &'s Ladder, feature: usize) -> One<'s> {
        let columns = &sides.snapshot.columns;
        let column = &columns[feature];
        let levels = ladder.levels.iter().enumerate();
        let crosses = levels
            .filter(|(_, level)| !level.is_about(feature))
            .map(|(at, level)| Cross::new(sides.snapshot, sides.query, at, level))
            .collect();
        let others = ladder.needs.iter().filter(|needed| **needed != feature);
        let mut one = One {
            column,
            feature,
            ladder,
            query: sides.query.text(feature).map(|text| Prepared::new(text, column)),
            crosses,
            others: others.map(|needed| &columns[*needed]).collect(),
            is_needed: ladder.needs.contains(&feature),
            known: Memo::new(),
            outcomes: SmallVec::new(),
            if_missing: Outcome { level: NULL_LEVEL, bits: 0.0 },
            compared: 0,
        };
        if !one.is_needed {
            one.if_missing = one.judge(None);
        }
        one
    }

    /// Prepares for so many rows to be looked at.
    pub(super) fn expect(&mut self, rows: usize) {
        self.known.expect(rows, self.column.codes());
        self.crosses.iter_mut().for_each(|cross| cross.expect(rows));
    }

    /// Prepares for so many codes to be compared.
    pub(super) fn expect_codes(&mut self, codes: usize) {
        self.known.expect(codes, self.column.codes());
    }

    /// What a row with this code adds.
    pub(super) fn bits(&mut self, row: usize, code: u32) -> f64 {
        let own = match code {
            MISSING => self.if_missing,
            code => self.outcome(code),
        };
        if self.crosses.is_empty() && self.others.is_empty() {
            return own.bits;
        }
        if code == MISSING && self.is_needed || self.lacks_other(row) {
            return 0.0;
        }
        let mut before = self.crosses.iter_mut().take_while(|cross| cross.at < own.level);
        let reached = before.find_map(|cross| cross.holds(row).then(|| cross.bits(row)));
        reached.unwrap_or(own.bits)
    }

    /// Whether other features are needed.
    pub(super) fn needs_other(&self) -> bool {
        !self.others.is_empty()
    }

    /// Whether a row lacks another feature that is needed, so that nothing is added.
    pub(super) fn lacks_other(&self, row: usize) -> bool {
        self.others.iter().any(|column| column.code_at(row) == MISSING)
    }

    /// What a code comes to; it is not the missing one.
    pub(super) fn outcome(&mut self, code: u32) -> Outcome {
        match self.known.get(code) {
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
        match u8::try_from(at + 1) {
            Ok(at) => self.known.set(code, at),
            Err(_) => self.outcomes.truncate(usize::from(u8::MAX)),
        }
        outcome
    }

    fn judge(&mut self, candidate: Option<u32>) -> Outcome {
        let mut scratch = Scratch::default();
        let (query, column, crosses) = (&mut self.query, self.column, &self.crosses);
        let mut meets = |likeness: &_| match (&mut *query, candidate) {
            (Some(query), Some(code)) => query.meets(likeness, code, &mut scratch),
            _ => false,
        };
        let is_cross = |at: usize| crosses.iter().any(|cross| usize::from(cross.at) == at);
        let mut levels = self.ladder.levels.iter().enumerate();
        let reached = levels.find(|(at, level)| !is_cross(*at) && level.test.holds_if(&mut meets));
        let Some((at, level)) = reached else { return Outcome { level: NULL_LEVEL, bits: 0.0 } };
        let texts = self.query.as_ref().map(|query| query.text).zip(candidate);
        let share = texts
            .filter(|_| level.term_frequency.is_some())
            .and_then(|(query, code)| level.share_of_texts(query, column.text(code)));
        Outcome { level: at as u8, bits: level.bits_with(share) }
    }

    /// Distinct values that were compared.
    pub(super) fn compared(&self) -> u64 {
        self.compared + self.crosses.iter().map(Cross::compared).sum::<u64>()
    }
}
