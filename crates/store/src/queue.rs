//! [`Queue`]: the contract of the work queue, and of what is put aside from it; and [`QueueFilter`]:
//! which of the open issues a work list shows, and what that means.

use async_trait::async_trait;
use registry::{
    aside::{Aside, AsideKind},
    ids::{ClientId, RecordId, Timestamp},
    state::{IssueKind, MatchIssue},
};

use crate::{StoreError, Window};

/// The work queue: open issues, less those whose record was put aside.
///
/// What is put aside is no part of the registry's state; a copy of a registry begins without it.
#[async_trait]
pub trait Queue: Send + Sync {
    /// The open issues that a work list shows: kind by kind in the order of the filter, each in
    /// order of opening or of score, within the window; and how many there are in all.
    async fn queued(
        &self,
        filter: &QueueFilter,
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

/// Which open issues a work list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueFilter {
    /// These kinds, listed in this order, each once.
    pub kinds: Vec<IssueKind>,
    /// Only those whose subject this system submitted first.
    pub client: Option<ClientId>,
    /// The lowest score, in tenths.
    pub score_from: Option<i64>,
    /// The highest score, in tenths.
    pub score_to: Option<i64>,
    /// Only those that were opened then or before.
    pub opened_by: Option<Timestamp>,
    /// Only those of which one of these is the subject; of an empty list, none.
    pub among: Option<Vec<RecordId>>,
    /// None of which one of these is the subject.
    pub but: Vec<RecordId>,
    /// Only those that are put aside like that; `None` for those that are not aside.
    pub aside: Option<AsideKind>,
    /// Of each kind the highest score first, instead of what was opened first.
    pub is_by_score: bool,
}

impl QueueFilter {
    /// Everything of these kinds that is not put aside.
    pub fn of(kinds: &[IssueKind]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            client: None,
            score_from: None,
            score_to: None,
            opened_by: None,
            among: None,
            but: Vec::new(),
            aside: None,
            is_by_score: false,
        }
    }

    /// The plain meaning of the filter: of open issues in order of opening those that it shows, in
    /// its order. `about` gives the system of the subject and how the issue is put aside.
    pub(crate) fn pick<'i, I: Iterator<Item = &'i MatchIssue>>(
        &self,
        open: impl Fn() -> I,
        about: impl Fn(&MatchIssue) -> (ClientId, Option<AsideKind>),
    ) -> Vec<&'i MatchIssue> {
        let fits = |issue: &&MatchIssue| {
            let score = issue.evidence.score.as_f64();
            let (client, aside) = about(issue);
            aside == self.aside
                && self.client.as_ref().is_none_or(|it| *it == client)
                && self.score_from.is_none_or(|tenths| score >= tenths as f64 / 10.0)
                && self.score_to.is_none_or(|tenths| score <= tenths as f64 / 10.0)
                && self.opened_by.is_none_or(|by| issue.opened_at <= by)
                && self.among.as_ref().is_none_or(|these| these.contains(&issue.subject))
                && !self.but.contains(&issue.subject)
        };
        let of_kind = |kind: &IssueKind| {
            let kind = *kind;
            let all = open().filter(move |issue| issue.kind == kind).filter(fits);
            let mut all: Vec<&MatchIssue> = all.collect();
            if self.is_by_score {
                let score = |issue: &MatchIssue| issue.evidence.score.as_f64();
                all.sort_by(|a, b| score(b).total_cmp(&score(a)));
            }
            all
        };
        self.kinds.iter().flat_map(of_kind).collect()
    }
}

/// The refusal to put aside what is not there.
pub(crate) fn unknown() -> StoreError {
    StoreError::Refused("no such record to put aside".to_owned())
}
