//! Where the acts of a batch are decided, one after another. No IO: all was read before.

use std::{collections::HashMap, sync::Arc, time::Instant};

use matching::{
    explain::{Explanation, GuardExplanation, explain, hold_back},
    features::Features,
    index::{Found, Hit, Limits, Snapshot},
    model::{self, Doubt},
    rules::Ruleset,
    score::{Band, score},
};
use rayon::prelude::*;
use registry::{
    actor::Actor,
    batch::{Batch, Receipt},
    commit::Commit,
    decide::{self, Candidate, Decision, Fresh, Grounds, Matches, Policy, Refusal},
    event::Head,
    extract::Extractor,
    ids::{GoldenNumber, RecordId, RecordNumber, SourceKey, Timestamp},
    once::{Answered, OnceKey},
    standing::Standing,
};

use super::overlay::Overlay;
use crate::{
    Answers, Operation, Submission, Work, load::Wanted, meters::Meters, published::IndexChange,
    settings::Settings,
};

/// What the published index found for each operation of each work; `None` for other verbs.
pub(crate) type Matched = Vec<Vec<Option<Found>>>;

/// The outcome of a batch.
pub(crate) struct Decided {
    pub(crate) commit: Commit,
    pub(crate) answers: Vec<Answers>,
    pub(crate) index_changes: Vec<IndexChange>,
}

/// Searches the published index for every submission, on all cores.
pub(crate) fn match_all(
    works: &[Work],
    snapshot: &Snapshot,
    limits: &Limits,
    meters: &Meters,
) -> Matched {
    works
        .par_iter()
        .map(|work| {
            let search = |operation: &Operation| match operation {
                Operation::Submit(submission) => {
                    let began = Instant::now();
                    let found = snapshot.search(&submission.features, limits);
                    meters.searched(&found, began.elapsed());
                    Some(found)
                }
                Operation::Withdraw { .. } => None,
            };
            work.operations.par_iter().map(search).collect()
        })
        .collect()
}

/// What must be read for deciding `works`.
pub(crate) fn wanted(works: &[Work], matched: &Matched, has_golden_guards: bool) -> Wanted {
    let mut wanted = Wanted { has_golden_guards, ..Wanted::default() };
    for operation in works.iter().flat_map(|work| &work.operations) {
        match operation {
            Operation::Submit(submission) => {
                let record = &submission.submitted.record;
                wanted.sources.push(record.source.clone());
                wanted.ids.extend(record.requested_id.clone());
            }
            Operation::Withdraw { record, .. } => _ = wanted.ids.insert(record.clone()),
        }
    }
    let found = matched.iter().flatten().flatten();
    let hits = || found.clone().flat_map(|found| &found.hits);
    wanted.numbers = hits().map(|hit| RecordNumber(hit.number)).collect();
    if has_golden_guards {
        let automatic = hits().filter(|hit| hit.band == Band::Auto);
        wanted.automatic = automatic.map(|hit| RecordNumber(hit.number)).collect();
    }
    wanted
}

/// In larger batches the number of potential matches is not corrected by what the batch changed,
/// so that it may be too high: each submission would be compared with all before it. Twice the
/// batch of a server as configured.
const CORRECTED_MAX: usize = 1_000;

/// The state of a batch while its acts are decided.
pub(crate) struct Desk {
    pub(super) batch: Batch,
    overlay: Overlay,
    names: Names,
    snapshot: Arc<Snapshot>,
    extractor: Arc<Extractor>,
    pub(super) settings: Settings,
    limits: Limits,
    /// Whether what is found tells of the records of this batch, too.
    is_foreseen: bool,
    /// What was answered before to acts that are sent again.
    answered: HashMap<OnceKey, Answered>,
}

/// Whether some rule finds `candidate` potential and none automatic.
fn is_potential(ruleset: &Ruleset, query: &Features, candidate: &Features) -> bool {
    let band = |rule| score(rule, query, candidate).map(|scored| rule.band(scored.score));
    let bands = ruleset.rules.iter().filter_map(band);
    let best = bands.fold(Band::Below, |best, band| match (best, band) {
        (Band::Auto, _) | (_, Band::Auto) => Band::Auto,
        (Band::Potential, _) | (_, Band::Potential) => Band::Potential,
        (Band::Below, Band::Below) => Band::Below,
    });
    best == Band::Potential
}

/// Record ids by number, for turning hits into candidates.
#[derive(Clone)]
struct Names(HashMap<RecordNumber, RecordId>);

impl Desk {
    pub(crate) fn new(
        head: Head,
        standing: Standing,
        snapshot: Arc<Snapshot>,
        extractor: Arc<Extractor>,
        settings: &Settings,
    ) -> Self {
        let names = standing.records().map(|state| (state.number, state.id.clone())).collect();
        let ruleset = extractor.ruleset().clone();
        Self {
            batch: Batch::new(head, standing, ruleset.hash.to_string()),
            overlay: Overlay::new(ruleset),
            names: Names(names),
            snapshot,
            extractor,
            settings: settings.clone(),
            limits: settings.limits(),
            is_foreseen: false,
            answered: HashMap::new(),
        }
    }

