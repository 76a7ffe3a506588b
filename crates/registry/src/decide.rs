//! Matches and what stands already become a decision: where a submitted record belongs.
//!
//! The order of events is OpenCR's (contract 3.2 to 3.6) with its defects 6.3 mended: only
//! automatic matches win (D21), ties are certain (scoring quirk 35), a record never joins a
//! golden record with a member that it was declared different from (D15, D16), adjudicated
//! records keep their CRUID (D8), and issues are recomputed for both sides (D36).

use std::cmp::Reverse;

use matching::{
    explain::{Explanation, GuardExplanation},
    score::{Band, Score},
};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    commit::{Change, Content},
    event::Verb,
    ids::{ContentHash, Cruid, GoldenNumber, IssueId, RecordId, RecordNumber, Revision, Timestamp},
    record::SourceRecord,
    standing::Standing,
    state::{BasisKind, Evidence, GoldenStatus, LinkBasis, RecordState},
};

mod classify;
mod flag;
mod issues;
mod refusal;
mod rematch;
mod review;

pub use classify::{Candidate, Matches};
use classify::{Classes, classify};
pub use flag::{Flagged, flag};
pub use refusal::Refusal;
pub use rematch::rematch;
pub use review::{Reviewed, review};

/// Golden records that replaced one another are followed so many steps at the most; whoever
/// loads the standing state follows as many.
pub const REPLACED_STEPS_MAX: usize = 8;

/// What the deciding functions may not make themselves: time, numbers and fresh ids.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The revision that the decision's event will have.
    pub revision: Revision,
    /// Now.
    pub at: Timestamp,
    /// An id for a new source record that brings none.
    pub record: RecordId,
    /// The next free record number.
    pub record_number: RecordNumber,
    /// An id for a new golden record.
    pub golden: Cruid,
    /// The next free golden number.
    pub golden_number: GoldenNumber,
}

/// Choices of the operator that change decisions.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Rules may move records about which a person decided (OpenCR:
    /// `matching.autoMatchPatientWithHumanAdjudTag`).
    pub rematch_adjudicated: bool,
    /// Conflicts and potential matches kept as issues for one record, the best ones of each;
    /// the rest is told as a number.
    pub doubts_max: usize,
}

impl Default for Policy {
    fn default() -> Self {
        // More than a person looks at for one record.
        Self { rematch_adjudicated: false, doubts_max: 100 }
    }
}

/// A source record on its way in, with what its sender demands of the present state.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The record.
    pub record: SourceRecord,
    /// `If-Match`: the stored version must be this one.
    pub if_match: Option<u32>,
    /// `If-None-Exist`: an existing record is answered as it is, not updated.
    pub only_create: bool,
}

/// What follows from one act, before anything is written.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What kind of act.
    pub verb: Verb,
    /// What changes; nothing, if everything stands already as it should.
    pub changes: Vec<Change>,
    /// The submitted content, if it is new.
    pub content: Option<Content>,
    /// Explanations of the changes, by hash, as JSON text.
    pub explanations: Vec<(ContentHash, String)>,
    /// The records that the act was about.
    pub subjects: Vec<RecordId>,
    /// What the sender is told.
    pub outcome: Outcome,
    /// How many potential matches or conflicts the submitted record has in all, where there are
    /// more than are kept as issues; `None` where all are kept or none were looked for.
    ///
    /// Not less than there are: those beyond the best are not looked up, and may be linked to
    /// the record or declared different from it by a person.
    pub candidates_total: Option<u64>,
}

/// What a submission came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A source record was created, or came back after its withdrawal.
    Created,
    /// It has new content.
    Updated,
    /// It had that content already.
    Unchanged,
    /// It exists and was to be created only if it did not.
    Existing,
    /// It was withdrawn, or had been.
    Withdrawn,
    /// A person's decision was carried out.
    Adjudicated,
}

/// Gives the explanation of a candidate, by record and rule counted from 1.
pub type Explain<'a> = &'a dyn Fn(&RecordId, u32) -> Explanation;

/// A submitted record that would join a golden record, or stay there, without a person.
#[derive(Clone, Debug)]
pub struct Joining<'a> {
    /// The other source records of the golden record.
    pub others: Vec<&'a RecordId>,
    /// Whether the record is one of its source records now.
    pub is_member: bool,
}

