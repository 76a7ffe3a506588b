//! [`Queue`]: the contract of the work queue, and of what is put aside from it.

use async_trait::async_trait;
use registry::{
    aside::{Aside, AsideKind},
    ids::{RecordId, Timestamp},
    state::{IssueKind, MatchIssue},
};

use crate::{StoreError, Window};

/// The work queue: open issues, less those whose record was put aside.
///
/// What is put aside is no part of the registry's state; a copy of a registry begins without it.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Open issues of these kinds in order of opening, within the window, and how many there are in
    /// all: those that are put aside as `aside` says or, for `None`, those that are not.
    async fn queued(
        &self,
        kinds: &[IssueKind],
        aside: Option<AsideKind>,
        now: Timestamp,
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError>;

    /// How a record is put aside, if it is and one of its open issues with it.
    async fn aside_of(
        &self,
        record: &RecordId,
        now: Timestamp,
    ) -> Result<Option<Aside>, StoreError>;

    /// Puts a record aside, however it was before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for a record that is not there.
    async fn put_aside(&self, aside: Aside) -> Result<(), StoreError>;

    /// Takes a record back; gives whether it was aside.
    async fn take_back(&self, record: &RecordId) -> Result<bool, StoreError>;
}

/// The refusal to put aside what is not there.
pub(crate) fn unknown() -> StoreError {
    StoreError::Refused("no such record to put aside".to_owned())
}
