//! The exhaustive search: compare with distinct values, add for every record, keep the best.
//!
//! It is what every other way of searching must equal, and what a search falls back to. Points
//! come from `score/field.rs` and are added in field order from the rule's base, which are the
//! operations of [`crate::score()`]; so both give the same bits.

use super::best::{Best, Gathered};
use super::column::{Column, MISSING};
use super::native::{Judge, Sides};
use super::{Cost, Found, Hit, Limits, ROWS_CHUNK, Snapshot};
use crate::features::{Features, Value};
use crate::rules::{MatchingType, Rule};
use crate::score::Scored;
use crate::score::field::FieldScorer;
use crate::similarity::{Algorithm, Units, units};

/// Searches by every rule.
pub(super) fn scan(snapshot: &Snapshot, query: &Features, limits: &Limits) -> Found {
    let mut scanner = Scanner::new(snapshot, query);
    let rules = snapshot.ruleset.rules.len();
    let mut gathered = Gathered::new(rules, limits, None);
    for position in 0..rules {
        let mut best = gathered.next_rule();
        scanner.apply(position, &mut best);
        gathered.take(best);
    }
    gathered.conclude(scanner.cost())
}

/// A query against all records, rule by rule.
pub(super) struct Scanner<'s> {
    memos: Memos<'s>,
    scanned: u64,
    /// By native rules.
    compared: u64,
}

impl<'s> Scanner<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, query: &'s Features) -> Scanner<'s> {
        let memos = Memos { snapshot, query, memos: Vec::new() };
        Scanner { memos, scanned: 0, compared: 0 }
    }

    /// Offers every record that the rule at `position` matches.
    pub(super) fn apply(&mut self, position: usize, best: &mut Best) {
        let snapshot = self.memos.snapshot;
        if snapshot.ruleset.rules[position].kind == MatchingType::Native {
            let mut judge =
                Judge::new(Sides { snapshot, query: self.memos.query, member: None }, position);
            self.scanned += judge.scan(best);
            self.compared += judge.compared();
            return;
        }
        let plan = Plan::new(position, &snapshot.ruleset.rules[position], &mut self.memos);
        self.scanned += plan.scan(snapshot, &mut self.memos.memos, best);
    }

    /// What it took so far.
    pub(super) fn cost(&self) -> Cost {
        let by_memos: u64 = self.memos.memos.iter().map(|memo| memo.compared).sum();
        let values_compared = by_memos + self.compared;
        Cost { records_scanned: self.scanned, values_compared, ..Cost::default() }
    }
}

/// What comparing the query with one column gave so far, by code.
struct Memo<'s> {
    column: &'s Column,
    feature: usize,
    how: How,
    query: Option<&'s Value>,
    query_units: Units,
    /// Per code, the inverted bits of the value; 0 where nothing was compared yet.
    known: Vec<u64>,
    compared: u64,
}

/// How a memo compares.
#[derive(Clone, Copy, PartialEq)]
enum How {
    /// Whether a filter or phonetic field agrees.
    Gate,
    /// By an algorithm's value.
    By(Algorithm),
    /// By equality alone, with the values that stand for equal and for different.
    Equal { same: f64, other: f64 },
}

impl How {
    fn of(scorer: &FieldScorer) -> How {
        if scorer.is_equality() {
            How::Equal { same: scorer.equality_value(true), other: scorer.equality_value(false) }
        } else {
            How::By(scorer.algorithm)
        }
    }
}

/// What stands in [`Memo::known`] for a comparison without a value. Inverted it is not 0.
const NO_VALUE: f64 = f64::NAN;

impl Memo<'_> {
    fn value(&mut self, code: u32) -> Option<f64> {
        let known = self.known[code as usize];
        let value = if known == 0 { self.compare(code) } else { f64::from_bits(!known) };
        if value.is_nan() { None } else { Some(value) }
    }

    fn compare(&mut self, code: u32) -> f64 {
        self.compared += 1;
        let value = match self.how {
            How::By(algorithm) => algorithm
                .compare_units(&self.query_units, &units(self.column.text(code)))
                .unwrap_or(NO_VALUE),
            How::Equal { same, .. } if text_of(self.query) == self.column.text(code) => same,
            How::Equal { other, .. } => other,
            How::Gate if self.column.agrees(self.query, code) => 1.0,
            How::Gate => NO_VALUE,
        };
        self.known[code as usize] = !value.to_bits();
        value
    }
}