/// Gives what keeps the submitted record from that: guards of golden records, in their order.
pub type HoldBack<'a> = &'a dyn Fn(&Joining<'_>) -> Vec<GuardExplanation>;

/// What a decision rests on, beside the submitted record.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// All candidates that the rules found; unknown, withdrawn and broken ones are passed over.
    pub matches: &'a Matches,
    /// Holds the record with the same identity or id, the candidates, all their golden records,
    /// the record's broken pairs and its open issues.
    pub standing: &'a Standing,
    /// Choices of the operator.
    pub policy: Policy,
    /// Explains a candidate.
    pub explain: Explain<'a>,
    /// Guards golden records; asked only where there is an automatic match.
    pub hold_back: HoldBack<'a>,
}

/// Decides where a submitted record belongs.
///
/// # Errors
///
/// [`Refusal`] if the id or version demanded does not fit; never because of the matches.
pub fn decide(
    submitted: &Submitted,
    fresh: &Fresh,
    grounds: Grounds<'_>,
) -> Result<Decision, Refusal> {
    let Grounds { standing, policy, explain, .. } = grounds;
    let existing = find_existing(submitted, standing)?;
    if let Some(state) = existing.filter(|state| submitted.only_create && !state.is_withdrawn) {
        return Ok(nothing(state, Outcome::Existing));
    }
    let classes = classify(existing, grounds);
    let mut draft = Draft::new(submitted, existing, fresh, explain);
    match existing {
        None => draft.create(submitted, &classes),
        Some(state) => draft.update(state, &classes, standing, policy),
    }
    let id = draft.record.clone();
    let candidates_total = issues::recompute(&mut draft, &id, &classes, grounds);
    Ok(draft.finish(existing, submitted, candidates_total))
}

fn find_existing<'a>(
    submitted: &Submitted,
    standing: &'a Standing,
) -> Result<Option<&'a RecordState>, Refusal> {
    let existing = standing.record_of_source(&submitted.record.source);
    let client = &submitted.record.client;
    // What is another system's is not told apart from what is not there, as far as that goes.
    let not_yours = || submitted.if_match.map_or(Refusal::NotYours, Refusal::NothingToMatch);
    if existing.is_some_and(|state| state.client != *client) {
        return Err(not_yours());
    }
    if let Some(id) = &submitted.record.requested_id {
        let is_other = |state: &RecordState| existing.is_none_or(|mine| mine.id != state.id);
        match standing.record(id).filter(|state| is_other(state)) {
            Some(other) if other.client == *client => {
                return Err(Refusal::IdTaken(id.clone()));
            }
            Some(_) => return Err(not_yours()),
            None => {}
        }
        if standing.golden(&Cruid::new(id.as_str())).is_some() {
            return Err(not_yours());
        }
    }
    match (submitted.if_match, existing) {
        (Some(wanted), Some(state)) if state.version != wanted => {
            Err(Refusal::VersionConflict { wanted, current: state.version })
        }
        (Some(wanted), None) => Err(Refusal::NothingToMatch(wanted)),
        _ => Ok(existing),
    }
}

fn nothing(state: &RecordState, outcome: Outcome) -> Decision {
    Decision {
        verb: Verb::Submit,
        changes: Vec::new(),
        content: None,
        explanations: Vec::new(),
        subjects: vec![state.id.clone()],
        outcome,
        candidates_total: None,
    }
}

/// A decision being drawn up.
struct Draft<'a> {
    record: RecordId,
    /// The hash of what was submitted, if that is news.
    news: Option<ContentHash>,
    fresh: &'a Fresh,
    explain: Explain<'a>,
    /// The record is new, was withdrawn, or says something else than before.
    is_news: bool,
    changes: Vec<Change>,
    explanations: Vec<(ContentHash, String)>,
    issues_opened: usize,
}

impl<'a> Draft<'a> {
    fn new(
        submitted: &'a Submitted,
        existing: Option<&RecordState>,
        fresh: &'a Fresh,
        explain: Explain<'a>,
    ) -> Self {
        let record = existing.map_or_else(
            || submitted.record.requested_id.clone().unwrap_or_else(|| fresh.record.clone()),
            |state| state.id.clone(),
        );
        let is_news = existing.is_none_or(|state| {
            state.is_withdrawn || state.content != submitted.record.content.hash
        });
        let news = is_news.then(|| submitted.record.content.hash.clone());
        Self {
            record,
            news,
            fresh,
            explain,
            is_news,
            changes: Vec::new(),
            explanations: Vec::new(),
            issues_opened: 0,
        }
    }

