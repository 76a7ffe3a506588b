//! What a person's decision comes to, in terms that a person can check: who goes where.

use std::collections::BTreeSet;

use crate::{
    commit::Change,
    event::Verb,
    ids::{Cruid, RecordId, Revision},
    standing::Standing,
    state::{BrokenPair, GoldenStatus, MatchIssue},
};

/// A record that changes its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The record.
    pub record: RecordId,
    /// The CRUID that it leaves.
    pub from: Cruid,
    /// The CRUID that it comes to.
    pub to: Cruid,
}

/// The outcome of a decision, carried out or only tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What kind of decision.
    pub verb: Verb,
    /// The event that records it; `None` if it was only tried, or changes nothing.
    pub event: Option<Revision>,
    /// Whether it changes anything.
    pub is_change: bool,
    /// Records that change their person, in order of their ids.
    pub moved: Vec<Moved>,
    /// New CRUIDs. One that was only tried gets another name when it is carried out.
    pub created: Vec<Cruid>,
    /// CRUIDs that stand for nobody any more, with those that replace them.
    pub retired: Vec<(Cruid, Option<Cruid>)>,
    /// Pairs declared different.
    pub broken: Vec<BrokenPair>,
    /// Pairs whose declaration is withdrawn.
    pub unbroken: Vec<BrokenPair>,
    /// Issues that are closed.
    pub closed: Vec<MatchIssue>,
    /// Issues that are opened, for the first time or again.
    pub opened: Vec<MatchIssue>,
    /// Records that rules do not move from then on.
    pub adjudicated: Vec<RecordId>,
    /// Records that rules may move again.
    pub released: Vec<RecordId>,
}

/// Tells what `changes` come to, from the states before and after them.
pub fn tell(verb: Verb, changes: &[Change], before: &Standing, after: &Standing) -> Verdict {
    let mut verdict = Verdict {
        verb,
        event: None,
        is_change: !changes.is_empty(),
        moved: Vec::new(),
        created: Vec::new(),
        retired: Vec::new(),
        broken: Vec::new(),
        unbroken: Vec::new(),
        closed: Vec::new(),
        opened: Vec::new(),
        adjudicated: Vec::new(),
        released: Vec::new(),
    };
    let mut seen = Seen::default();
    for change in changes {
        verdict.add(change, before, after, &mut seen);
    }
    verdict.moved.sort_by(|a, b| a.record.cmp(&b.record));
    verdict
}

/// What was told already; a decision may touch a thing twice, and what counts is the end.
#[derive(Default)]
struct Seen<'a> {
    records: BTreeSet<&'a RecordId>,
    goldens: BTreeSet<&'a Cruid>,
    pairs: BTreeSet<&'a BrokenPair>,
}

impl Verdict {
    fn add<'a>(
        &mut self,
        change: &'a Change,
        before: &Standing,
        after: &Standing,
        seen: &mut Seen<'a>,
    ) {
        match change {
            Change::Link { record, .. } if seen.records.insert(record) => {
                let (Some(old), Some(new)) = (before.record(record), after.record(record)) else {
                    return;
                };
                if old.golden != new.golden {
                    let (from, to) = (old.golden.clone(), new.golden.clone());
                    self.moved.push(Moved { record: record.clone(), from, to });
                }
            }
            Change::CreateGolden { golden, .. } => self.created.push(golden.clone()),
            Change::RetireGolden { golden, .. } if seen.goldens.insert(golden) => {
                match after.golden(golden).map(|state| &state.status) {
                    Some(GoldenStatus::Replaced(other)) => {
                        self.retired.push((golden.clone(), Some(other.clone())));
                    }
                    Some(GoldenStatus::Retired) => self.retired.push((golden.clone(), None)),
                    Some(GoldenStatus::Live) | None => {}
                }
            }
            Change::OpenIssue { issue } if after.issue(&issue.id).is_some() => {
                self.opened.push(issue.clone());
            }
            Change::CloseIssue { issue, .. } => self.closed.extend(before.issue(issue).cloned()),
            Change::BreakPair { pair } | Change::UnbreakPair { pair }
                if seen.pairs.insert(pair) =>
            {
                let broken = |standing: &Standing| standing.is_broken(pair.low(), pair.high());
                match (broken(before), broken(after)) {
                    (false, true) => self.broken.push(pair.clone()),
                    (true, false) => self.unbroken.push(pair.clone()),
                    _ => {}
                }
            }
            Change::Adjudicate { record } => self.adjudicated.push(record.clone()),
            Change::Release { record } => self.released.push(record.clone()),
            // Told already, or what no person's decision does.
            Change::Link { .. }
            | Change::RetireGolden { .. }
            | Change::OpenIssue { .. }
            | Change::BreakPair { .. }
            | Change::UnbreakPair { .. }
            | Change::CreateRecord { .. }
            | Change::UpdateRecord { .. }
            | Change::WithdrawRecord { .. } => {}
        }
    }
}
