//! [`Meters`]: what the pipeline counts and times, for whoever watches the process.
//!
//! Each figure is registered once, with the recorder that is current when [`Meters::register`]
//! is called; recording is then an atomic addition. Nothing of people and nothing that a client
//! chooses is a label. How the figures are written and who may read them is the server's.

use std::time::Duration;

use matching::index::Found;
use metrics::{
    Counter, Gauge, Histogram, NoopRecorder, Unit, counter, describe_counter, describe_gauge,
    describe_histogram, gauge, histogram,
};
use registry::{
    decide::{Outcome, Refusal},
    ids::Revision,
};

use crate::{Answers, PipelineError, review::CaseAnswer};

/// The figures of one pipeline.
pub struct Meters {
    operations: Outcomes,
    refusals: Refusals,
    failures: Failures,
    batches: Counter,
    batches_stale: Counter,
    batch_operations: Histogram,
    steps: Steps,
    search_seconds: Histogram,
    records_scanned: Histogram,
    values_compared: Histogram,
    postings_read: Histogram,
    records_verified: Histogram,
    candidates_cut: Counter,
    revision: Gauge,
    store_revision: Gauge,
}

/// By [`Outcome`].
struct Outcomes {
    created: Counter,
    updated: Counter,
    unchanged: Counter,
    existing: Counter,
    withdrawn: Counter,
    adjudicated: Counter,
}

/// By [`Refusal`].
struct Refusals {
    id_taken: Counter,
    golden_is_ours: Counter,
    version_conflict: Counter,
    nothing_to_match: Counter,
    not_yours: Counter,
    unknown: Counter,
    not_possible: Counter,
    stale: Counter,
    declared_different: Counter,
    rested_on: Counter,
    transaction: Counter,
    not_reached: Counter,
    key_used: Counter,
    fault: Counter,
}

/// By [`PipelineError`].
struct Failures {
    busy: Counter,
    too_many: Counter,
    overtaken: Counter,
    stopping: Counter,
    store: Counter,
    fault: Counter,
}

/// What a batch goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The index is brought to the store's revision.
    CatchUp,
    /// The published index is searched for every submission.
    Match,
    /// What decisions rest on is read.
    Load,
    /// Every act is decided.
    Decide,
    /// The transaction is written and flushed.
    Commit,
    /// The new index is shown to readers.
    Publish,
}

/// By [`Step`].
struct Steps {
    catch_up: Histogram,
    matching: Histogram,
    load: Histogram,
    decide: Histogram,
    commit: Histogram,
    publish: Histogram,
}

impl Meters {
    /// Figures that go nowhere.
    pub fn none() -> Self {
        metrics::with_local_recorder(&NoopRecorder, Self::register)
    }

    /// Registers every figure with the current recorder (`metrics::with_local_recorder`).
    pub fn register() -> Self {
        describe_linker();
        describe_searches();
        let operations = |outcome| counter!("opencr_operations_total", "outcome" => outcome);
        let refusals = |reason| counter!("opencr_refusals_total", "reason" => reason);
        let failures = |reason| counter!("opencr_failures_total", "reason" => reason);
        let steps = |step| histogram!("opencr_batch_step_seconds", "step" => step);
        Self {
            operations: Outcomes {
                created: operations("created"),
                updated: operations("updated"),
                unchanged: operations("unchanged"),
                existing: operations("existing"),
                withdrawn: operations("withdrawn"),
                adjudicated: operations("adjudicated"),
            },
            refusals: Refusals {
                id_taken: refusals("id_taken"),
                golden_is_ours: refusals("golden_is_ours"),
                version_conflict: refusals("version_conflict"),
                nothing_to_match: refusals("nothing_to_match"),
                not_yours: refusals("not_yours"),
                unknown: refusals("unknown"),
                not_possible: refusals("not_possible"),
                stale: refusals("stale"),
                declared_different: refusals("declared_different"),
                rested_on: refusals("rested_on"),
                transaction: refusals("transaction"),
                not_reached: refusals("not_reached"),
                key_used: refusals("key_used"),
                fault: refusals("fault"),
            },
            failures: Failures {
                busy: failures("busy"),
                too_many: failures("too_many"),
                overtaken: failures("overtaken"),
                stopping: failures("stopping"),
                store: failures("store"),
                fault: failures("fault"),
            },
            batches: counter!("opencr_batches_total"),
            batches_stale: counter!("opencr_batches_stale_total"),
            batch_operations: histogram!("opencr_batch_operations"),
            steps: Steps {
                catch_up: steps("catch_up"),
                matching: steps("match"),
                load: steps("load"),
                decide: steps("decide"),
                commit: steps("commit"),
                publish: steps("publish"),
            },
            search_seconds: histogram!("opencr_search_seconds"),
            records_scanned: histogram!("opencr_search_records_scanned"),
            values_compared: histogram!("opencr_search_values_compared"),
            postings_read: histogram!("opencr_search_postings_read"),
            records_verified: histogram!("opencr_search_records_verified"),
            candidates_cut: counter!("opencr_candidates_cut_total"),
            revision: gauge!("opencr_revision"),
            store_revision: gauge!("opencr_store_revision"),
        }
    }

