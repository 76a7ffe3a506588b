//! Figures, in memory.

use std::collections::{BTreeMap, btree_map::Entry};

use async_trait::async_trait;
use registry::tally::{Tally, TallyHead, TallyKey, TallyKind, TallyStep};

use super::MemoryStore;
use crate::{DraftStore, StoreError, Tallies};

/// What is counted, and up to where.
#[derive(Default)]
pub(super) struct Counted {
    head: TallyHead,
    counts: BTreeMap<TallyKey, u64>,
}

#[async_trait]
impl Tallies for MemoryStore {
    async fn tally_head(&self) -> Result<TallyHead, StoreError> {
        Ok(self.tallies.read().head)
    }

    async fn tallies(&self, kind: TallyKind, since: &str) -> Result<Vec<Tally>, StoreError> {
        let counted = self.tallies.read();
        let from = TallyKey { kind, period: since.to_owned(), name: String::new() };
        let wanted = counted.counts.range(from..).take_while(|(key, _)| key.kind == kind);
        Ok(wanted.map(|(key, count)| Tally { key: key.clone(), count: *count }).collect())
    }

    async fn tally(&self, step: TallyStep) -> Result<bool, StoreError> {
        let mut counted = self.tallies.write();
        if counted.head.revision != step.after {
            return Ok(false);
        }
        counted.head = step.to;
        for Tally { key, count } in step.added {
            *counted.counts.entry(key).or_default() += count;
        }
        for Tally { key, count } in step.first {
            if let Entry::Vacant(free) = counted.counts.entry(key) {
                free.insert(count);
            }
        }
        Ok(true)
    }
}

const NOT_KEPT: StoreError = StoreError::NotKept("figures");

#[async_trait]
impl Tallies for DraftStore {
    async fn tally_head(&self) -> Result<TallyHead, StoreError> {
        Err(NOT_KEPT)
    }

    async fn tallies(&self, _: TallyKind, _: &str) -> Result<Vec<Tally>, StoreError> {
        Err(NOT_KEPT)
    }

    async fn tally(&self, _: TallyStep) -> Result<bool, StoreError> {
        Err(NOT_KEPT)
    }
}
