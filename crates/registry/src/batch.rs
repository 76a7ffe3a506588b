//! Decisions in their order become one commit, with the chain of events that tells of them.
//!
//! A batch works on a [`Standing`] that each decision alters, so the next decision sees it. The
//! commit holds the states after the batch; the store needs no knowledge of how they came about.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    commit::{Change, CloseReason, Commit, Method, RecordVersion, TagKey},
    decide::{Decision, Outcome},
    event::{EventBody, Head},
    ids::{ContentHash, Cruid, IssueId, RecordId, Revision, Timestamp},
    once::{Answered, OnceKey},
    render,
    standing::{Moment, Standing},
    state::{BrokenPair, MatchIssue, RecordState},
    undo::Tracks,
    vocabulary::Vocabulary,
};

mod replay;

pub use replay::{Mentioned, ReplayError};

/// What the sender of an act is told once its commit is durable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The source record.
    pub record: RecordId,
    /// The golden record it belongs to; for a withdrawn record the one it belonged to last.
    pub golden: Cruid,
    /// The record's `versionId`.
    pub version: u32,
    /// When that version came about.
    pub at: Timestamp,
    /// What became of the act.
    pub outcome: Outcome,
    /// See [`Decision::candidates_total`].
    pub candidates_total: Option<u64>,
}

/// What is noted beside a person's decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// The event that is taken back.
    pub undoes: Option<Revision>,
    /// It is decided with many others, and nobody looked at it by itself.
    pub unseen: bool,
}

/// Decisions taken one after another on one standing state, not yet written.
#[derive(Clone, Debug)]
pub struct Batch {
    head: Head,
    decided_at: Revision,
    ruleset: String,
    standing: Standing,
    commit: Commit,
    records: BTreeSet<RecordId>,
    goldens: BTreeSet<Cruid>,
    opened: BTreeMap<IssueId, MatchIssue>,
    subjects: BTreeSet<RecordId>,
    contents: BTreeSet<ContentHash>,
}

impl Batch {
    /// Starts a batch on the state at `head`; `ruleset` is the hash of the rules in force.
    pub fn new(head: Head, standing: Standing, ruleset: String) -> Self {
        Self {
            decided_at: head.revision,
            head,
            ruleset,
            standing,
            commit: Commit::default(),
            records: BTreeSet::new(),
            goldens: BTreeSet::new(),
            opened: BTreeMap::new(),
            subjects: BTreeSet::new(),
            contents: BTreeSet::new(),
        }
    }

    /// The state after the decisions so far.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The end of the chain after the decisions so far.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Whether there is nothing to write so far.
    pub fn is_empty(&self) -> bool {
        self.commit.is_empty()
    }

    /// Carries out a decision and gives the receipts of its subjects, in their order.
    ///
    /// The receipts may be handed out only after the commit is durable.
    pub fn push(&mut self, actor: &Actor, at: Timestamp, decision: Decision) -> Vec<Receipt> {
        self.push_noted(actor, at, decision, Note::default())
    }

    /// As [`Batch::push`], with what is noted beside a person's decision.
    pub fn push_noted(
        &mut self,
        actor: &Actor,
        at: Timestamp,
        decision: Decision,
        note: Note,
    ) -> Vec<Receipt> {
        let Decision { verb, changes, content, explanations, subjects, outcome, candidates_total } =
            decision;
        if !changes.is_empty() {
            let mut body = EventBody {
                revision: self.head.revision.next(),
                at,
                actor: actor.clone(),
                verb,
                ruleset: self.ruleset.clone(),
                changes,
                reason: note.reason,
                undoes: note.undoes,
                unseen: note.unseen,
                way_back: None,
            };
            self.note_issues(&body.changes);
            let before = self.versions(&body.changes);
            let tracks = verb.is_adjudication().then(|| Tracks::of(&body.changes, &self.standing));
            self.standing.apply(Moment::from(&body), &body.changes);
            body.way_back = tracks.map(|tracks| tracks.way_back(&self.standing));
            self.keep_versions(&before, &body.changes);
            self.commit.events.push(self.head.append(&body));
            self.commit.explanations.extend(explanations);
        }
        if let Some(content) = content.filter(|new| self.contents.insert(new.hash.clone())) {
            self.commit.contents.push(content);
        }
        let receipt = |state: &RecordState| Receipt {
            record: state.id.clone(),
            golden: state.golden.clone(),
            version: state.version,
            at: state.updated_at,
            outcome,
            candidates_total,
        };
        subjects.iter().filter_map(|id| self.standing.record(id).map(receipt)).collect()
    }

    /// Keeps what an act was answered with, which may be sent again.
    pub fn keep(&mut self, answered: Answered) {
        self.commit.answered.push(answered);
    }

    /// What was answered to an act of this batch.
    pub fn answered(&self, key: &OnceKey) -> Option<&Answered> {
        self.commit.answered.iter().find(|answered| answered.key == *key)
    }