    /// A draft on a stored record that says what it said before.
    fn of_stored(record: RecordId, fresh: &'a Fresh, explain: Explain<'a>) -> Self {
        Self {
            record,
            news: None,
            fresh,
            explain,
            is_news: false,
            changes: Vec::new(),
            explanations: Vec::new(),
            issues_opened: 0,
        }
    }

    /// Contract 3.4: a new record joins the winning golden record or founds one.
    fn create(&mut self, submitted: &Submitted, classes: &Classes<'_>) {
        let (golden, basis) = match &classes.winner {
            Some(winner) => (winner.golden.clone(), self.auto_basis(winner.best)),
            None => (self.create_golden(), self.basis(BasisKind::Alone, None)),
        };
        self.changes.push(Change::CreateRecord {
            record: self.record.clone(),
            number: self.fresh.record_number,
            source: submitted.record.source.clone(),
            client: submitted.record.client.clone(),
            content: submitted.record.content.hash.clone(),
            golden,
            basis,
        });
    }

    /// Contract 3.5 and 3.6: an updated record stays, moves or founds a golden record.
    fn update(
        &mut self,
        state: &RecordState,
        classes: &Classes<'_>,
        standing: &Standing,
        policy: Policy,
    ) {
        if let Some(content) = self.news.clone() {
            self.changes.push(Change::UpdateRecord { record: state.id.clone(), content });
        }
        let current = standing.golden(&state.golden);
        if state.is_adjudicated && !policy.rematch_adjudicated {
            // A withdrawn record that comes back keeps what the person decided, too.
            if state.is_withdrawn {
                let target = self.home_of(state, standing);
                self.move_to(state, &target, state.basis.clone(), standing);
            }
            return;
        }
        match &classes.winner {
            Some(winner) => {
                let basis = self.auto_basis(winner.best);
                self.move_to(state, &winner.golden.clone(), basis, standing);
            }
            None => {
                let has_others = current
                    .is_some_and(|golden| golden.members.iter().any(|member| *member != state.id));
                let is_replaced = current
                    .is_some_and(|golden| matches!(golden.status, GoldenStatus::Replaced(_)));
                let target = if has_others || is_replaced {
                    self.create_golden()
                } else {
                    state.golden.clone()
                };
                let basis = self.basis(BasisKind::Alone, None);
                self.move_to(state, &target, basis, standing);
            }
        }
    }

    /// Where an adjudicated record belongs on its return: its golden record, or what replaced
    /// it in the end, or a new one if a record that it was declared different from is there.
    fn home_of(&mut self, state: &RecordState, standing: &Standing) -> Cruid {
        let mut home = standing.golden(&state.golden);
        let mut steps = 0;
        while let Some(GoldenStatus::Replaced(other)) = home.map(|golden| &golden.status) {
            steps += 1;
            home = standing.golden(other).filter(|_| steps <= REPLACED_STEPS_MAX);
        }
        match home.filter(|golden| !standing.is_barred(&state.id, golden)) {
            Some(golden) => golden.id.clone(),
            None => self.create_golden(),
        }
    }

    fn move_to(
        &mut self,
        state: &RecordState,
        target: &Cruid,
        basis: LinkBasis,
        standing: &Standing,
    ) {
        let stays = *target == state.golden && !state.is_withdrawn;
        let same_reason = basis.kind == state.basis.kind && basis.evidence == state.basis.evidence;
        // Who says again what stands already gives no new reason for where they belong.
        if stays && (same_reason || !self.is_news) {
            return;
        }
        let record = state.id.clone();
        self.changes.push(Change::Link { record, golden: target.clone(), basis });
        // Nobody is left behind; or nobody was, and now it is known where the person went.
        let was_last = standing.golden(&state.golden).is_some_and(|golden| {
            !matches!(golden.status, GoldenStatus::Replaced(_))
                && golden.members.iter().all(|member| *member == state.id)
        });
        if *target != state.golden && was_last {
            self.changes.push(Change::RetireGolden {
                golden: state.golden.clone(),
                replaced_by: Some(target.clone()),
            });
        }
    }

    fn create_golden(&mut self) -> Cruid {
        let golden = self.fresh.golden.clone();
        let number = self.fresh.golden_number;
        self.changes.push(Change::CreateGolden { golden: golden.clone(), number });
        golden
    }

    fn basis(&self, kind: BasisKind, evidence: Option<Evidence>) -> LinkBasis {
        LinkBasis { kind, revision: self.fresh.revision, evidence }
    }

    fn auto_basis(&mut self, best: &Candidate) -> LinkBasis {
        let evidence = self.evidence(best, &[]);
        self.basis(BasisKind::Auto, Some(evidence))
    }

