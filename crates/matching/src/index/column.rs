//! One feature of all records: distinct values, and a code per record.
//!
//! [`Column`] is what a snapshot holds; [`Codes`] is the writer's way from a value to its code.
//! Code 0 is the missing value.

use std::collections::HashMap;
use std::fmt;

use super::ROWS_CHUNK;
use super::chunked::Chunked;
use crate::features::Value;

/// Code of a missing value.
pub(super) const MISSING: u32 = 0;

/// Values of a chunk: smaller than of rows, because copying one counts references.
const VALUES_CHUNK: usize = 512;

/// Codes by row, and values by code.
#[derive(Clone)]
pub(super) struct Column {
    rows: Chunked<u32, ROWS_CHUNK>,
    values: Chunked<Option<Value>, VALUES_CHUNK>,
    /// Codes that are or were in use, the missing one included.
    codes: usize,
}

impl Column {
    pub(super) fn new() -> Column {
        Column { rows: Chunked::new(), values: Chunked::new(), codes: 1 }
    }

    /// One more than the highest code.
    pub(super) fn codes(&self) -> usize {
        self.codes
    }

    /// The value of a code; `None` for the missing one.
    pub(super) fn value(&self, code: u32) -> Option<&Value> {
        self.values.get_ref(code as usize).and_then(Option::as_ref)
    }

    /// The value of a row; `None` if missing.
    pub(super) fn value_at(&self, row: usize) -> Option<&Value> {
        self.value(self.rows.get(row))
    }

    /// The codes of one chunk of rows.
    pub(super) fn chunk(&self, chunk: usize) -> &[u32] {
        self.rows.chunk(chunk)
    }
}

// Values are people's data, so only their number is told.
impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("codes", &self.codes).finish_non_exhaustive()
    }
}

/// Which value has which code, and how many rows use it.
pub(super) struct Codes {
    by_value: HashMap<Value, u32, foldhash::fast::RandomState>,
    /// Rows per code; not kept for the missing one.
    uses: Vec<u32>,
    /// Codes that no row uses, to be given again.
    free: Vec<u32>,
}

impl Codes {
    pub(super) fn new() -> Codes {
        Codes { by_value: HashMap::default(), uses: vec![0], free: Vec::new() }
    }

    /// Gives a row a value, or takes it away, and forgets the old value if it was the last.
    pub(super) fn assign(&mut self, column: &mut Column, row: usize, value: Option<&Value>) {
        let before = column.rows.get(row);
        let after = value.map_or(MISSING, |value| self.code(column, value));
        if after != MISSING {
            self.uses[after as usize] += 1;
        }
        if before != after {
            column.rows.set(row, after);
        }
        if before != MISSING {
            self.release(column, before);
        }
    }

    fn code(&mut self, column: &mut Column, value: &Value) -> u32 {
        if let Some(code) = self.by_value.get(value) {
            return *code;
        }
        let code = self.free.pop().unwrap_or_else(|| {
            self.uses.push(0);
            // Each code is used by a row, and rows are numbered in 32 bits.
            u32::try_from(self.uses.len() - 1).expect("fewer values than rows")
        });
        self.by_value.insert(value.clone(), code);
        column.values.set(code as usize, Some(value.clone()));
        column.codes = self.uses.len();
        code
    }

    fn release(&mut self, column: &mut Column, code: u32) {
        let uses = &mut self.uses[code as usize];
        *uses -= 1;
        if *uses > 0 {
            return;
        }
        if let Some(value) = column.value(code) {
            self.by_value.remove(value);
        }
        column.values.set(code as usize, None);
        self.free.push(code);
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codes").field("values", &self.by_value.len()).finish_non_exhaustive()
    }
}
