//! [`Scribe`]: writes realistic commits by hand, with the registry's own rules of change.

use std::collections::{BTreeMap, BTreeSet};

use registry::{
    actor::Actor,
    commit::{Change, CloseReason, Commit, Content, Method, RecordVersion, TagKey},
    event::{EventBody, Head, Verb},
    ids::{
        ClientId, ContentHash, Cruid, GoldenNumber, IssueId, RecordId, RecordNumber, Revision,
        SourceKey, Timestamp,
    },
    search::{IndexEntry, IndexValue, Param},
    standing::{Moment, Standing},
    state::{
        BasisKind, BrokenPair, Evidence, GoldenState, IssueKind, LinkBasis, MatchIssue, RecordState,
    },
};

/// Keeps the state that a store should have, and gathers changes into commits.
#[derive(Clone)]
pub(crate) struct Scribe {
    pub(crate) standing: Standing,
    pub(crate) head: Head,
    pub(crate) tags: BTreeMap<String, Vec<TagKey>>,
    pub(crate) events: usize,
    decided_at: Revision,
    commit: Commit,
    touched_records: BTreeSet<RecordId>,
    touched_goldens: BTreeSet<Cruid>,
}

impl Default for Scribe {
    fn default() -> Self {
        Self {
            standing: Standing::default(),
            head: Head::start(),
            tags: BTreeMap::new(),
            events: 0,
            decided_at: Revision(0),
            commit: Commit::default(),
            touched_records: BTreeSet::new(),
            touched_goldens: BTreeSet::new(),
        }
    }
}

pub(crate) fn record(id: &str) -> RecordId {
    RecordId::new(id)
}

pub(crate) fn cruid(id: &str) -> Cruid {
    Cruid::new(id)
}

/// The identity that [`Scribe::submit`] gives to a record.
pub(crate) fn source_of(id: &str) -> SourceKey {
    SourceKey { system: "http://clinic.example/id".into(), value: format!("no-{id}").into() }
}

pub(crate) fn tag(system: Option<&str>, code: &str) -> TagKey {
    TagKey { system: system.map(str::to_owned), code: code.to_owned() }
}

pub(crate) fn text(param: Param, folded: &str) -> IndexEntry {
    IndexEntry {
        param,
        value: IndexValue::Text { folded: folded.to_lowercase(), exact: folded.into() },
    }
}

pub(crate) fn token(param: Param, system: Option<&str>, code: &str) -> IndexEntry {
    let system = system.map(str::to_owned);
    IndexEntry { param, value: IndexValue::Token { system, code: code.to_owned() } }
}

pub(crate) fn date(param: Param, lo: i64, hi: i64) -> IndexEntry {
    IndexEntry { param, value: IndexValue::Date { lo, hi } }
}

/// A content that is found by `index`; its text differs for each `word`.
pub(crate) fn content(word: &str, index: Vec<IndexEntry>) -> Content {
    let text = format!("{{\"resourceType\":\"Patient\",\"language\":\"{word}\"}}");
    Content { hash: ContentHash::of(&text), text, index, tags: Vec::new() }
}

impl Scribe {
    fn moment(&self) -> (Revision, Timestamp) {
        let revision = self.head.revision.next();
        // Every second event happens in the same microsecond as the one before it.
        let at = 1_700_000_000_000_000 + i64::try_from(revision.0 / 2).unwrap();
        (revision, Timestamp(at))
    }

    pub(crate) fn basis(&self) -> LinkBasis {
        LinkBasis { kind: BasisKind::Alone, revision: self.head.revision.next(), evidence: None }
    }

    pub(crate) fn evidence(candidate: &str) -> Evidence {
        Evidence {
            candidate: record(candidate),
            rule: 1,
            score: serde_json::from_str("7.25").unwrap(),
            explanation: ContentHash::of(candidate),
        }
    }