    /// The candidate as evidence; its explanation is kept with the decision.
    ///
    /// `held_back` is what kept the record from joining the candidate's golden record.
    fn evidence(&mut self, candidate: &Candidate, held_back: &[GuardExplanation]) -> Evidence {
        let explanation = (self.explain)(&candidate.record, candidate.rule);
        let explanation = explanation.held_back(held_back.to_vec());
        let text = explanation_text(&explanation);
        let hash = ContentHash::of(&text);
        if self.explanations.iter().all(|(known, _)| *known != hash) {
            self.explanations.push((hash.clone(), text));
        }
        Evidence {
            candidate: candidate.record.clone(),
            rule: candidate.rule,
            score: candidate.score,
            explanation: hash,
        }
    }

    fn next_issue_id(&mut self) -> IssueId {
        self.issues_opened += 1;
        IssueId::new(format!("{}-{}", self.fresh.revision, self.issues_opened))
    }

    fn finish(
        self,
        existing: Option<&RecordState>,
        submitted: &Submitted,
        candidates_total: Option<u64>,
    ) -> Decision {
        let outcome = match existing {
            None => Outcome::Created,
            Some(state) if state.is_withdrawn => Outcome::Created,
            Some(_) if self.is_news => Outcome::Updated,
            Some(_) => Outcome::Unchanged,
        };
        Decision {
            verb: Verb::Submit,
            changes: self.changes,
            content: self.is_news.then(|| submitted.record.content.clone()),
            explanations: self.explanations,
            subjects: vec![self.record],
            outcome,
            candidates_total,
        }
    }
}

fn explanation_text(explanation: &Explanation) -> String {
    serde_json::to_string(explanation).expect("an explanation has a JSON form")
}

/// Decides a withdrawal: the source takes its record back (FHIR delete).
///
/// Its golden record lives on with the other members, or is retired. Withdrawing again changes
/// nothing.
///
/// # Errors
///
/// [`Refusal::Unknown`] if there is no such source record, [`Refusal::GoldenIsOurs`] for a
/// CRUID, [`Refusal::NotYours`] if `actor` is another system than the one that submitted it,
/// [`Refusal::VersionConflict`] if `if_match` does not fit.
pub fn withdraw(
    record: &RecordId,
    if_match: Option<u32>,
    actor: &Actor,
    standing: &Standing,
) -> Result<Decision, Refusal> {
    let is_foreign =
        |state: &RecordState| matches!(actor, Actor::Client(client) if *client != state.client);
    let is_client = matches!(actor, Actor::Client(_));
    if !is_client && standing.golden(&Cruid::new(record.as_str())).is_some() {
        return Err(Refusal::GoldenIsOurs(record.clone()));
    }
    // A client learns nothing of records that are not its own, nor of golden records.
    let state = standing.record(record).filter(|state| !is_foreign(state));
    let state = state.ok_or_else(|| Refusal::Unknown(record.clone()))?;
    if let Some(wanted) = if_match.filter(|wanted| *wanted != state.version) {
        return Err(Refusal::VersionConflict { wanted, current: state.version });
    }
    let mut decision = nothing(state, Outcome::Withdrawn);
    decision.verb = Verb::Withdraw;
    if state.is_withdrawn {
        return Ok(decision);
    }
    decision.changes.extend(issues::close_all(record, standing));
    decision.changes.push(Change::WithdrawRecord { record: record.clone() });
    let was_last = standing
        .golden(&state.golden)
        .is_some_and(|golden| golden.members.iter().all(|member| member == record));
    if was_last {
        let golden = state.golden.clone();
        decision.changes.push(Change::RetireGolden { golden, replaced_by: None });
    }
    Ok(decision)
}

/// Sorts candidates of one class: earlier rule, higher score, then the lower `rest`.
fn rank<T: Ord>(rule: u32, score: Score, rest: T) -> impl Ord {
    (rule, Reverse(OrderedScore(score)), rest)
}

/// A score in its total order; scores are never NaN.
#[derive(Clone, Copy, PartialEq)]
struct OrderedScore(Score);

impl Eq for OrderedScore {}

impl PartialOrd for OrderedScore {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderedScore {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.as_f64().total_cmp(&other.0.as_f64())
    }
}

/// Whether a candidate scored as automatic.
fn is_auto(candidate: &Candidate) -> bool {
    candidate.band == Band::Auto
}

#[cfg(test)]
mod tests;
