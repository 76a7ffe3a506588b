//! One field, filter or phonetic field of a rule, for one query: which codes agree with it.
//!
//! Equality is one lookup. Everything else compares the query with a value once, when a record
//! that has it is looked at, or with all values of the feature, when the field is to drive the
//! search; then lengths and letters rule out most of them first (`index/signature.rs`).

use std::collections::HashMap;
use std::rc::Rc;

use super::column::{Column, MISSING};
use super::postings::RowsOf;
use super::signature::{Sieve, Signature};
use crate::features::Value;
use crate::score::field::FieldScorer;
use crate::similarity::{Units, units};

/// What a query asks of one column.
pub(super) struct Clause<'s> {
    column: &'s Column,
    feature: usize,
    how: How<'s>,
    query: Option<&'s Value>,
    known: Known,
    /// Made when the first value is compared.
    query_units: Option<Units>,
    /// Values that were compared.
    pub(super) compared: u64,
}

/// How values are compared.
#[derive(Clone, Copy)]
pub(super) enum How<'s> {
    /// A filter or a phonetic field.
    Gate,
    /// A field that adds points.
    Field(&'s FieldScorer),
}

impl How<'_> {
    /// Whether the same values agree, so that two rules can share the work.
    fn is_same(self, other: How<'_>) -> bool {
        let key = |scorer: &FieldScorer| {
            (scorer.algorithm, scorer.threshold().to_bits(), scorer.is_graded())
        };
        match (self, other) {
            (How::Gate, How::Gate) => true,
            (How::Field(one), How::Field(two)) => key(one) == key(two),
            _ => false,
        }
    }
}

enum Known {
    /// The only code that agrees; [`MISSING`] if none does.
    Equal(u32),
    Some(Memo),
    All(Agreeing),
}

/// What comparing gave so far, by code; NaN for a comparison without a value and for a gate that
/// is closed.
enum Memo {
    /// Where few values will be compared.
    Sparse(HashMap<u32, f64, foldhash::fast::RandomState>),
    /// Where many will: inverted bits, and 0 where nothing was compared yet.
    Dense(Vec<u64>),
}

impl Memo {
    fn get(&self, code: u32) -> Option<f64> {
        match self {
            Memo::Sparse(values) => values.get(&code).copied(),
            Memo::Dense(values) => {
                let known = values[code as usize];
                (known != 0).then(|| f64::from_bits(!known))
            }
        }
    }

    fn put(&mut self, code: u32, value: f64) {
        match self {
            Memo::Sparse(values) => drop(values.insert(code, value)),
            // The only number whose inverted bits are 0 is a NaN that no computation gives.
            Memo::Dense(values) => values[code as usize] = !value.to_bits(),
        }
    }
}

/// A dense memo is worth its zeros if one in so many values is looked up.
const DENSE_SHARE: usize = 16;

/// Every code that agrees, as bits and as a list.
struct Agreeing {
    bits: Vec<u64>,
    codes: Rc<[u32]>,
    rows: usize,
}

