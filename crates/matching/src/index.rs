//! All records, in memory, searched by one query at a time.
//!
//! One writer owns the [`Index`] and publishes immutable [`Snapshot`]s; readers never wait for
//! it and never see half a batch. What they share is copied where it changes and only there
//! (`index/chunked.rs`, `index/rows.rs`, `index/finder.rs`).
//!
//! Values are dictionary-coded: each feature has a list of distinct values, a column of codes,
//! and for each code the sorted rows that have it (`index/column.rs`, `index/postings.rs`). Rows
//! are also grouped by which features they lack (`index/masks.rs`). From the rules and these
//! groups alone follows which fields a match must agree on (`index/planner.rs`,
//! `index/plans.rs`), so that [`Snapshot::search`] reads the rows that agree on the few cheapest
//! of them and scores only those (`index/search.rs`, `index/clause.rs`). [`Snapshot::scan`]
//! scores all records (`index/scan.rs`) and finds exactly the same. Native rules have a planner and
//! a scan of their own (`index/native.rs`), which look values up by what is derived from them
//! (`index/derived.rs`) and rows by a few bits of all their values (`index/sketch.rs`).
//!
//! Nothing here knows ids, golden records or storage.

mod best;
mod calendar;
mod chunked;
mod clause;
mod column;
mod derived;
mod digits;
mod finder;
pub mod image;
mod join;
mod masks;
mod native;
pub(crate) mod planner;
mod plans;
mod postings;
mod rows;
mod scan;
mod search;
mod signature;
mod sketch;
mod spine;
mod texts;
mod wards;
mod words;

pub use join::Join;

use std::sync::Arc;

use crate::features::Features;
use crate::rules::Ruleset;
use crate::score::{Band, Score};

use chunked::Chunked;
use column::{Codes, Column};
use derived::Wanted;
use masks::Masks;
use planner::Shape;
use sketch::Sketches;

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
    masks: Masks,
    sketches: Sketches,
    /// Per rule; `None` for a rule that is too wide to be planned.
    shapes: Arc<Vec<Option<Shape>>>,
}

/// What a search may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Potential matches per rule; the best are kept, and the rest is counted.
    pub potential_max: usize,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// By rule, then score falling, then number. Every auto match is here.
    pub hits: Vec<Hit>,
    /// Records that some rule finds potential and none automatic, before the cut to
    /// [`Limits::potential_max`]. A record that several rules find counts once.
    pub potential_total: u64,
    /// Whether potential matches of some rule are not in `hits`, because there are too many.
    pub is_cut: bool,
    /// What the search took.
    pub cost: Cost,
}

impl Found {
    /// Whether anybody was found.
    pub fn is_any(&self) -> bool {
        !self.hits.is_empty() || self.potential_total > 0
    }
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
    /// Records looked at because nothing spared them, summed over rules.
    pub records_scanned: u64,
    /// Distinct values the query was compared with, filters and phonetic fields included; values
    /// that length and letters ruled out, and lookups of equal values, are not counted.
    pub values_compared: u64,
    /// Entries read from the lists of rows that agree on a field, summed over rules.
    pub postings_read: u64,
    /// Records scored because they are on such a list, summed over rules.
    pub records_verified: u64,
}

impl Cost {
    fn add(&mut self, more: &Cost) {
        self.records_scanned += more.records_scanned;
        self.values_compared += more.values_compared;
        self.postings_read += more.postings_read;
        self.records_verified += more.records_verified;
    }
}

impl Index {
    /// An empty index of what `ruleset` needs.
    pub fn new(ruleset: Arc<Ruleset>) -> Index {
        let shapes = Shape::of_all(&ruleset);
        let wanted = Wanted::of(&ruleset);
        let is_sifted = |feature: usize| {
            let mut parts = shapes.iter().flatten().flat_map(|shape| &shape.fields);
            parts.any(|part| part.feature == feature && part.is_sifted())
                || wanted[feature].is_sifted
        };
        let specs = ruleset.features.iter().enumerate();
        let columns: Vec<Column> = specs
            .map(|(feature, spec)| Column::new(spec.kind, is_sifted(feature), &wanted[feature]))
            .collect();
        let codes = columns.iter().map(|_| Codes::default()).collect();
        let shapes = Arc::new(shapes);
        let (present, masks, sketches) = (Chunked::new(), Masks::new(), Sketches::new(&ruleset));
        let table = Snapshot { ruleset, columns, present, len: 0, masks, sketches, shapes };
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
        let row = number as usize;
        let before = self.table.present.get(row).then(|| self.table.lacks(row));
        self.assign(number, &features);
        let after = planner::lacks(&features);
        if before != Some(after) {
            before.inspect(|lacks| self.table.masks.remove(*lacks, number));
            self.table.masks.insert(after, number);
        }
        if before.is_none() {
            self.table.present.set(row, true);
            self.table.len += 1;
        }
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
        self.table.masks.remove(self.table.lacks(row), number);
        self.assign(number, &Features::empty(&self.table.ruleset.features));
        self.table.present.set(row, false);
        self.table.len -= 1;
    }

    fn assign(&mut self, number: u32, features: &Features) {
        let columns = self.table.columns.iter_mut().zip(&mut self.codes);
        for ((column, codes), value) in columns.zip(features.values()) {
            codes.assign(column, number, value.as_ref());
        }
        self.table.sketches.put(number as usize, features);
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

    /// The same by scoring every record: slow, and what [`Snapshot::search`] must equal.
    ///
    /// Only [`Found::cost`] differs.
    pub fn scan(&self, query: &Features, limits: &Limits) -> Found {
        scan::scan(self, query, limits)
    }

    /// What the arrays take, in bytes; what the allocator adds is not counted.
    ///
    /// Chunks that other snapshots share count in each. Takes time in proportion to the records.
    pub fn bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::bytes).sum();
        columns + self.present.bytes() + self.masks.bytes() + self.sketches.bytes()
    }

    /// What the record of a row lacks.
    fn lacks(&self, row: usize) -> planner::Lacks {
        let columns = self.columns.iter().take(planner::FEATURES_MAX).enumerate();
        let missing = columns.filter(|(_, column)| column.code_at(row) == column::MISSING);
        missing.fold(0, |lacks, (feature, _)| lacks | 1 << feature)
    }

    /// The prepared values of the record at `number`.
    pub fn features(&self, number: u32) -> Option<Features> {
        let row = number as usize;
        if !self.present.get(row) {
            return None;
        }
        Some(self.columns.iter().map(|column| column.value_at(row)).collect())
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
