//! All records, in memory, searched by one query at a time.
//!
//! One writer owns the [`Index`] and publishes immutable [`Snapshot`]s; readers never wait for
//! it and never see half a batch. Values are dictionary-coded: each feature has a list of
//! distinct values and a column of codes, so a search compares the query with each distinct
//! value at most once and then adds numbers. Vectors that share unchanged chunks between
//! snapshots are in `index/chunked.rs`, dictionaries in `index/column.rs`, the search in
//! `index/search.rs`.
//!
//! A search scans all records. Nothing here knows ids, golden records or storage.

mod chunked;
mod column;
mod search;

use std::sync::Arc;

use crate::features::Features;
use crate::rules::Ruleset;
use crate::score::{Band, Score};

use chunked::Chunked;
use column::{Codes, Column};

/// Rows of a chunk: large enough to scan, small enough to copy for one changed row.
const ROWS_CHUNK: usize = 4096;

/// The writer's side: what the next snapshot will hold.
#[derive(Debug)]
pub struct Index {
    table: Snapshot,
    /// Per feature, which value has which code.
    codes: Vec<Codes>,
}

/// What the index held when this was taken. Cheap to clone; never changes.
#[derive(Debug, Clone)]
pub struct Snapshot {
    ruleset: Arc<Ruleset>,
    /// Per feature.
    columns: Vec<Column>,
    /// Per number, whether a record has it.
    present: Chunked<bool, ROWS_CHUNK>,
    len: usize,
}

/// What a search may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Potential matches per rule; the best are kept, and the rest is counted.
    pub potential_max: usize,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// By rule, then score falling, then number. Every auto match is here.
    pub hits: Vec<Hit>,
    /// Potential matches of all rules before the cut to [`Limits::potential_max`].
    pub potential_total: u64,
    /// What the search took.
    pub cost: Cost,
}

/// A record that a rule matched. One record may be hit by several rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The record's number.
    pub number: u32,
    /// Position of the rule in [`Ruleset::rules`].
    pub rule: usize,
    /// Its score.
    pub score: Score,
    /// Auto or potential, never below.
    pub band: Band,
}

/// Work of a search, for measuring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Records looked at, summed over rules.
    pub records_scanned: u64,
    /// Distinct values the query was compared with, filters and phonetic fields included.
    pub values_compared: u64,
}

impl Index {
    /// An empty index of what `ruleset` needs.
    pub fn new(ruleset: Arc<Ruleset>) -> Index {
        let columns: Vec<Column> = ruleset.features.iter().map(|_| Column::new()).collect();
        let codes = columns.iter().map(|_| Codes::new()).collect();
        let table = Snapshot { ruleset, columns, present: Chunked::new(), len: 0 };
        Index { table, codes }
    }

    /// Puts a record at `number`, in place of the one that may be there.
    ///
    /// Memory is proportional to the highest number ever used, so numbers should be dense from
    /// 0; gaps are allowed, and the number of a removed record can be given again.
    ///
    /// # Panics
    ///
    /// If `features` were made for a rule set with another number of features.
    pub fn insert(&mut self, number: u32, features: Features) {
        assert_eq!(
            features.len(),
            self.codes.len(),
            "features belong to the rule set of the index"
        );
        self.remove(number);
        let row = number as usize;
        for (feature, value) in features.values().iter().enumerate() {
            self.codes[feature].assign(&mut self.table.columns[feature], row, value.as_ref());
        }
        self.table.present.set(row, true);
        self.table.len += 1;
    }

    /// Puts a changed record at `number`; the same as [`Index::insert`], named for the reader.
    ///
    /// # Panics
    ///
    /// As [`Index::insert`].
    pub fn replace(&mut self, number: u32, features: Features) {
        self.insert(number, features);
    }

    /// Takes the record at `number` out; nothing happens if there is none.
    pub fn remove(&mut self, number: u32) {
        let row = number as usize;
        if !self.table.present.get(row) {
            return;
        }
        for (column, codes) in self.table.columns.iter_mut().zip(&mut self.codes) {
            codes.assign(column, row, None);
        }
        self.table.present.set(row, false);
        self.table.len -= 1;
    }

    /// What the index holds now; later changes do not reach it. Costs microseconds.
    pub fn snapshot(&self) -> Snapshot {
        self.table.clone()
    }
}

impl Snapshot {
    /// Finds all records that some rule matches. See [`Found`].
    pub fn search(&self, query: &Features, limits: &Limits) -> Found {
        search::search(self, query, limits)
    }

    /// The prepared values of the record at `number`.
    pub fn features(&self, number: u32) -> Option<Features> {
        let row = number as usize;
        if !self.present.get(row) {
            return None;
        }
        Some(self.columns.iter().map(|column| column.value_at(row).cloned()).collect())
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rules that searches apply.
    pub fn ruleset(&self) -> &Arc<Ruleset> {
        &self.ruleset
    }
}

#[cfg(test)]
mod tests;