    /// Makes one event of the changes and adds it to the commit.
    pub(crate) fn event(&mut self, verb: Verb, changes: Vec<Change>) {
        let (revision, at) = self.moment();
        let body = EventBody {
            revision,
            at,
            actor: Actor::Job("contract test".to_owned()),
            verb,
            ruleset: "rules".to_owned(),
            changes,
            reason: None,
            undoes: None,
            unseen: false,
            way_back: None,
        };
        let before = self.standing.clone();
        self.standing.apply(Moment::from(&body), &body.changes);
        for state in self.standing.records() {
            let old = before.record(&state.id);
            if old != Some(state) {
                self.touched_records.insert(state.id.clone());
            }
            if old.is_none_or(|old| old.version < state.version) {
                self.commit.versions.push(version_of(state, old.is_none()));
            }
        }
        for state in self.standing.goldens() {
            if before.golden(&state.id).is_none_or(|old| old.version < state.version) {
                self.touched_goldens.insert(state.id.clone());
                self.commit.golden_versions.push(state.clone());
            }
        }
        self.commit.events.push(self.head.append(&body));
        self.events += 1;
    }

    /// A new record in a new golden record or in one that is there.
    pub(crate) fn submit(&mut self, id: &str, golden: &str, content: Content) {
        self.submit_from("clinic", (id, golden), content);
    }

    pub(crate) fn submit_from(
        &mut self,
        client: &str,
        (id, golden): (&str, &str),
        content: Content,
    ) {
        let mut changes = Vec::new();
        if self.standing.golden(&cruid(golden)).is_none() {
            let number = GoldenNumber(self.head.next_golden);
            changes.push(Change::CreateGolden { golden: cruid(golden), number });
        }
        changes.push(Change::CreateRecord {
            record: record(id),
            number: RecordNumber(self.head.next_record),
            source: source_of(id),
            client: ClientId::new(client),
            content: content.hash.clone(),
            golden: cruid(golden),
            basis: self.basis(),
        });
        // A link brings an emptied golden record back to life.
        if self.standing.golden(&cruid(golden)).is_some() {
            changes.push(self.link_change(id, golden));
        }
        self.keep(content);
        self.event(Verb::Submit, changes);
    }

    fn link_change(&self, id: &str, golden: &str) -> Change {
        Change::Link { record: record(id), golden: cruid(golden), basis: self.basis() }
    }

    /// A new content; a withdrawn record comes back into its golden record.
    pub(crate) fn resubmit(&mut self, id: &str, content: Content) {
        let before = self.record(id);
        let hash = content.hash.clone();
        self.keep(content);
        let mut changes = vec![Change::UpdateRecord { record: record(id), content: hash }];
        if before.is_withdrawn {
            changes.push(self.link_change(id, before.golden.as_str()));
        }
        self.event(Verb::Submit, changes);
    }

    fn keep(&mut self, content: Content) {
        if self.commit.contents.iter().all(|known| known.hash != content.hash) {
            self.commit.contents.push(content);
        }
    }

    /// Withdraws a record; its golden record is retired if it was the last.
    pub(crate) fn withdraw(&mut self, id: &str) {
        let golden = self.standing.record(&record(id)).unwrap().golden.clone();
        let mut changes = vec![Change::WithdrawRecord { record: record(id) }];
        if self.standing.golden(&golden).unwrap().members.len() == 1 {
            changes.push(Change::RetireGolden { golden, replaced_by: None });
        }
        self.event(Verb::Withdraw, changes);
    }

    /// Moves a record; its golden record is replaced if it was the last.
    pub(crate) fn link(&mut self, id: &str, to: &str) {
        let from = self.standing.record(&record(id)).unwrap().golden.clone();
        let mut changes = Vec::new();
        if self.standing.golden(&cruid(to)).is_none() {
            let number = GoldenNumber(self.head.next_golden);
            changes.push(Change::CreateGolden { golden: cruid(to), number });
        }
        let (kind, revision) = (BasisKind::Auto, self.head.revision.next());
        let basis = LinkBasis { kind, revision, evidence: Some(Self::evidence(id)) };
        changes.push(Change::Link { record: record(id), golden: cruid(to), basis });
        changes.push(Change::Adjudicate { record: record(id) });
        if from != cruid(to) && self.standing.golden(&from).unwrap().members.len() == 1 {
            changes.push(Change::RetireGolden { golden: from, replaced_by: Some(cruid(to)) });
        }
        self.event(Verb::Break, changes);
    }

