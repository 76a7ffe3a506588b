//! The part of the registry's state that a batch of decisions rests on, and how changes alter it.
//!
//! The pipeline loads what the batch may touch; each decision is applied before the next one is
//! taken. [`Standing::apply`] is the only place where a change turns into state: the linker, the
//! verifier and the simulation all use it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    commit::Change,
    event::EventBody,
    ids::{Cruid, IssueId, RecordId, Revision, SourceKey, Timestamp},
    state::{BrokenPair, GoldenState, GoldenStatus, LinkBasis, MatchIssue, RecordState},
};

/// Loaded state, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    records: HashMap<RecordId, RecordState>,
    sources: HashMap<SourceKey, RecordId>,
    goldens: HashMap<Cruid, GoldenState>,
    partners: HashMap<RecordId, BTreeSet<RecordId>>,
    issues: BTreeMap<IssueId, MatchIssue>,
    issues_of: HashMap<RecordId, BTreeSet<IssueId>>,
}

/// Who and when, for the changes that carry neither.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The event's revision.
    pub revision: Revision,
    /// The event's time.
    pub at: Timestamp,
}

impl From<&EventBody> for Moment {
    fn from(body: &EventBody) -> Self {
        Self { revision: body.revision, at: body.at }
    }
}

impl Standing {
    /// The source record with that id, if it was loaded or created.
    pub fn record(&self, id: &RecordId) -> Option<&RecordState> {
        self.records.get(id)
    }

    /// The source record with that identity.
    pub fn record_of_source(&self, source: &SourceKey) -> Option<&RecordState> {
        self.sources.get(source).and_then(|id| self.records.get(id))
    }

    /// The golden record with that CRUID.
    pub fn golden(&self, id: &Cruid) -> Option<&GoldenState> {
        self.goldens.get(id)
    }

    /// The records that were declared not to be the person of `record`.
    pub fn broken_from(&self, record: &RecordId) -> impl Iterator<Item = &RecordId> {
        self.partners.get(record).into_iter().flatten()
    }

    /// Whether a person declared the two records to be different people.
    pub fn is_broken(&self, a: &RecordId, b: &RecordId) -> bool {
        self.partners.get(a).is_some_and(|partners| partners.contains(b))
    }

    /// Whether `record` was declared different from a member of `golden`.
    pub fn is_barred(&self, record: &RecordId, golden: &GoldenState) -> bool {
        self.broken_from(record).any(|other| golden.members.contains(other))
    }

    /// The open issue of that name.
    pub fn issue(&self, id: &IssueId) -> Option<&MatchIssue> {
        self.issues.get(id)
    }

    /// The open issues in which `record` takes part, on either side, in order of their ids.
    pub fn issues_of(&self, record: &RecordId) -> impl Iterator<Item = &MatchIssue> {
        self.issues_of.get(record).into_iter().flatten().filter_map(|id| self.issues.get(id))
    }

    /// Every loaded source record.
    pub fn records(&self) -> impl Iterator<Item = &RecordState> {
        self.records.values()
    }

    /// Every loaded golden record.
    pub fn goldens(&self) -> impl Iterator<Item = &GoldenState> {
        self.goldens.values()
    }

    /// Every loaded open issue, in order of their ids.
    pub fn issues(&self) -> impl Iterator<Item = &MatchIssue> {
        self.issues.values()
    }

    /// Every loaded pair declared different, each once.
    pub fn broken_pairs(&self) -> BTreeSet<BrokenPair> {
        self.partners
            .iter()
            .flat_map(|(a, others)| others.iter().map(|b| BrokenPair::new(a.clone(), b.clone())))
            .collect()
    }

    /// Takes in a stored source record, unless a newer state of it is here already.
    pub fn load_record(&mut self, state: RecordState) {
        self.sources.entry(state.source.clone()).or_insert_with(|| state.id.clone());
        self.records.entry(state.id.clone()).or_insert(state);
    }

    /// Takes in a stored golden record, unless a newer state of it is here already.
    pub fn load_golden(&mut self, state: GoldenState) {
        self.goldens.entry(state.id.clone()).or_insert(state);
    }