/// The prepared text of a value; a missing one compares like an empty text.
fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::text).unwrap_or("")
}

/// All memos of a search; rules that compare the same column alike share one.
struct Memos<'s> {
    snapshot: &'s Snapshot,
    query: &'s Features,
    memos: Vec<Memo<'s>>,
}

impl Memos<'_> {
    fn find_or_add(&mut self, feature: usize, how: How) -> usize {
        let found = self.memos.iter().position(|memo| memo.feature == feature && memo.how == how);
        found.unwrap_or_else(|| {
            let column = &self.snapshot.columns[feature];
            let query = self.query.value(feature);
            self.memos.push(Memo {
                column,
                feature,
                how,
                query,
                query_units: units(text_of(query)),
                // Zeros come from the system untouched, so an unused part costs nothing.
                known: vec![0; column.codes()],
                compared: 0,
            });
            self.memos.len() - 1
        })
    }
}

/// One rule, ready to be applied to every row.
struct Plan<'s> {
    position: usize,
    rule: &'s Rule,
    /// Memos that must agree.
    gates: Vec<usize>,
    fields: Vec<PlannedField>,
}

struct PlannedField {
    scorer: FieldScorer,
    memo: usize,
    query_missing: bool,
}

impl<'s> Plan<'s> {
    fn new(position: usize, rule: &'s Rule, memos: &mut Memos<'_>) -> Plan<'s> {
        let mut gates: Vec<usize> = rule
            .filters
            .iter()
            .map(|filter| memos.find_or_add(filter.feature, How::Gate))
            .collect();
        let mut fields = Vec::new();
        for field in &rule.fields {
            match FieldScorer::new(rule.kind, field) {
                None => gates.push(memos.find_or_add(field.feature, How::Gate)),
                Some(scorer) => fields.push(PlannedField {
                    memo: memos.find_or_add(field.feature, How::of(&scorer)),
                    scorer,
                    query_missing: memos.query.is_missing(field.feature),
                }),
            }
        }
        Plan { position, rule, gates, fields }
    }

    /// Applies the rule to every record and returns how many there were.
    fn scan(&self, snapshot: &Snapshot, memos: &mut [Memo<'_>], best: &mut Best) -> u64 {
        let mut scanned = 0;
        for chunk in 0..snapshot.present.chunks() {
            let codes: Vec<&[u32]> = memos.iter().map(|memo| memo.column.chunk(chunk)).collect();
            for (row, present) in snapshot.present.chunk(chunk).iter().enumerate() {
                if !present {
                    continue;
                }
                scanned += 1;
                // A column has no chunk where all its values are missing.
                let code = |memo: usize| codes[memo].get(row).copied().unwrap_or(MISSING);
                if let Some(scored) = self.score(memos, code) {
                    let number = (chunk * ROWS_CHUNK + row) as u32;
                    best.offer(self.hit(number, scored));
                }
            }
        }
        scanned
    }

    fn score(&self, memos: &mut [Memo<'_>], code: impl Fn(usize) -> u32) -> Option<Scored> {
        if !self.gates.iter().all(|gate| memos[*gate].value(code(*gate)).is_some()) {
            return None;
        }
        let mut sum = self.rule.base();
        for field in &self.fields {
            let code = code(field.memo);
            let compare = || memos[field.memo].value(code);
            sum += field.scorer.judge_with(field.query_missing, code == MISSING, compare).points;
        }
        Some(Scored::conclude(self.rule, sum))
    }

    fn hit(&self, number: u32, scored: Scored) -> Hit {
        let score = scored.score;
        Hit { number, rule: self.position, score, band: self.rule.band(score) }
    }
}
