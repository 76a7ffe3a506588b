//! A native rule and a query against the columns of a snapshot.
//!
//! A ladder is, but for levels that look at several features, a function of one feature's code, so
//! each distinct value is compared once (`native/one.rs`). Those levels are put together from what
//! each pair of values comes to (`native/cross.rs`). Bits are added in the order of the ladders,
//! from the rule's prior, which are the operations of [`crate::model::judge`].
//!
//! [`Judge::scan`] does so for every record. [`search::search`] finds the codes that reach the
//! better levels (`native/rung.rs`, `native/find.rs`), takes the cheapest of them without which
//! no record can pass (`native/choose.rs`), and judges only records that have one and whose
//! sketch leaves it open that they pass (`native/sifter.rs`).

mod choose;
mod cross;
mod find;
pub(super) mod kept;
mod memo;
mod near;
mod one;
mod prepared;
mod rung;
pub(super) mod search;
mod sheet;
mod sifter;
mod within;

use smallvec::SmallVec;

use super::best::Best;
use super::column::{Column, MISSING};
use super::{Hit, ROWS_CHUNK, Snapshot};
use crate::features::{Features, Value};
use crate::model;
use crate::rules::Rule;
use crate::score::{Band, Scored};

use kept::{Kept, Member};
use one::One;

/// The records and the one that they are compared with.
#[derive(Clone, Copy)]
pub(super) struct Sides<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) query: &'s Features,
    /// What is remembered, where the query is one of the records.
    pub(super) member: Option<Member<'s>>,
}

impl<'s> Sides<'s> {
    /// What is remembered, and the code of the query's value.
    fn own(self, feature: usize) -> Option<(&'s Kept, u32)> {
        let member = self.member?;
        let code = self.snapshot.columns[feature].code_at(member.number as usize);
        (code != MISSING).then_some((member.kept, code))
    }

    /// What is remembered of a value of the query, if other records have it, too, and its code.
    fn shared(self, feature: usize) -> Option<(&'s Kept, u32)> {
        let is_shared = |code: u32| self.snapshot.columns[feature].rows_of(code).len() > 1;
        self.own(feature).filter(|(_, code)| is_shared(*code))
    }
}

/// One native rule with one query filled in.
pub(super) struct Judge<'s> {
    pub(super) sides: Sides<'s>,
    pub(super) position: usize,
    pub(super) rule: &'s Rule,
    gates: SmallVec<[Gate<'s>; 2]>,
    ladders: Vec<Asked<'s>>,
}

/// A filter with the query's value.
struct Gate<'s> {
    column: &'s Column,
    query: Option<&'s Value>,
    /// The codes that pass, ascending.
    codes: Vec<u32>,
}

/// A ladder with the query's values.
enum Asked<'s> {
    /// The same is added, whatever the candidate has.
    Always(f64),
    /// One feature decides, or mostly does.
    One(Box<One<'s>>),
}

impl Asked<'_> {
    /// What a row gets.
    fn bits(&mut self, row: usize) -> f64 {
        match self {
            Asked::Always(bits) => *bits,
            Asked::One(one) => one.bits(row, one.column.code_at(row)),
        }
    }
}

impl<'s> Judge<'s> {
    pub(super) fn new(sides: Sides<'s>, position: usize) -> Judge<'s> {
        let Sides { snapshot, query, .. } = sides;
        let rule = &snapshot.ruleset.rules[position];
        let gate = |feature: usize| {
            let (column, query) = (&snapshot.columns[feature], query.value(feature));
            Gate {
                column,
                query,
                codes: query.map_or(Vec::new(), |query| column.codes_like(query)),
            }
        };
        let gates = rule.filters.iter().map(|filter| gate(filter.feature)).collect();
        let ladders = rule
            .ladders
            .iter()
            .map(|ladder| {
                if ladder.needs.iter().any(|feature| query.is_missing(*feature)) {
                    return Asked::Always(0.0);
                }
                match ladder.lead() {
                    Some(feature) => Asked::One(Box::new(One::new(sides, ladder, feature))),
                    None => Asked::Always(ladder.bits(ladder.reached(query, query), query, query)),
                }
            })
            .collect();
        Judge { sides, position, rule, gates, ladders }
    }

    /// Whether the filters let a row pass.
    fn is_open(&self, row: usize) -> bool {
        self.gates.iter().all(|gate| match gate.column.code_at(row) {
            MISSING => gate.query.is_none(),
            code => gate.codes.binary_search(&code).is_ok(),
        })
    }

    /// What a row adds up to, filters left out.
    fn sum(&mut self, row: usize) -> f64 {
        let mut sum = self.rule.base();
        for ladder in &mut self.ladders {
            sum += ladder.bits(row);
        }
        sum
    }

    /// Offers a row that adds up to `sum`.
    fn offer(&self, row: usize, sum: f64, best: &mut Best) {
        let scored = Scored::conclude(self.rule, sum);
        let mut band = self.rule.band(scored.score);
        if band == Band::Below {
            return;
        }
        // Few are automatic, so their values are read once more.
        if band == Band::Auto && !self.rule.guards.is_empty() {
            let values = self.sides.snapshot.columns.iter().map(|column| column.value_at(row));
            let candidate: Features = values.collect();
            band = model::judge(self.rule, self.sides.query, &candidate).scored.band(self.rule);
        }
        let (number, rule) = (row as u32, self.position);
        best.offer(Hit { number, rule, score: scored.score, band });
    }

    /// Offers every record that the rule matches, and tells how many there are in all.
    pub(super) fn scan(&mut self, best: &mut Best) -> u64 {
        let mut scanned = 0;
        let snapshot = self.sides.snapshot;
        for ladder in &mut self.ladders {
            if let Asked::One(one) = ladder {
                one.expect(usize::MAX);
            }
        }
        for chunk in 0..snapshot.present.chunks() {
            let codes: Vec<&[u32]> = self
                .ladders
                .iter()
                .map(|ladder| match ladder {
                    Asked::One(one) => one.column.chunk(chunk),
                    Asked::Always(_) => &[],
                })
                .collect();
            for (at, present) in snapshot.present.chunk(chunk).iter().enumerate() {
                if !present {
                    continue;
                }
                scanned += 1;
                let row = chunk * ROWS_CHUNK + at;
                if !self.is_open(row) {
                    continue;
                }
                let mut sum = self.rule.base();
                for (ladder, codes) in self.ladders.iter_mut().zip(&codes) {
                    sum += match ladder {
                        Asked::Always(bits) => *bits,
                        // A column has no chunk where all its values are missing.
                        Asked::One(one) => one.bits(row, codes.get(at).copied().unwrap_or(MISSING)),
                    };
                }
                self.offer(row, sum, best);
            }
        }
        scanned
    }

    /// Distinct values that were compared.
    pub(super) fn compared(&self) -> u64 {
        let of_ladder = |ladder: &Asked<'_>| match ladder {
            Asked::Always(_) => 0,
            Asked::One(one) => one.compared(),
        };
        self.ladders.iter().map(of_ladder).sum()
    }
}