    /// Puts a source record in the place of what is here of it.
    pub(crate) fn replace_record(&mut self, state: RecordState) {
        self.sources.insert(state.source.clone(), state.id.clone());
        self.records.insert(state.id.clone(), state);
    }

    /// Puts a golden record in the place of what is here of it.
    pub(crate) fn replace_golden(&mut self, state: GoldenState) {
        self.goldens.insert(state.id.clone(), state);
    }

    /// Puts an issue in the place of what is here of it.
    pub(crate) fn replace_issue(&mut self, issue: MatchIssue) {
        self.forget_issue(&issue.id);
        self.load_issue(issue);
    }

    /// Puts these pairs in the place of all that are here.
    pub(crate) fn replace_pairs(&mut self, pairs: &BTreeSet<BrokenPair>) {
        self.partners.clear();
        pairs.iter().for_each(|pair| self.insert_partner(pair));
    }

    /// Lets go of a source record.
    pub(crate) fn forget_record(&mut self, id: &RecordId) {
        if let Some(record) = self.records.remove(id) {
            self.sources.remove(&record.source);
        }
    }

    /// Lets go of a golden record.
    pub(crate) fn forget_golden(&mut self, id: &Cruid) {
        self.goldens.remove(id);
    }

    /// Lets go of an issue.
    pub(crate) fn forget_issue(&mut self, id: &IssueId) {
        if self.issues.contains_key(id) {
            self.close_issue(id);
        }
    }

    /// Takes in a stored pair decision.
    pub fn load_broken(&mut self, pair: &BrokenPair) {
        self.insert_partner(pair);
    }

    /// Takes in a stored open issue.
    pub fn load_issue(&mut self, issue: MatchIssue) {
        for record in [&issue.subject, &issue.evidence.candidate] {
            self.issues_of.entry(record.clone()).or_default().insert(issue.id.clone());
        }
        self.issues.insert(issue.id.clone(), issue);
    }

    /// Applies every change of one event, in order.
    ///
    /// # Panics
    ///
    /// If a change names a record, golden record or issue that is not here: whoever decides
    /// loads what it decides on, so this is a bug and not a condition of operation.
    pub fn apply(&mut self, moment: Moment, changes: &[Change]) {
        let mut touched_records = BTreeSet::new();
        let mut touched_goldens = BTreeSet::new();
        for change in changes {
            self.apply_one(moment, change, &mut touched_records, &mut touched_goldens);
        }
        for id in touched_records {
            let record = self.record_mut(&id);
            record.version += 1;
            record.updated_at = moment.at;
        }
        for id in touched_goldens {
            let golden = self.golden_mut(&id);
            golden.version += 1;
            golden.updated_at = moment.at;
        }
    }

    fn apply_one(
        &mut self,
        moment: Moment,
        change: &Change,
        records: &mut BTreeSet<RecordId>,
        goldens: &mut BTreeSet<Cruid>,
    ) {
        match change {
            Change::CreateRecord { record, golden, .. } => {
                self.create_record(moment, change);
                self.golden_mut(golden).members.insert(record.clone());
                records.insert(record.clone());
                goldens.insert(golden.clone());
            }
            Change::UpdateRecord { record, content } => {
                // A withdrawn record that comes back belongs to nobody until a link of the
                // same event says where.
                let state = self.record_mut(record);
                state.content = content.clone();
                state.is_withdrawn = false;
                records.insert(record.clone());
            }
            Change::WithdrawRecord { record } => {
                let state = self.record_mut(record);
                state.is_withdrawn = true;
                let golden = state.golden.clone();
                self.golden_mut(&golden).members.remove(record);
                records.insert(record.clone());
                goldens.insert(golden);
            }
            Change::CreateGolden { golden, number } => {
                let state = GoldenState {
                    id: golden.clone(),
                    number: *number,
                    version: 0,
                    updated_at: moment.at,
                    members: BTreeSet::new(),
                    status: GoldenStatus::Live,
                };
                self.goldens.insert(golden.clone(), state);
                goldens.insert(golden.clone());
            }
            Change::Link { record, golden, basis } => {
                let from = self.record_mut(record).golden.clone();
                let left = self.golden_mut(&from).members.remove(record);
                self.link(record, golden, basis);
                if left && from != *golden {
                    goldens.insert(from.clone());
                }
                if !left || from != *golden {
                    goldens.insert(golden.clone());
                    records.insert(record.clone());
                }
            }
            Change::RetireGolden { golden, replaced_by } => {
                self.golden_mut(golden).status = match replaced_by {
                    Some(other) => GoldenStatus::Replaced(other.clone()),
                    None => GoldenStatus::Retired,
                };
                goldens.insert(golden.clone());
            }
            Change::OpenIssue { issue } => self.load_issue(issue.clone()),
            Change::CloseIssue { issue, .. } => self.close_issue(issue),
            Change::BreakPair { pair } => self.insert_partner(pair),
            Change::UnbreakPair { pair } => self.remove_partner(pair),
            Change::Adjudicate { record } => self.record_mut(record).is_adjudicated = true,
            Change::Release { record } => self.record_mut(record).is_adjudicated = false,
        }
    }

