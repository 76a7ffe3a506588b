//! What is found for one value of the query, remembered for other records that have the value.
//!
//! Names, dates and places repeat, so where many records of one snapshot are searched for, most of
//! the work is done once. Only what depends on nothing but the value is kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::near::Near;
use super::rung::Hit;
use super::sheet::Sheet;
use crate::index::Snapshot;
use crate::index::column::Column;

/// Bytes of what was found for values. Common values come early, so they are among those kept.
const BYTES_MAX: usize = 128 << 20;

/// What a map takes for an entry beside what was found.
const ENTRY_BYTES: usize = 64;

/// Locks, so that searches on several cores seldom wait for each other.
const SHARDS: usize = 64;

/// Rows that the codes of a column have on average where a sheet is worth its memory.
const SHEET_ROWS: usize = 4;

/// What is remembered of the values of a snapshot's records.
pub(in crate::index) struct Kept {
    hits: Vec<Mutex<Found<Hit>>>,
    codes: Vec<Mutex<Found<u32>>>,
    /// What both take.
    bytes: AtomicUsize,
    /// Per feature.
    near: Vec<OnceLock<Near>>,
    sheets: Vec<OnceLock<Sheet>>,
}

type Found<T> = HashMap<Key, Arc<[T]>, foldhash::fast::RandomState>;

/// The record that is searched for, one of the snapshot's, and what is remembered.
#[derive(Clone, Copy)]
pub(in crate::index) struct Member<'s> {
    /// Its number.
    pub(in crate::index) number: u32,
    pub(in crate::index) kept: &'s Kept,
}

/// What was asked of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// A comparison or a likeness, by its place in memory: rules stay where they are.
    pub(super) asked: usize,
    /// Levels of the comparison, or the feature in which values are looked for.
    pub(super) part: u32,
    /// The code of the query's value.
    pub(super) code: u32,
}

impl Key {
    /// The same for the same key, and spread evenly.
    fn shard(self) -> usize {
        let mixed = (self.asked as u64 ^ u64::from(self.part) << 32 ^ u64::from(self.code))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 58) as usize % SHARDS
    }
}

impl Kept {
    /// For that many features.
    pub(in crate::index) fn new(features: usize) -> Kept {
        Kept {
            near: (0..features).map(|_| OnceLock::new()).collect(),
            sheets: (0..features).map(|_| OnceLock::new()).collect(),
            bytes: AtomicUsize::new(0),
            hits: (0..SHARDS).map(|_| Mutex::default()).collect(),
            codes: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    /// Which values of a feature are one edit apart.
    pub(super) fn near(&self, feature: usize, column: &Column) -> &Near {
        self.near[feature].get_or_init(|| Near::of(column))
    }

    /// The rows of a feature's codes; `None` where most codes have a row or two.
    pub(super) fn sheet(&self, feature: usize, snapshot: &Snapshot) -> Option<&Sheet> {
        let column = &snapshot.columns[feature];
        let is_worth_it = snapshot.len() > column.codes() * SHEET_ROWS;
        is_worth_it.then(|| self.sheets[feature].get_or_init(|| Sheet::of(snapshot, column)))
    }

    /// The hits that were found, or those that are found now.
    pub(super) fn hits(&self, key: Key, find: impl FnOnce() -> Vec<Hit>) -> Arc<[Hit]> {
        self.or_find(&self.hits[key.shard()], key, find)
    }

    /// The same of codes.
    pub(super) fn codes(&self, key: Key, find: impl FnOnce() -> Vec<u32>) -> Arc<[u32]> {
        self.or_find(&self.codes[key.shard()], key, find)
    }

    /// Two that look for the same at once both find it, and nobody waits.
    fn or_find<T>(
        &self,
        shard: &Mutex<Found<T>>,
        key: Key,
        find: impl FnOnce() -> Vec<T>,
    ) -> Arc<[T]> {
        let lock = || shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return Arc::clone(known);
        }
        let found: Arc<[T]> = find().into();
        let bytes = size_of_val(&*found) + ENTRY_BYTES;
        // What does not fit is found again each time. A little more does no harm.
        if self.bytes.load(Ordering::Relaxed) < BYTES_MAX {
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            lock().insert(key, Arc::clone(&found));
        }
        found
    }
}