    /// The same where the snapshot holds the records that are submitted, each under the number that
    /// it will have, and what is found are those before it.
    pub(crate) fn foreseeing(mut self) -> Self {
        self.is_foreseen = true;
        self
    }

    /// The same, answering what was answered before as it was then.
    pub(crate) fn knowing(mut self, answered: Vec<Answered>) -> Self {
        self.answered = answered.into_iter().map(|one| (one.key.clone(), one)).collect();
        self
    }

    /// The head that the next event follows.
    pub(crate) fn head(&self) -> Head {
        self.batch.head().clone()
    }

    /// The operator's choices.
    pub(crate) fn policy(&self) -> Policy {
        self.settings.policy
    }

    /// Takes a decision that was made elsewhere.
    pub(crate) fn push(&mut self, actor: &Actor, at: Timestamp, decision: Decision) {
        self.batch.push(actor, at, decision);
    }

    /// What is to be written, if anything is.
    pub(crate) fn finish(self) -> Option<Commit> {
        (!self.batch.is_empty()).then(|| self.batch.finish(&self.settings.vocabulary))
    }

    /// Decides every act in order.
    pub(crate) fn decide_all(mut self, works: &[Work], matched: &Matched) -> Decided {
        let answers =
            works.iter().zip(matched).map(|(work, found)| self.decide_work(work, found)).collect();
        Decided {
            commit: self.batch.finish(&self.settings.vocabulary),
            answers,
            index_changes: self.overlay.into_changes(),
        }
    }

    fn decide_work(&mut self, work: &Work, found: &[Option<Found>]) -> Answers {
        let can_fail_halfway = work.is_atomic && work.operations.len() > 1;
        let restore = can_fail_halfway.then(|| (self.batch.clone(), self.overlay.len()));
        let mut answers: Answers = Vec::with_capacity(work.operations.len());
        for (at, found) in found.iter().enumerate() {
            answers.push(self.decide_once(work, at, found.as_ref()));
            let (Some(Err(refusal)), true) = (answers.last(), work.is_atomic) else { continue };
            let culprit = answers.len() - 1;
            let refusal = refusal.clone();
            if let Some((batch, len)) = restore {
                self.batch = batch;
                self.overlay.rewind(len);
            }
            let others = Err(Refusal::Transaction(culprit));
            answers = vec![others; work.operations.len()];
            answers[culprit] = Err(refusal);
            return answers;
        }
        answers
    }

    /// Decides the act at that place, unless it was answered before.
    fn decide_once(
        &mut self,
        work: &Work,
        at: usize,
        found: Option<&Found>,
    ) -> Result<Vec<Receipt>, Refusal> {
        let operation = &work.operations[at];
        let Some(once) = &work.once else { return self.decide_one(work, operation, found) };
        let key = once.key_of(at);
        match self.answered.get(&key).or_else(|| self.batch.answered(&key)) {
            Some(answered) if once.is_of(answered) => Ok(answered.receipts.clone()),
            Some(_) => Err(Refusal::KeyUsed),
            None => {
                let receipts = self.decide_one(work, operation, found)?;
                let now = self.settings.clock.now();
                self.batch.keep(once.answered(at, now, &receipts));
                Ok(receipts)
            }
        }
    }

    fn decide_one(
        &mut self,
        work: &Work,
        operation: &Operation,
        found: Option<&Found>,
    ) -> Result<Vec<Receipt>, Refusal> {
        let at = self.settings.clock.now();
        let decision = match operation {
            Operation::Submit(submission) => self.decide_submission(submission, found, at)?,
            Operation::Withdraw { record, if_match } => {
                decide::withdraw(record, *if_match, &work.actor, self.batch.standing())?
            }
        };
        let receipts = self.batch.push(&work.actor, at, decision);
        self.follow(operation, &receipts);
        Ok(receipts)
    }

    fn decide_submission(
        &self,
        submission: &Submission,
        found: Option<&Found>,
        at: Timestamp,
    ) -> Result<Decision, Refusal> {
        let record = &submission.submitted.record;
        let matches = self.matches(&submission.features, &record.source, found);
        let head = self.batch.head();
        let fresh = Fresh {
            revision: head.revision.next(),
            at,
            record: self.settings.clock.record_id(),
            record_number: RecordNumber(head.next_record),
            golden: self.settings.clock.cruid(),
            golden_number: GoldenNumber(head.next_golden),
        };
        let grounds = Grounds {
            matches: &matches,
            standing: self.batch.standing(),
            policy: self.settings.policy,
            explain: &|record, rule| self.explain(&submission.features, record, rule),
            hold_back: &|joining| self.hold_back(&submission.features, joining),
        };
        decide::decide(&submission.submitted, &fresh, grounds)
    }