    fn create_record(&mut self, moment: Moment, change: &Change) {
        let Change::CreateRecord { record, number, source, client, content, golden, basis } =
            change
        else {
            return;
        };
        let state = RecordState {
            id: record.clone(),
            number: *number,
            source: source.clone(),
            client: client.clone(),
            version: 0,
            updated_at: moment.at,
            content: content.clone(),
            is_withdrawn: false,
            golden: golden.clone(),
            basis: basis.clone(),
            is_adjudicated: false,
        };
        self.sources.insert(source.clone(), record.clone());
        self.records.insert(record.clone(), state);
    }

    fn link(&mut self, record: &RecordId, golden: &Cruid, basis: &LinkBasis) {
        let state = self.record_mut(record);
        state.golden = golden.clone();
        state.basis = basis.clone();
        let target = self.golden_mut(golden);
        target.members.insert(record.clone());
        target.status = GoldenStatus::Live;
    }

    fn close_issue(&mut self, id: &IssueId) {
        let issue = self.issues.remove(id).expect("a closed issue was open and loaded");
        for record in [&issue.subject, &issue.evidence.candidate] {
            if let Some(ids) = self.issues_of.get_mut(record) {
                ids.remove(id);
                if ids.is_empty() {
                    self.issues_of.remove(record);
                }
            }
        }
    }

    fn insert_partner(&mut self, pair: &BrokenPair) {
        self.partners.entry(pair.low().clone()).or_default().insert(pair.high().clone());
        self.partners.entry(pair.high().clone()).or_default().insert(pair.low().clone());
    }

    fn remove_partner(&mut self, pair: &BrokenPair) {
        for (a, b) in [(pair.low(), pair.high()), (pair.high(), pair.low())] {
            if let Some(partners) = self.partners.get_mut(a) {
                partners.remove(b);
                if partners.is_empty() {
                    self.partners.remove(a);
                }
            }
        }
    }

    fn record_mut(&mut self, id: &RecordId) -> &mut RecordState {
        self.records.get_mut(id).expect("a changed record was loaded or created before")
    }

    fn golden_mut(&mut self, id: &Cruid) -> &mut GoldenState {
        self.goldens.get_mut(id).expect("a changed golden record was loaded or created before")
    }
}

/// A registry of one person, golden record `g0`, with records of those ids.
#[cfg(test)]
pub(crate) fn of_one_person(ids: &[&str]) -> Standing {
    use crate::{
        ids::{ClientId, ContentHash, GoldenNumber, RecordNumber},
        state::BasisKind,
    };
    let mut standing = Standing::default();
    let golden = Cruid::new("g0");
    let mut changes =
        vec![Change::CreateGolden { golden: golden.clone(), number: GoldenNumber(0) }];
    changes.extend(ids.iter().zip(0..).map(|(id, number)| Change::CreateRecord {
        record: RecordId::new(*id),
        number: RecordNumber(number),
        source: SourceKey { system: "s".into(), value: (*id).into() },
        client: ClientId::new("c"),
        content: ContentHash::of(id),
        golden: golden.clone(),
        basis: LinkBasis { kind: BasisKind::Alone, revision: Revision(1), evidence: None },
    }));
    standing.apply(Moment { revision: Revision(1), at: Timestamp(1) }, &changes);
    standing
}