impl<'s> Clause<'s> {
    pub(super) fn new(
        column: &'s Column,
        feature: usize,
        how: How<'s>,
        query: Option<&'s Value>,
    ) -> Clause<'s> {
        let known = match how {
            How::Field(scorer) if scorer.is_equality() => {
                Known::Equal(query.and_then(|value| column.find(value)).unwrap_or(MISSING))
            }
            _ => Known::Some(Memo::Sparse(HashMap::default())),
        };
        Clause { column, feature, how, query, known, query_units: None, compared: 0 }
    }

    pub(super) fn is_for(&self, feature: usize, how: How<'_>) -> bool {
        self.feature == feature && self.how.is_same(how)
    }

    /// Whether the query has no value.
    pub(super) fn is_missing(&self) -> bool {
        self.query.is_none()
    }

    /// The code of a row; [`MISSING`] if it has no value.
    pub(super) fn code_at(&self, row: u32) -> u32 {
        self.column.code_at(row as usize)
    }

    /// Whether a code agrees; the missing one never does here.
    pub(super) fn agrees(&mut self, code: u32) -> bool {
        match &self.known {
            Known::Equal(equal) => code == *equal && code != MISSING,
            Known::All(all) => all.bits[code as usize / 64] >> (code % 64) & 1 == 1,
            Known::Some(_) if code == MISSING => false,
            Known::Some(_) => {
                let value = self.value(code);
                self.how.agrees(value)
            }
        }
    }

    /// The comparison of the query with a code's value; `None` if there is none to compute.
    pub(super) fn value(&mut self, code: u32) -> Option<f64> {
        let remembered = match &self.known {
            Known::Some(memo) => memo.get(code),
            Known::Equal(_) | Known::All(_) => None,
        };
        let value = remembered.unwrap_or_else(|| {
            let value = self.compare(code).unwrap_or(f64::NAN);
            if let Known::Some(memo) = &mut self.known {
                memo.put(code, value);
            }
            value
        });
        if value.is_nan() { None } else { Some(value) }
    }

    /// Prepares for so many rows to be looked at.
    pub(super) fn expect(&mut self, rows: usize) {
        let codes = self.column.codes();
        if let Known::Some(memo @ Memo::Sparse(_)) = &mut self.known
            && rows > codes / DENSE_SHARE
            && rows > DENSE_SHARE
        {
            // Zeros come from the system untouched, so an unused part costs nothing.
            *memo = Memo::Dense(vec![0; codes]);
        }
    }

    fn compare(&mut self, code: u32) -> Option<f64> {
        self.compared += 1;
        match self.how {
            How::Gate => self.column.agrees(self.query, code).then_some(1.0),
            How::Field(scorer) => {
                let text = units(self.column.text(code));
                let query = self.query_units.get_or_insert_with(|| units(text_of(self.query)));
                scorer.algorithm.compare_units(query, &text)
            }
        }
    }

    /// Distinct values that must be gone through to know which agree.
    pub(super) fn unknown_codes(&self) -> usize {
        match (&self.known, self.how) {
            (Known::Equal(_) | Known::All(_), _) | (_, How::Gate) => 0,
            (Known::Some(_), How::Field(_)) => self.column.codes(),
        }
    }

    /// Whether not all of these are compared.
    pub(super) fn is_bounded(&self) -> bool {
        match self.how {
            How::Gate => true,
            How::Field(scorer) => scorer.algorithm.is_bounded(),
        }
    }

    /// Number of rows that agree, once all codes are known.
    pub(super) fn rows(&self) -> Option<usize> {
        match &self.known {
            Known::Equal(code) => Some(self.column.rows_of(*code).len()),
            Known::All(all) => Some(all.rows),
            Known::Some(_) => None,
        }
    }

    /// All codes that agree; call [`Clause::know_all`] first.
    pub(super) fn codes(&self) -> Rc<[u32]> {
        match &self.known {
            Known::Equal(MISSING) | Known::Some(_) => Rc::default(),
            Known::Equal(code) => Rc::new([*code]),
            Known::All(all) => Rc::clone(&all.codes),
        }
    }

    /// The rows of a code.
    pub(super) fn rows_of(&self, code: u32) -> RowsOf<'s> {
        self.column.rows_of(code)
    }

    /// Finds out about all values of the feature.
    pub(super) fn know_all(&mut self) {
        if !matches!(self.known, Known::Some(_)) {
            return;
        }
        let column = self.column;
        let codes = match self.how {
            How::Gate => self.query.map_or(Vec::new(), |query| column.codes_like(query)),
            How::Field(scorer) => self.sift(scorer),
        };
        let mut bits = vec![0; column.codes().div_ceil(64)];
        codes.iter().for_each(|code| bits[*code as usize / 64] |= 1_u64 << (code % 64));
        let rows = codes.iter().map(|code| column.rows_of(*code).len()).sum();
        self.known = Known::All(Agreeing { bits, codes: codes.into(), rows });
    }

    /// Compares with all values that lengths and letters do not rule out.
    fn sift(&mut self, scorer: &FieldScorer) -> Vec<u32> {
        let query = units(text_of(self.query));
        let sieve = Sieve::new(scorer.algorithm, scorer.threshold(), &query);
        let passes = |text: &Signature| sieve.as_ref().is_none_or(|sieve| sieve.passes(text));
        let mut codes = Vec::new();
        self.column.sift(passes, |code| {
            // What was compared before is compared again: looking it up takes as long.
            if self.column.is_used(code) {
                let value = self.compare(code);
                if scorer.agrees(value) {
                    codes.push(code);
                }
            }
        });
        codes
    }
}

impl How<'_> {
    fn agrees(self, value: Option<f64>) -> bool {
        match self {
            How::Gate => value.is_some(),
            How::Field(scorer) => scorer.agrees(value),
        }
    }
}

/// Compares the query's value with a missing one, which is an empty text.
pub(super) fn compare_with_empty(scorer: &FieldScorer, query: Option<&Value>) -> Option<f64> {
    let text = text_of(query);
    if scorer.is_equality() {
        return Some(scorer.equality_value(text.is_empty()));
    }
    scorer.algorithm.compare(text, "")
}

/// The prepared text of a value; a missing one compares like an empty text.
fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::text).unwrap_or("")
}