    /// The candidates: what is published, unless this batch changed it, and what it changed.
    pub(crate) fn matches(
        &self,
        query: &Features,
        source: &SourceKey,
        found: Option<&Found>,
    ) -> Matches {
        let own = match self.is_foreseen {
            true => None,
            false => self.overlay.search(query, &self.limits),
        };
        let published = found.into_iter().flat_map(|found| &found.hits);
        let published = published.filter(|hit| !self.overlay.hides(RecordNumber(hit.number)));
        let hits = published.chain(own.iter().flat_map(|found| &found.hits));
        let candidates = hits
            .filter_map(|hit| {
                let record = self.names.0.get(&RecordNumber(hit.number))?.clone();
                let rule = u32::try_from(hit.rule + 1).ok()?;
                let doubt = self.doubt(query, hit);
                Some(Candidate { record, rule, score: hit.score, band: hit.band, doubt })
            })
            .collect();
        let parts = [found, own.as_ref()];
        let was_cut = parts.iter().flatten().any(|found| found.is_cut);
        let total = was_cut.then(|| {
            let all: u64 = parts.iter().flatten().map(|found| found.potential_total).sum();
            all.saturating_sub(self.miscounted(query, source))
        });
        Matches { candidates, potential_total: total }
    }

    /// Potential matches that were counted and are none: what was published of records that the
    /// batch changed, and the record itself.
    fn miscounted(&self, query: &Features, source: &SourceKey) -> u64 {
        if self.is_foreseen {
            return 0;
        }
        let ruleset = self.extractor.ruleset();
        let myself = self.batch.standing().record_of_source(source).map(|state| state.number);
        let not_hidden = myself.filter(|number| !self.overlay.hides(*number));
        let hidden = self.overlay.hidden().take(match self.overlay.len() {
            0..=CORRECTED_MAX => CORRECTED_MAX,
            _ => 0,
        });
        let published = hidden.chain(not_hidden);
        let published = published.filter_map(|number| self.snapshot.features(number.0));
        let published = published.filter(|features| is_potential(ruleset, query, features));
        let own = myself.and_then(|number| self.overlay.own(number));
        let own = own.filter(|features| is_potential(ruleset, query, features));
        published.count() as u64 + u64::from(own.is_some())
    }

    pub(crate) fn explain(&self, query: &Features, record: &RecordId, rule: u32) -> Explanation {
        let candidate = self.features_of(record);
        explain(self.extractor.ruleset(), rule.saturating_sub(1) as usize, query, &candidate)
    }

    /// A record's features as the batch left them.
    fn features_of(&self, record: &RecordId) -> Features {
        let state = self.batch.standing().record(record);
        state
            .and_then(|state| self.overlay.features(state.number, &self.snapshot))
            .unwrap_or_else(|| Features::empty(&self.extractor.ruleset().features))
    }

    /// What a hit is where it links nobody.
    fn doubt(&self, query: &Features, hit: &Hit) -> Doubt {
        let rule = &self.extractor.ruleset().rules[hit.rule];
        let may_conflict = rule.guards.iter().any(|guard| guard.gives == Doubt::Conflict);
        if hit.band == Band::Auto || !may_conflict {
            return Doubt::Potential;
        }
        match self.overlay.features(RecordNumber(hit.number), &self.snapshot) {
            Some(candidate) => model::doubt(rule, query, &candidate),
            None => Doubt::Potential,
        }
    }

    /// What the rules' guards of golden records say of a record that would be with others.
    pub(crate) fn hold_back(
        &self,
        record: &Features,
        joining: &decide::Joining<'_>,
    ) -> Vec<GuardExplanation> {
        let ruleset = self.extractor.ruleset();
        if ruleset.golden_guards.is_empty() {
            return Vec::new();
        }
        let others: Vec<Features> =
            joining.others.iter().map(|member| self.features_of(member)).collect();
        let is_member = joining.is_member;
        hold_back(ruleset, model::Joining { record, others: &others, is_member }, |other| {
            joining.others.get(other).map(|id| id.to_string())
        })
    }

    /// Lets later acts of the batch see what this one did.
    fn follow(&mut self, operation: &Operation, receipts: &[Receipt]) {
        for receipt in receipts {
            let Some(state) = self.batch.standing().record(&receipt.record) else { continue };
            let number = state.number;
            let features = match operation {
                Operation::Submit(_) if receipt.outcome == decide::Outcome::Existing => continue,
                Operation::Submit(submission) => Some(submission.features.clone()),
                Operation::Withdraw { .. } => None,
            };
            self.names.0.insert(number, receipt.record.clone());
            if self.is_foreseen {
                continue;
            }
            self.overlay.push(IndexChange { number, features });
        }
    }
}
