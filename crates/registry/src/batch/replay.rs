//! Taking over events as they were decided elsewhere: for restoring and copying a registry.
//!
//! What an event changes is applied as it was when it was decided, and nothing is decided anew.

use std::collections::BTreeSet;

use thiserror::Error;

use super::Batch;
use crate::{
    commit::{Change, Content},
    event::{ChainError, Event},
    ids::{ContentHash, Cruid, IssueId, RecordId, Revision},
    standing::{Moment, Standing},
    state::{Evidence, LinkBasis},
};

/// Why an event cannot be taken over.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// It does not continue the chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It changes something that no event before it made.
    #[error("event {0} changes something that is not there")]
    Unknown(Revision),
}

/// What changes name.
#[derive(Clone, Debug, Default)]
pub struct Mentioned {
    /// Source records, created or changed.
    pub records: BTreeSet<RecordId>,
    /// Golden records.
    pub goldens: BTreeSet<Cruid>,
    /// Issues that are closed; their records need not be named.
    pub closed: BTreeSet<IssueId>,
    /// The contents that are submitted, each with its record.
    pub contents: Vec<(RecordId, ContentHash)>,
    /// The explanations of links and issues.
    pub explanations: BTreeSet<ContentHash>,
}

impl Mentioned {
    /// Adds what `changes` name.
    pub fn add(&mut self, changes: &[Change]) {
        changes.iter().for_each(|change| self.add_one(change));
    }

    fn add_one(&mut self, change: &Change) {
        match change {
            Change::CreateRecord { record, content, golden, basis, .. } => {
                self.records.insert(record.clone());
                self.contents.push((record.clone(), content.clone()));
                self.goldens.insert(golden.clone());
                self.add_basis(basis);
            }
            Change::UpdateRecord { record, content } => {
                self.records.insert(record.clone());
                self.contents.push((record.clone(), content.clone()));
            }
            Change::WithdrawRecord { record }
            | Change::Adjudicate { record }
            | Change::Release { record } => _ = self.records.insert(record.clone()),
            Change::Link { record, golden, basis } => {
                self.records.insert(record.clone());
                self.goldens.insert(golden.clone());
                self.add_basis(basis);
            }
            Change::CreateGolden { golden, .. } => _ = self.goldens.insert(golden.clone()),
            Change::RetireGolden { golden, replaced_by } => {
                self.goldens.insert(golden.clone());
                self.goldens.extend(replaced_by.clone());
            }
            Change::OpenIssue { issue } => {
                self.records.insert(issue.subject.clone());
                self.add_evidence(&issue.evidence);
            }
            Change::CloseIssue { issue, .. } => _ = self.closed.insert(issue.clone()),
            Change::BreakPair { pair } | Change::UnbreakPair { pair } => {
                self.records.extend([pair.low().clone(), pair.high().clone()]);
            }
        }
    }

    fn add_basis(&mut self, basis: &LinkBasis) {
        basis.evidence.iter().for_each(|evidence| self.add_evidence(evidence));
    }

    fn add_evidence(&mut self, evidence: &Evidence) {
        self.records.insert(evidence.candidate.clone());
        self.explanations.insert(evidence.explanation.clone());
    }
}

impl Batch {
    /// Takes over an event with the texts that it names, and that are not stored yet.
    ///
    /// Whatever it changes must be loaded or be made by an event before it. A person's decision
    /// has a commit of its own, so it is the only event of its batch.
    ///
    /// # Errors
    ///
    /// [`ReplayError`]; the batch is of no use then.
    pub fn replay(
        &mut self,
        event: &Event,
        contents: Vec<Content>,
        explanations: Vec<(ContentHash, String)>,
    ) -> Result<(), ReplayError> {
        let body = self.head.follow(event)?;
        if !are_there(&body.changes, &self.standing) {
            return Err(ReplayError::Unknown(event.revision));
        }
        self.note_issues(&body.changes);
        let before = self.versions(&body.changes);
        self.standing.apply(Moment::from(&body), &body.changes);
        self.keep_versions(&before, &body.changes);
        self.commit.events.push(event.clone());
        for content in contents {
            if self.contents.insert(content.hash.clone()) {
                self.commit.contents.push(content);
            }
        }
        self.commit.explanations.extend(explanations);
        Ok(())
    }
}

/// Whether everything that the changes rest on is in `standing` or made by a change before.
fn are_there(changes: &[Change], standing: &Standing) -> bool {
    let mut made = Made { standing, records: vec![], goldens: vec![], issues: vec![] };
    changes.iter().all(|change| made.next(change))
}

/// What stands, and what the changes so far have made.
struct Made<'c> {
    standing: &'c Standing,
    records: Vec<&'c RecordId>,
    goldens: Vec<&'c Cruid>,
    issues: Vec<&'c IssueId>,
}

impl<'c> Made<'c> {
    fn record(&self, id: &RecordId) -> bool {
        let stands = || {
            let state = self.standing.record(id);
            state.is_some_and(|state| self.standing.golden(&state.golden).is_some())
        };
        self.records.contains(&id) || stands()
    }

    fn golden(&self, id: &Cruid) -> bool {
        self.goldens.contains(&id) || self.standing.golden(id).is_some()
    }

    fn next(&mut self, change: &'c Change) -> bool {
        match change {
            Change::CreateRecord { record, golden, .. } => {
                let is_new = !self.record(record);
                self.records.push(record);
                is_new && self.golden(golden)
            }
            Change::UpdateRecord { record, .. }
            | Change::WithdrawRecord { record }
            | Change::Adjudicate { record }
            | Change::Release { record } => self.record(record),
            Change::CreateGolden { golden, .. } => {
                let is_new = !self.golden(golden);
                self.goldens.push(golden);
                is_new
            }
            Change::Link { record, golden, .. } => self.record(record) && self.golden(golden),
            Change::RetireGolden { golden, replaced_by } => {
                self.golden(golden) && replaced_by.iter().all(|other| self.golden(other))
            }
            Change::OpenIssue { issue } => {
                self.issues.push(&issue.id);
                self.record(&issue.subject) && self.record(&issue.evidence.candidate)
            }
            Change::CloseIssue { issue, .. } => {
                self.issues.contains(&issue) || self.standing.issue(issue).is_some()
            }
            Change::BreakPair { pair } | Change::UnbreakPair { pair } => {
                self.record(pair.low()) && self.record(pair.high())
            }
        }
    }
}