    /// Remembers opened and closed issues before the state forgets the closed ones.
    fn note_issues(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::OpenIssue { issue } => {
                    self.subjects.insert(issue.subject.clone());
                    self.opened.insert(issue.id.clone(), issue.clone());
                }
                Change::CloseIssue { issue, reason } => self.note_closed(issue, *reason),
                _ => {}
            }
        }
    }

    fn note_closed(&mut self, id: &IssueId, reason: CloseReason) {
        let issue = self.opened.remove(id).or_else(|| self.standing.issue(id).cloned());
        if let Some(issue) = issue {
            self.subjects.insert(issue.subject.clone());
            self.commit.issues_closed.push((issue, reason));
        }
    }

    /// The versions, before the changes, of everything that the changes may touch.
    fn versions(&self, changes: &[Change]) -> Touched {
        let mut touched = Touched::default();
        let mut records = BTreeSet::new();
        let mut goldens = BTreeSet::new();
        for change in changes {
            match change {
                Change::CreateRecord { record, golden, .. }
                | Change::Link { record, golden, .. } => {
                    records.insert(record);
                    goldens.insert(golden.clone());
                }
                Change::UpdateRecord { record, .. }
                | Change::WithdrawRecord { record }
                | Change::Adjudicate { record }
                | Change::Release { record } => _ = records.insert(record),
                Change::CreateGolden { golden, .. } | Change::RetireGolden { golden, .. } => {
                    goldens.insert(golden.clone());
                }
                Change::BreakPair { pair } => touched.pairs.push((pair.clone(), true)),
                Change::UnbreakPair { pair } => touched.pairs.push((pair.clone(), false)),
                Change::OpenIssue { .. } | Change::CloseIssue { .. } => {}
            }
        }
        for id in records {
            let state = self.standing.record(id);
            goldens.extend(state.map(|state| state.golden.clone()));
            touched.records.insert(id.clone(), state.map_or(0, |state| state.version));
        }
        for id in goldens {
            let version = self.standing.golden(&id).map_or(0, |state| state.version);
            touched.goldens.insert(id, version);
        }
        touched
    }

    /// Keeps a version row for each thing whose version grew.
    fn keep_versions(&mut self, before: &Touched, changes: &[Change]) {
        for (id, version) in &before.records {
            let Some(state) = self.standing.record(id) else { continue };
            self.records.insert(id.clone());
            if state.version > *version {
                self.commit.versions.push(RecordVersion {
                    record: id.clone(),
                    version: state.version,
                    at: state.updated_at,
                    method: method(id, *version, changes),
                    content: state.content.clone(),
                    golden: state.golden.clone(),
                });
            }
        }
        for (id, version) in &before.goldens {
            let Some(state) = self.standing.golden(id) else { continue };
            if state.version > *version {
                self.goldens.insert(id.clone());
                self.commit.golden_versions.push(state.clone());
            }
        }
        for (pair, is_break) in &before.pairs {
            let (to, from) = if *is_break {
                (&mut self.commit.pairs_broken, &mut self.commit.pairs_unbroken)
            } else {
                (&mut self.commit.pairs_unbroken, &mut self.commit.pairs_broken)
            };
            from.retain(|known| known != pair);
            to.push(pair.clone());
        }
    }

    /// The commit of everything so far.
    pub fn finish(mut self, vocabulary: &Vocabulary) -> Commit {
        self.commit.decided_at = self.decided_at;
        for id in &self.records {
            self.commit.records.extend(self.standing.record(id).cloned());
        }
        for id in &self.goldens {
            let golden = self.standing.golden(id);
            self.commit.goldens.extend(golden.cloned());
            if let Some(golden) = golden {
                let tag = TagKey { system: None, code: vocabulary.golden_code.clone() };
                self.commit.tags.push((golden.id.to_string(), vec![tag]));
            }
        }
        self.commit.issues_opened.extend(self.opened.into_values());
        for id in self.records.union(&self.subjects) {
            if let Some(state) = self.standing.record(id) {
                let kinds = render::issue_kinds(id, self.standing.issues_of(id));
                self.commit.tags.push((id.to_string(), render::tags(state, &kinds, vocabulary)));
            }
        }
        self.commit
    }
}

/// Versions before an event, and the pairs that it decides on.
#[derive(Default)]
struct Touched {
    records: BTreeMap<RecordId, u32>,
    goldens: BTreeMap<Cruid, u32>,
    pairs: Vec<(BrokenPair, bool)>,
}

fn method(id: &RecordId, version_before: u32, changes: &[Change]) -> Method {
    let is_withdrawal = changes
        .iter()
        .any(|change| matches!(change, Change::WithdrawRecord { record } if record == id));
    match (is_withdrawal, version_before) {
        (true, _) => Method::Delete,
        (false, 0) => Method::Post,
        (false, _) => Method::Put,
    }
}
