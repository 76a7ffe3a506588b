//! Whether a state keeps the registry's promises, and whether it is what its events say.
//!
//! Pure: the caller reads pages from a store and hands them in. Findings name ids of ours only.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::{
    ids::{Cruid, IssueId, RecordId},
    standing::Standing,
    state::{BrokenPair, GoldenState, GoldenStatus, IssueKind, MatchIssue, RecordState},
};

/// Every promise that `state` breaks, in words; empty if it keeps them all.
///
/// 1. Every live source record is in exactly one golden record, and that is a live one.
/// 2. A live golden record has members; a replaced or retired one has none.
/// 3. Every replaced golden record leads to a live or retired one.
/// 4. No golden record holds two records declared to be different people.
/// 5. Open issues are about live records, one a pair.
/// 6. Identities and numbers are unique.
pub fn broken_promises(state: &Standing) -> Vec<String> {
    let mut findings = Vec::new();
    check_records(state, &mut findings);
    for golden in state.goldens() {
        check_golden(state, golden, &mut findings);
    }
    for pair in state.broken_pairs() {
        check_pair(state, &pair, &mut findings);
    }
    check_issues(state, &mut findings);
    findings.sort();
    findings
}

fn check_records(state: &Standing, findings: &mut Vec<String>) {
    let mut homes: BTreeMap<&RecordId, usize> = BTreeMap::new();
    for member in state.goldens().flat_map(|golden| &golden.members) {
        *homes.entry(member).or_default() += 1;
    }
    let mut sources = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for record in state.records() {
        let count = homes.get(&record.id).copied().unwrap_or_default();
        let expected = usize::from(!record.is_withdrawn);
        if count != expected {
            findings.push(format!(
                "record {} is in {count} golden records instead of {expected}",
                record.id
            ));
        }
        if !record.is_withdrawn {
            check_link(state, record, findings);
        }
        if !sources.insert(&record.source) {
            findings.push(format!("record {} repeats the identity of another", record.id));
        }
        if !numbers.insert(record.number) {
            findings.push(format!("record {} repeats the number of another", record.id));
        }
    }
    for member in homes.keys().filter(|id| state.record(id).is_none()) {
        findings.push(format!("member {member} of a golden record does not exist"));
    }
}

fn check_link(state: &Standing, record: &RecordState, findings: &mut Vec<String>) {
    let linked =
        state.golden(&record.golden).is_some_and(|golden| golden.members.contains(&record.id));
    if !linked {
        findings
            .push(format!("record {} is not a member of its golden {}", record.id, record.golden));
    }
}

fn check_golden(state: &Standing, golden: &GoldenState, findings: &mut Vec<String>) {
    let is_live = golden.status == GoldenStatus::Live;
    if is_live == golden.members.is_empty() {
        findings.push(format!(
            "golden {} is {:?} with {} members",
            golden.id,
            golden.status,
            golden.members.len()
        ));
    }
    if let GoldenStatus::Replaced(first) = &golden.status
        && !leads_somewhere(state, first)
    {
        findings.push(format!("golden {} is replaced by nothing that exists", golden.id));
    }
}

/// Follows `replaced-by` links; false if they end nowhere or go round in a circle.
fn leads_somewhere(state: &Standing, first: &Cruid) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = first;
    while seen.insert(next) {
        match state.golden(next).map(|golden| &golden.status) {
            None => return false,
            Some(GoldenStatus::Live | GoldenStatus::Retired) => return true,
            Some(GoldenStatus::Replaced(other)) => next = other,
        }
    }
    false
}

fn check_pair(state: &Standing, pair: &BrokenPair, findings: &mut Vec<String>) {
    let home = |id: &RecordId| {
        state.record(id).filter(|record| !record.is_withdrawn).map(|record| &record.golden)
    };
    if let (Some(a), Some(b)) = (home(pair.low()), home(pair.high()))
        && a == b
    {
        findings.push(format!(
            "records {} and {} are declared different, yet both in golden {a}",
            pair.low(),
            pair.high()
        ));
    }
}

fn check_issues(state: &Standing, findings: &mut Vec<String>) {
    let mut pairs = BTreeSet::new();
    for issue in state.issues() {
        let candidate = &issue.evidence.candidate;
        for id in [&issue.subject, candidate] {
            if state.record(id).is_none_or(|record| record.is_withdrawn) {
                findings.push(format!("issue {} is about {id}, which is not live", issue.id));
            }
        }
        let pair = BrokenPair::new(issue.subject.clone(), candidate.clone());
        if state.is_broken(pair.low(), pair.high()) && issue.kind != IssueKind::Auto {
            findings.push(format!("issue {} is about a pair declared different", issue.id));
        }
        if !pairs.insert(pair) {
            findings.push(format!("issue {} repeats the pair of another", issue.id));
        }
    }
}