    /// A search of the published index.
    pub(crate) fn searched(&self, found: &Found, took: Duration) {
        let cost = &found.cost;
        self.search_seconds.record(took);
        self.records_scanned.record(cost.records_scanned as f64);
        self.values_compared.record(cost.values_compared as f64);
        self.postings_read.record(cost.postings_read as f64);
        self.records_verified.record(cost.records_verified as f64);
    }

    /// A step of a batch.
    pub(crate) fn stepped(&self, step: Step, took: Duration) {
        let steps = &self.steps;
        let histogram = match step {
            Step::CatchUp => &steps.catch_up,
            Step::Match => &steps.matching,
            Step::Load => &steps.load,
            Step::Decide => &steps.decide,
            Step::Commit => &steps.commit,
            Step::Publish => &steps.publish,
        };
        histogram.record(took);
    }

    /// A batch that was committed, or in which nothing changed.
    pub(crate) fn batched(&self, operations: usize) {
        self.batches.increment(1);
        self.batch_operations.record(operations as f64);
    }

    /// A batch that has to be decided again.
    pub(crate) fn overtaken(&self) {
        self.batches_stale.increment(1);
    }

    /// The newest revision that the store is known to have.
    pub fn store_at(&self, revision: Revision) {
        self.store_revision.set(revision.0 as f64);
    }

    /// The revision that the index shows.
    pub(crate) fn at_revision(&self, revision: Revision) {
        self.revision.set(revision.0 as f64);
    }

    /// The linker's answer to a work.
    pub(crate) fn answered(&self, answer: &Result<Answers, PipelineError>) {
        let answers = match answer {
            Ok(answers) => answers,
            Err(error) => return self.failed(error),
        };
        for answer in answers {
            match answer {
                Ok(receipts) => {
                    let outcome = receipts.first().map(|receipt| receipt.outcome);
                    outcome.inspect(|outcome| self.carried_out(*outcome));
                    let cut = receipts.iter().filter(|one| one.candidates_total.is_some()).count();
                    self.candidates_cut.increment(cut as u64);
                }
                Err(refusal) => self.refused(refusal, 1),
            }
        }
    }

    /// The linker's answer to a person's decision.
    pub(crate) fn judged(&self, answer: &CaseAnswer) {
        match answer {
            Err(error) => self.failed(error),
            Ok(Err(refusal)) => self.refused(refusal, 1),
            Ok(Ok(verdict)) if verdict.event.is_some() => self.carried_out(Outcome::Adjudicated),
            // It was only tried, or changed nothing.
            Ok(Ok(_)) => {}
        }
    }

