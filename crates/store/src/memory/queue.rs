//! The work queue, and what is put aside from it, in memory.

use async_trait::async_trait;
use registry::{
    aside::Aside,
    ids::{RecordId, Timestamp},
    state::MatchIssue,
};

use super::{MemoryStore, State, windowed};
use crate::{DraftStore, Queue, QueueFilter, StoreError, Window, queue::unknown};

/// Whether what is put aside holds for an issue.
fn holds(aside: &Aside, issue: &MatchIssue, now: Timestamp) -> bool {
    let opened = issue.id.as_str().split_once('-').and_then(|(revision, _)| revision.parse().ok());
    opened.is_some_and(|opened: u64| opened <= aside.since.0)
        && aside.until.is_none_or(|until| until > now)
}

impl State {
    fn aside(&self, issue: &MatchIssue, now: Timestamp) -> Option<&Aside> {
        let (aside, version) = self.asides.get(&issue.subject)?;
        let is_same = self.records[&issue.subject].version == *version;
        (is_same && holds(aside, issue, now)).then_some(aside)
    }
}

#[async_trait]
impl Queue for MemoryStore {
    async fn queued(
        &self,
        filter: &QueueFilter,
        now: Timestamp,
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        let state = self.state.read();
        let about = |issue: &MatchIssue| {
            let client = state.records[&issue.subject].client.clone();
            (client, state.aside(issue, now).map(|aside| aside.kind))
        };
        let issues = filter.pick(|| state.open_issues(), about);
        let (page, total) = windowed(issues.into_iter(), window);
        Ok((page.into_iter().cloned().collect(), total))
    }

    async fn aside_of(
        &self,
        record: &RecordId,
        now: Timestamp,
    ) -> Result<Option<Aside>, StoreError> {
        let state = self.state.read();
        let own = std::slice::from_ref(record);
        let mut issues = state.issues_of(own).filter(|issue| issue.subject == *record);
        Ok(issues.find_map(|issue| state.aside(issue, now)).cloned())
    }

    async fn put_aside(&self, aside: Aside) -> Result<(), StoreError> {
        let mut state = self.state.write();
        let version = state.records.get(&aside.record).ok_or_else(unknown)?.version;
        state.asides.insert(aside.record.clone(), (aside, version));
        Ok(())
    }

    async fn take_back(&self, record: &RecordId) -> Result<bool, StoreError> {
        Ok(self.state.write().asides.remove(record).is_some())
    }
}

const NOT_KEPT: StoreError = StoreError::NotKept("work queue");

#[async_trait]
impl Queue for DraftStore {
    async fn queued(
        &self,
        _: &QueueFilter,
        _: Timestamp,
        _: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        Err(NOT_KEPT)
    }

    async fn aside_of(&self, _: &RecordId, _: Timestamp) -> Result<Option<Aside>, StoreError> {
        Err(NOT_KEPT)
    }

    async fn put_aside(&self, _: Aside) -> Result<(), StoreError> {
        Err(NOT_KEPT)
    }

    async fn take_back(&self, _: &RecordId) -> Result<bool, StoreError> {
        Err(NOT_KEPT)
    }
}
