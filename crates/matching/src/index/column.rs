//! One feature of all records: distinct values, a code per record, and the way back.
//!
//! [`Column`] is what a snapshot holds; [`Codes`] is what only the writer needs. Code 0 is the
//! missing value, which has no postings.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::BuildHasher;

use super::ROWS_CHUNK;
use super::chunked::Chunked;
use super::finder::Finder;
use super::postings::{FreeLists, Postings, RowsOf};
use super::signature::Signature;
use crate::features::Value;
use crate::similarity::units;

/// Code of a missing value.
pub(super) const MISSING: u32 = 0;

/// Values of a chunk: smaller than of rows, because copying one counts references.
const VALUES_CHUNK: usize = 512;
/// Signatures of a chunk.
const SIGNATURES_CHUNK: usize = 512;

/// Codes by row, values and rows by code, and codes by value.
#[derive(Clone)]
pub(super) struct Column {
    rows: Chunked<u32, ROWS_CHUNK>,
    values: Chunked<Option<Value>, VALUES_CHUNK>,
    /// Codes that are in use or below one that is, the missing one included.
    codes: usize,
    finder: Finder,
    hasher: foldhash::fast::RandomState,
    postings: Postings,
    /// Only where some rule compares by more than equality.
    signatures: Option<Chunked<Signature, SIGNATURES_CHUNK>>,
}

impl Column {
    pub(super) fn new(has_signatures: bool) -> Column {
        Column {
            rows: Chunked::new(),
            values: Chunked::new(),
            codes: 1,
            finder: Finder::new(),
            hasher: foldhash::fast::RandomState::default(),
            postings: Postings::new(),
            signatures: has_signatures.then(Chunked::new),
        }
    }

    /// One more than the highest code.
    pub(super) fn codes(&self) -> usize {
        self.codes
    }

    /// The code of a row.
    pub(super) fn code_at(&self, row: usize) -> u32 {
        self.rows.get(row)
    }

    /// The value of a code; `None` for the missing one.
    pub(super) fn value(&self, code: u32) -> Option<&Value> {
        self.values.get_ref(code as usize).and_then(Option::as_ref)
    }

    /// The value of a row; `None` if missing.
    pub(super) fn value_at(&self, row: usize) -> Option<&Value> {
        self.value(self.code_at(row))
    }

    /// The code of a value that some record has.
    pub(super) fn find(&self, value: &Value) -> Option<u32> {
        self.finder.find(self.hasher.hash_one(value), |code| self.value(code) == Some(value))
    }

    /// The rows of a code; none for the missing one.
    pub(super) fn rows_of(&self, code: u32) -> RowsOf<'_> {
        self.postings.of(code)
    }

    /// The codes of one chunk of rows.
    pub(super) fn chunk(&self, chunk: usize) -> &[u32] {
        self.rows.chunk(chunk)
    }

    /// Calls `see` with every code whose signature passes, or with every code in use if no
    /// signatures are kept.
    pub(super) fn sift(&self, passes: impl Fn(&Signature) -> bool, mut see: impl FnMut(u32)) {
        let Some(signatures) = &self.signatures else {
            let in_use = (1..self.codes as u32).filter(|code| self.value(*code).is_some());
            return in_use.for_each(see);
        };
        for chunk in 0..signatures.chunks() {
            for (at, signature) in signatures.chunk(chunk).iter().enumerate() {
                if passes(signature) {
                    see((chunk * SIGNATURES_CHUNK + at) as u32);
                }
            }
        }
    }

    /// Bytes of everything here, allocations counted without what the allocator adds.
    pub(super) fn bytes(&self) -> usize {
        let values = (0..self.values.chunks()).flat_map(|chunk| self.values.chunk(chunk));
        self.rows.bytes()
            + self.values.bytes()
            + values.flatten().map(Value::bytes).sum::<usize>()
            + self.finder.bytes()
            + self.postings.bytes()
            + self.signatures.as_ref().map_or(0, Chunked::bytes)
    }

    fn put_value(&mut self, code: u32, value: Option<&Value>) {
        self.values.set(code as usize, value.cloned());
        if let Some(signatures) = &mut self.signatures {
            let text = value.and_then(Value::text).map(units);
            let signature = text.as_ref().map(Signature::of).unwrap_or_default();
            signatures.set(code as usize, signature);
        }
    }

    /// Gives back the arrays behind the highest code.
    fn shorten(&mut self) {
        self.values.shorten(self.codes);
        self.postings.shorten(self.codes);
        if let Some(signatures) = &mut self.signatures {
            signatures.shorten(self.codes);
        }
    }
}

// Values are people's data, so only their number is told.
impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("codes", &self.codes).finish_non_exhaustive()
    }
}

/// What no row uses and can be given again.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// Codes below [`Column::codes`]; the lowest is given first, so that arrays can end early.
    free: BTreeSet<u32>,
    free_lists: FreeLists,
}

impl Codes {
    /// Gives a row a value, or takes it away, and forgets the old value if it was the last.
    pub(super) fn assign(&mut self, column: &mut Column, row: u32, value: Option<&Value>) {
        let before = column.code_at(row as usize);
        if column.value(before) == value {
            return;
        }
        let after = value.map_or(MISSING, |value| self.code(column, value));
        column.rows.set(row as usize, after);
        if after != MISSING {
            column.postings.insert(&mut self.free_lists, after, row);
        }
        if before != MISSING && column.postings.remove(&mut self.free_lists, before, row) {
            self.release(column, before);
        }
    }

    fn code(&mut self, column: &mut Column, value: &Value) -> u32 {
        if let Some(code) = column.find(value) {
            return code;
        }
        let code = self.free.pop_first().unwrap_or_else(|| {
            column.codes += 1;
            // Each code is used by a row, and rows are numbered in 32 bits.
            u32::try_from(column.codes - 1).expect("fewer values than rows")
        });
        column.finder.insert(column.hasher.hash_one(value), code);
        column.put_value(code, Some(value));
        code
    }

    fn release(&mut self, column: &mut Column, code: u32) {
        if let Some(value) = column.value(code) {
            let hash = column.hasher.hash_one(value);
            column.finder.remove(hash, code);
        }
        column.put_value(code, None);
        self.free.insert(code);
        while column.codes > 1 && self.free.remove(&(column.codes as u32 - 1)) {
            column.codes -= 1;
        }
        column.shorten();
    }
}