    /// A work that nothing was decided about.
    pub(crate) fn failed(&self, error: &PipelineError) {
        let failures = &self.failures;
        let counter = match error {
            PipelineError::Busy { .. } => &failures.busy,
            PipelineError::TooMany { .. } => &failures.too_many,
            PipelineError::Overtaken => &failures.overtaken,
            PipelineError::Stopping => &failures.stopping,
            PipelineError::Store(_) => &failures.store,
            PipelineError::Fault => &failures.fault,
        };
        counter.increment(1);
    }

    fn carried_out(&self, outcome: Outcome) {
        let operations = &self.operations;
        let counter = match outcome {
            Outcome::Created => &operations.created,
            Outcome::Updated => &operations.updated,
            Outcome::Unchanged => &operations.unchanged,
            Outcome::Existing => &operations.existing,
            Outcome::Withdrawn => &operations.withdrawn,
            Outcome::Adjudicated => &operations.adjudicated,
        };
        counter.increment(1);
    }

    /// Operations that were refused, all for one reason.
    pub(crate) fn refused(&self, refusal: &Refusal, operations: usize) {
        let refusals = &self.refusals;
        let counter = match refusal {
            Refusal::IdTaken(_) => &refusals.id_taken,
            Refusal::GoldenIsOurs(_) => &refusals.golden_is_ours,
            Refusal::VersionConflict { .. } => &refusals.version_conflict,
            Refusal::NothingToMatch(_) => &refusals.nothing_to_match,
            Refusal::NotYours => &refusals.not_yours,
            Refusal::Unknown(_) => &refusals.unknown,
            Refusal::NotPossible(_) => &refusals.not_possible,
            Refusal::Stale(_) => &refusals.stale,
            Refusal::DeclaredDifferent { .. } => &refusals.declared_different,
            Refusal::RestedOn { .. } => &refusals.rested_on,
            Refusal::Transaction(_) => &refusals.transaction,
            Refusal::NotReached(_) => &refusals.not_reached,
            Refusal::KeyUsed => &refusals.key_used,
            Refusal::Fault => &refusals.fault,
        };
        counter.increment(operations as u64);
    }
}

fn describe_linker() {
    describe_counter!(
        "opencr_operations_total",
        Unit::Count,
        "Operations that were carried out, by what became of them."
    );
    describe_counter!(
        "opencr_refusals_total",
        Unit::Count,
        "Operations that the registry refused, by reason."
    );
    describe_counter!(
        "opencr_failures_total",
        Unit::Count,
        "Requests to the linker about which nothing was decided, by reason."
    );
    describe_counter!("opencr_batches_total", Unit::Count, "Batches that were decided.");
    describe_counter!(
        "opencr_batches_stale_total",
        Unit::Count,
        "Times that a batch was decided again because another writer came first."
    );
    describe_histogram!("opencr_batch_operations", Unit::Count, "Operations of a batch.");
    describe_histogram!(
        "opencr_batch_step_seconds",
        Unit::Seconds,
        "What each step of a batch took, in seconds."
    );
    describe_gauge!(
        "opencr_revision",
        Unit::Count,
        "Revision of the store that the match index shows."
    );
    describe_gauge!(
        "opencr_store_revision",
        Unit::Count,
        "Newest revision that the store is known to have."
    );
}

fn describe_searches() {
    describe_histogram!(
        "opencr_search_seconds",
        Unit::Seconds,
        "What a search of the match index for one submission took, in seconds."
    );
    describe_histogram!(
        "opencr_search_records_scanned",
        Unit::Count,
        "Records that a search looked at because nothing spared them."
    );
    describe_histogram!(
        "opencr_search_values_compared",
        Unit::Count,
        "Distinct values that a search compared with."
    );
    describe_histogram!(
        "opencr_search_postings_read",
        Unit::Count,
        "Entries that a search read from lists of records that agree on a field."
    );
    describe_histogram!(
        "opencr_search_records_verified",
        Unit::Count,
        "Records that a search scored because they are on such a list."
    );
    describe_counter!(
        "opencr_candidates_cut_total",
        Unit::Count,
        "Submissions decided with more potential matches or conflicts than are kept."
    );
}
