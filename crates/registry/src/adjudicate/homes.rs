//! Moving records by a person's word: who is with whom then, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use super::by_person;
use crate::{
    commit::{Change, CloseReason},
    decide::Refusal,
    ids::{Cruid, IssueId, RecordId, Revision},
    standing::Standing,
    state::{BrokenPair, IssueKind, MatchIssue},
};

/// Where records go, on top of where they stand.
pub(super) struct Homes<'a> {
    pub(super) standing: &'a Standing,
    /// The golden record that each moved record comes to, another than its present one.
    pub(super) moved: BTreeMap<RecordId, Cruid>,
}

impl Homes<'_> {
    /// The golden record of a live record once all are moved.
    fn of(&self, record: &RecordId) -> Option<&Cruid> {
        let stands = || {
            let state = self.standing.record(record).filter(|state| !state.is_withdrawn)?;
            Some(&state.golden)
        };
        self.moved.get(record).or_else(stands)
    }

    /// Whether two live records are one person once all are moved.
    pub(super) fn together(&self, a: &RecordId, b: &RecordId) -> bool {
        self.of(a).is_some_and(|home| self.of(b) == Some(home))
    }

    /// Pairs declared different that would come together.
    fn reunited(&self) -> BTreeSet<BrokenPair> {
        let moved = self.moved.keys();
        let pairs = moved.flat_map(|record| {
            let others = self.standing.broken_from(record);
            let others = others.filter(|other| self.together(record, other));
            others.map(|other| BrokenPair::new(record.clone(), other.clone()))
        });
        pairs.collect()
    }

    /// The changes that withdraw what keeps the records apart.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeclaredDifferent`] if they are not to be withdrawn.
    pub(super) fn withdraw(&self, is_asked: bool) -> Result<Vec<Change>, Refusal> {
        let pairs = self.reunited();
        if !is_asked && !pairs.is_empty() {
            return Err(Refusal::DeclaredDifferent { pairs: pairs.into_iter().collect() });
        }
        Ok(pairs.into_iter().map(|pair| Change::UnbreakPair { pair }).collect())
    }

    /// The changes that move the records: each becomes decided by a person, and what is emptied
    /// forwards to where most of its members went (contract 6.3, D18).
    pub(super) fn links(&self, revision: Revision) -> Vec<Change> {
        let mut changes: Vec<Change> = self
            .moved
            .iter()
            .map(|(record, golden)| Change::Link {
                record: record.clone(),
                golden: golden.clone(),
                basis: by_person(revision),
            })
            .collect();
        changes.extend(
            self.emptied()
                .into_iter()
                .map(|(golden, to)| Change::RetireGolden { golden, replaced_by: Some(to) }),
        );
        changes.extend(self.adjudicated(self.moved.keys()));
        changes
    }

    /// Marks records as decided by a person, those that are not yet.
    pub(super) fn adjudicated<'r>(
        &self,
        records: impl Iterator<Item = &'r RecordId>,
    ) -> Vec<Change> {
        let is_news =
            |id: &&RecordId| self.standing.record(id).is_some_and(|state| !state.is_adjudicated);
        records.filter(is_news).map(|id| Change::Adjudicate { record: id.clone() }).collect()
    }

    fn emptied(&self) -> BTreeMap<Cruid, Cruid> {
        let mut left: BTreeMap<&Cruid, BTreeMap<&Cruid, usize>> = BTreeMap::new();
        for (record, to) in &self.moved {
            let Some(state) = self.standing.record(record) else { continue };
            *left.entry(&state.golden).or_default().entry(to).or_default() += 1;
        }
        let mut emptied = BTreeMap::new();
        for (golden, targets) in left {
            let members = self.standing.golden(golden).map(|state| &state.members);
            let stays = members.into_iter().flatten().any(|id| !self.moved.contains_key(id));
            let comes = self.moved.values().any(|to| to == golden);
            // Of equally many the lowest id, so that a replay and a trial agree.
            let most = targets.iter().max_by_key(|(id, count)| (**count, std::cmp::Reverse(*id)));
            if let (false, false, Some((to, _))) = (stays, comes, most) {
                emptied.insert(golden.clone(), (*to).clone());
            }
        }
        emptied
    }

    /// The issues that the moves settle: pairs that are one person then, and what rules had put
    /// together and a person did not leave so.
    pub(super) fn settled(&self) -> BTreeSet<IssueId> {
        let issues = self.moved.keys().flat_map(|record| self.standing.issues_of(record));
        let is_settled = |issue: &&MatchIssue| match issue.kind {
            IssueKind::Auto => true,
            IssueKind::Potential | IssueKind::Conflict => {
                self.together(&issue.subject, &issue.evidence.candidate)
            }
        };
        issues.filter(is_settled).map(|issue| issue.id.clone()).collect()
    }
}

/// Closes issues because a person has decided.
pub(super) fn close(issues: BTreeSet<IssueId>) -> impl Iterator<Item = Change> {
    issues.into_iter().map(|issue| Change::CloseIssue { issue, reason: CloseReason::Decided })
}