/// Compares what a store holds, row by row, with the state that its events say: first issues, then
/// pairs, golden records and source records.
///
/// One state is kept, not two, for it may be that of a country: a row that agrees is let go, one
/// that differs takes its place, and what is not stored goes, so that promises are checked on
/// what is stored.
pub struct Comparison {
    state: Standing,
    records: HashSet<RecordId>,
    goldens: HashSet<Cruid>,
    issues: HashSet<IssueId>,
    findings: BTreeSet<String>,
}

impl Comparison {
    /// Against `replayed`, the state that the events say.
    pub fn new(replayed: Standing) -> Self {
        Self {
            state: replayed,
            records: HashSet::new(),
            goldens: HashSet::new(),
            issues: HashSet::new(),
            findings: BTreeSet::new(),
        }
    }

    /// What is stored, as far as it was told, and what the events say of the rest.
    pub fn state(&self) -> &Standing {
        &self.state
    }

    /// Takes a stored open issue.
    pub fn issue(&mut self, stored: MatchIssue) {
        let replayed = self.state.issue(&stored.id);
        if replayed != Some(&stored) {
            self.findings.insert(OF_ISSUES.to_owned());
            self.state.replace_issue(stored.clone());
        }
        self.issues.extend(self.state.issue(&stored.id).map(|issue| issue.id.clone()));
    }

    /// Takes all stored pairs declared different, after all issues.
    pub fn pairs(&mut self, stored: impl IntoIterator<Item = BrokenPair>) {
        let known = self.state.issues().map(|issue| &issue.id);
        let lost: Vec<IssueId> = known.filter(|id| !self.issues.contains(*id)).cloned().collect();
        if !lost.is_empty() {
            self.findings.insert(OF_ISSUES.to_owned());
            lost.iter().for_each(|id| self.state.forget_issue(id));
        }
        self.issues = HashSet::new();
        let stored: BTreeSet<BrokenPair> = stored.into_iter().collect();
        if stored != self.state.broken_pairs() {
            self.findings.insert(OF_PAIRS.to_owned());
            self.state.replace_pairs(&stored);
        }
    }

    /// Takes a stored golden record.
    pub fn golden(&mut self, stored: GoldenState) {
        let id = match self.state.golden(&stored.id) {
            Some(replayed) if *replayed == stored => replayed.id.clone(),
            _ => {
                self.findings.insert(of_golden(&stored.id));
                let id = stored.id.clone();
                self.state.replace_golden(stored);
                id
            }
        };
        self.goldens.insert(id);
    }

    /// Takes a stored source record.
    pub fn record(&mut self, stored: RecordState) {
        let id = match self.state.record(&stored.id) {
            Some(replayed) if *replayed == stored => replayed.id.clone(),
            _ => {
                self.findings.insert(of_record(&stored.id));
                let id = stored.id.clone();
                self.state.replace_record(stored);
                id
            }
        };
        self.records.insert(id);
    }

    /// Once everything was taken: every difference in words, and what is stored.
    pub fn end(mut self) -> (Vec<String>, Standing) {
        let known = self.state.records().map(|record| &record.id);
        let lost: Vec<_> = known.filter(|id| !self.records.contains(*id)).cloned().collect();
        self.findings.extend(lost.iter().map(of_record));
        lost.iter().for_each(|id| self.state.forget_record(id));
        let known = self.state.goldens().map(|golden| &golden.id);
        let lost: Vec<_> = known.filter(|id| !self.goldens.contains(*id)).cloned().collect();
        self.findings.extend(lost.iter().map(of_golden));
        lost.iter().for_each(|id| self.state.forget_golden(id));
        (self.findings.into_iter().collect(), self.state)
    }
}

const OF_ISSUES: &str = "the open issues are not what the events say";
const OF_PAIRS: &str = "the pairs declared different are not what the events say";

fn of_record(id: &RecordId) -> String {
    format!("record {id} is not what the events say")
}

fn of_golden(id: &Cruid) -> String {
    format!("golden {id} is not what the events say")
}

#[cfg(test)]
mod tests;