    pub(crate) fn open_issue(
        &mut self,
        subject: &str,
        candidate: &str,
        kind: IssueKind,
    ) -> MatchIssue {
        self.open_scored_issue((subject, candidate), kind, "7.25")
    }

    pub(crate) fn open_scored_issue(
        &mut self,
        (subject, candidate): (&str, &str),
        kind: IssueKind,
        score: &str,
    ) -> MatchIssue {
        let (revision, at) = self.moment();
        let score = serde_json::from_str(score).unwrap();
        let issue = MatchIssue {
            id: IssueId::new(format!("{revision}-0")),
            kind,
            subject: record(subject),
            evidence: Evidence { score, ..Self::evidence(candidate) },
            opened_at: at,
            candidates_total: Some(3),
        };
        self.commit.issues_opened.push(issue.clone());
        self.event(Verb::Submit, vec![Change::OpenIssue { issue: issue.clone() }]);
        issue
    }

    pub(crate) fn close_issue(&mut self, issue: &MatchIssue) {
        let reason = CloseReason::Decided;
        self.commit.issues_opened.retain(|open| open.id != issue.id);
        self.commit.issues_closed.push((issue.clone(), reason));
        self.event(Verb::Break, vec![Change::CloseIssue { issue: issue.id.clone(), reason }]);
    }

    /// Opens a closed issue again.
    pub(crate) fn reopen_issue(&mut self, issue: &MatchIssue) {
        self.commit.issues_opened.push(issue.clone());
        self.event(Verb::Undo, vec![Change::OpenIssue { issue: issue.clone() }]);
    }

    pub(crate) fn break_pair(&mut self, a: &str, b: &str) -> BrokenPair {
        let pair = BrokenPair::new(record(a), record(b));
        self.commit.pairs_unbroken.retain(|known| *known != pair);
        self.commit.pairs_broken.push(pair.clone());
        self.event(Verb::Break, vec![Change::BreakPair { pair: pair.clone() }]);
        pair
    }

    pub(crate) fn unbreak_pair(&mut self, pair: &BrokenPair) {
        self.commit.pairs_broken.retain(|known| known != pair);
        self.commit.pairs_unbroken.push(pair.clone());
        self.event(Verb::Unbreak, vec![Change::UnbreakPair { pair: pair.clone() }]);
    }

    pub(crate) fn explain(&mut self, hash: &ContentHash, body: &str) {
        self.commit.explanations.push((hash.clone(), body.to_owned()));
    }

    pub(crate) fn set_tags(&mut self, id: &str, tags: Vec<TagKey>) {
        self.commit.tags.retain(|(known, _)| known != id);
        self.commit.tags.push((id.to_owned(), tags.clone()));
        self.tags.insert(id.to_owned(), tags);
    }

    /// The commit of everything since the last one.
    pub(crate) fn commit(&mut self) -> Commit {
        let mut commit = std::mem::take(&mut self.commit);
        commit.decided_at = std::mem::replace(&mut self.decided_at, self.head.revision);
        for id in std::mem::take(&mut self.touched_records) {
            commit.records.push(self.record(id.as_str()));
        }
        for id in std::mem::take(&mut self.touched_goldens) {
            commit.goldens.push(self.golden(id.as_str()));
        }
        commit
    }

    pub(crate) fn record(&self, id: &str) -> RecordState {
        self.standing.record(&record(id)).unwrap().clone()
    }

    pub(crate) fn golden(&self, id: &str) -> GoldenState {
        self.standing.golden(&cruid(id)).unwrap().clone()
    }
}

fn version_of(state: &RecordState, is_new: bool) -> RecordVersion {
    RecordVersion {
        record: state.id.clone(),
        version: state.version,
        at: state.updated_at,
        method: match (is_new, state.is_withdrawn) {
            (true, _) => Method::Post,
            (false, true) => Method::Delete,
            (false, false) => Method::Put,
        },
        content: state.content.clone(),
        golden: state.golden.clone(),
    }
}
