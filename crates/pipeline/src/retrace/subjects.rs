//! Which records an event is about, and what its changes name.

use std::collections::{BTreeSet, HashMap};

use registry::{
    commit::Change,
    ids::{Cruid, IssueId, RecordId},
};

use crate::load::Named;

/// The two records of every issue that was opened so far.
#[derive(Default)]
pub(super) struct Issues(HashMap<IssueId, (RecordId, RecordId)>);

impl Issues {
    /// Learns of the issues that an event opens, and forgets those that it closes.
    pub(super) fn follow(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::OpenIssue { issue } => {
                    let pair = (issue.subject.clone(), issue.evidence.candidate.clone());
                    self.0.insert(issue.id.clone(), pair);
                }
                Change::CloseIssue { issue, .. } => _ = self.0.remove(issue),
                _ => {}
            }
        }
    }

    /// Whether it was opened and not closed so far.
    #[cfg(test)]
    pub(super) fn is_open(&self, issue: &IssueId) -> bool {
        self.0.contains_key(issue)
    }

    fn pair(&self, issue: &IssueId) -> impl Iterator<Item = &RecordId> {
        self.0.get(issue).into_iter().flat_map(|(subject, candidate)| [subject, candidate])
    }

    /// The records that a source may have sent or withdrawn by these changes, likely ones first.
    ///
    /// A submission of what was known already may have changed no more than a link or an issue.
    pub(super) fn subjects(&self, changes: &[Change]) -> Vec<RecordId> {
        let sent = changes.iter().find_map(|change| match change {
            Change::CreateRecord { record, .. }
            | Change::UpdateRecord { record, .. }
            | Change::WithdrawRecord { record } => Some(record.clone()),
            _ => None,
        });
        if let Some(record) = sent {
            return vec![record];
        }
        let moved = changes.iter().filter_map(|change| match change {
            Change::Link { record, .. } => Some(record),
            _ => None,
        });
        let doubted = changes.iter().flat_map(|change| match change {
            Change::OpenIssue { issue } => vec![&issue.subject, &issue.evidence.candidate],
            Change::CloseIssue { issue, .. } => self.pair(issue).collect(),
            _ => Vec::new(),
        });
        let mut seen = BTreeSet::new();
        moved.chain(doubted).filter(|record| seen.insert(*record)).cloned().collect()
    }

    /// Everything that changes name, for reading what stands of it.
    pub(super) fn named(&self, changes: &[Change]) -> Named {
        let mut named = Named::default();
        for change in changes {
            let (records, goldens) = self.parts(change);
            named.records.extend(records.into_iter().cloned());
            named.goldens.extend(goldens.into_iter().cloned());
        }
        named
    }

    fn parts<'c>(&'c self, change: &'c Change) -> (Vec<&'c RecordId>, Vec<&'c Cruid>) {
        match change {
            Change::CreateRecord { record, golden, .. } | Change::Link { record, golden, .. } => {
                (vec![record], vec![golden])
            }
            Change::UpdateRecord { record, .. }
            | Change::WithdrawRecord { record }
            | Change::Adjudicate { record }
            | Change::Release { record } => (vec![record], Vec::new()),
            Change::CreateGolden { golden, .. } => (Vec::new(), vec![golden]),
            Change::RetireGolden { golden, replaced_by } => {
                (Vec::new(), std::iter::once(golden).chain(replaced_by).collect())
            }
            Change::OpenIssue { issue } => {
                (vec![&issue.subject, &issue.evidence.candidate], Vec::new())
            }
            Change::CloseIssue { issue, .. } => (self.pair(issue).collect(), Vec::new()),
            Change::BreakPair { pair } | Change::UnbreakPair { pair } => {
                (vec![pair.low(), pair.high()], Vec::new())
            }
        }
    }
}
