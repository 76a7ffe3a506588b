//! The one writer: batch, match, decide, commit, publish, answer.
//!
//! Exact serial semantics: each act is decided as if it came alone after those before it.
//! Matching against the published index runs ahead in parallel; what the batch itself changed
//! is matched against an overlay. If the commit is stale the node catches up and the whole
//! batch is decided again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use registry::{decide::Refusal, event::Head, extract::Extractor, ids::Revision};
use store::{Store, StoreError, Turn, threads};
use tokio::sync::mpsc;
use tracing::{Instrument as _, debug_span};

use crate::{
    Answers, PipelineError, Work,
    follow::{FollowError, follow},
    load,
    meters::{Meters, Step},
    parking::{Parcel, WorkParcel},
    published::Published,
    settings::Settings,
};

mod case;
mod desk;
mod overlay;

use desk::Decided;
pub(crate) use desk::{Desk, match_all, wanted};

/// For how long nodes take turns after one of them was refused.
const TURNS_FOR: Duration = Duration::from_secs(10);

/// How often a node looks for what others committed, if it hears of nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The writer's state.
pub(crate) struct Linker {
    store: Arc<dyn Store>,
    extractor: Arc<Extractor>,
    settings: Settings,
    published: Published,
    /// When another node last came first.
    met: Option<Instant>,
}

impl Linker {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        extractor: Arc<Extractor>,
        settings: Settings,
        published: Published,
    ) -> Self {
        settings.meters.at_revision(published.revision());
        settings.meters.store_at(published.revision());
        Self { store, extractor, settings, published, met: None }
    }

    /// Works until the gate is closed and the queue is empty.
    pub(crate) async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Parcel>) {
        let mut parcels = Vec::new();
        let batch_max = self.settings.batch_max.max(1);
        loop {
            let received = tokio::select! {
                biased;
                received = queue.recv_many(&mut parcels, batch_max) => received,
                () = self.moved() => {
                    // Told in the log; the next batch tries again and answers for it.
                    _ = self.catch_up().await;
                    continue;
                }
            };
            if received == 0 {
                break;
            }
            let mut rest = std::mem::take(&mut parcels);
            while !rest.is_empty() {
                let later = rest.split_off(self.batch_len(&rest));
                self.serve(rest).await;
                rest = later;
            }
        }
    }

    /// Waits until another node has committed; for ever if none can.
    async fn moved(&self) {
        if !self.store.is_shared() {
            return std::future::pending().await;
        }
        let seen = self.published.revision();
        loop {
            match self.store.newest_after(seen, LOOK_EVERY).await {
                Ok(newest) if newest > seen => {
                    self.settings.meters.store_at(newest);
                    return;
                }
                Ok(_) => {}
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "cannot see what other nodes committed");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    /// Whether what was decided on may be a mixture of revisions: several reads, between which
    /// another node may have committed. A commit is refused then; what is not committed asks here.
    async fn is_overtaken(&self, head: Revision) -> Result<bool, PipelineError> {
        if !self.store.is_shared() {
            return Ok(false);
        }
        Ok(self.store.head().await.map_err(store_error)?.revision != head)
    }

    /// How many of the waiting parcels one commit takes: at least one. A person's decision has
    /// a commit of its own.
    fn batch_len(&self, parcels: &[Parcel]) -> usize {
        let mut operations = 0;
        let fitting = parcels.iter().take_while(|parcel| match parcel {
            Parcel::Work(parcel) => {
                operations += parcel.work.operations.len();
                operations <= self.settings.batch_max
            }
            Parcel::Case(_) => false,
        });
        fitting.count().max(1)
    }

    async fn serve(&mut self, parcels: Vec<Parcel>) {
        let mut works = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            match parcel {
                Parcel::Work(parcel) => works.push(parcel),
                Parcel::Case(parcel) => self.judge(parcel).await,
            }
        }
        if !works.is_empty() {
            self.serve_works(works).await;
        }
    }

    /// Decides, commits and answers. A fault in one work does not take the others with it.
    async fn serve_works(&mut self, parcels: Vec<WorkParcel>) {
        let span = debug_span!("batch", requests = parcels.len());
        parcels.iter().for_each(|parcel| _ = span.follows_from(&parcel.span));
        let (works, replies): (Vec<Work>, Vec<_>) =
            parcels.into_iter().map(|parcel| (parcel.work, (parcel.reply, parcel.place))).unzip();
        let works: Arc<[Work]> = works.into();
        let answers = match self.commit(&works).instrument(span).await {
            Err(PipelineError::Fault) => self.one_by_one(&works).await,
            Err(error) => works.iter().map(|_| Err(copy(&error))).collect(),
            Ok(answers) => answers.into_iter().map(Ok).collect(),
        };
        for ((reply, place), answer) in replies.into_iter().zip(answers) {
            self.settings.meters.answered(&answer);
            // First, so that who sends the next upon this answer finds the place free.
            drop(place);
            // Who no longer waits for the answer has lost nothing: the work is durable.
            let _ = reply.send(answer);
        }
    }

    /// Decides each work alone, so that a fault in one does not take the others with it.
    async fn one_by_one(&mut self, works: &[Work]) -> Vec<Result<Answers, PipelineError>> {
        let mut answers = Vec::with_capacity(works.len());
        for work in works {
            let answer = match self.alone(work.clone()).await {
                Err(PipelineError::Fault) if !work.is_atomic && work.operations.len() > 1 => {
                    self.operations_alone(work).await
                }
                answer => answer,
            };
            answers.push(answer);
        }
        answers
    }

    async fn alone(&mut self, work: Work) -> Result<Answers, PipelineError> {
        let mut answers = self.commit(&[work].into()).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// The entries of a batch that is not atomic do not take each other with them either.
    async fn operations_alone(&mut self, work: &Work) -> Result<Answers, PipelineError> {
        let mut answers = Answers::with_capacity(work.operations.len());
        for (at, operation) in work.operations.iter().enumerate() {
            let once = work.once.as_ref().map(|once| once.part(at..at + 1));
            let one = Work { operations: vec![operation.clone()], once, ..work.clone() };
            match self.alone(one).await {
                Ok(mut answer) => answers.push(answer.pop().unwrap_or(Err(Refusal::Fault))),
                Err(PipelineError::Fault) => answers.push(Err(Refusal::Fault)),
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }

    /// Commits, and takes turns with other nodes that commit at the same time.
    async fn commit(&mut self, works: &Arc<[Work]>) -> Result<Vec<Answers>, PipelineError> {
        let mut turn = self.turn().await;
        let committed = self.commit_in_turn(works, &mut turn).await;
        turn.into_iter().for_each(Turn::end);
        committed
    }

    /// Waits for this node's turn, if it has met others lately.
    async fn turn(&self) -> Option<Turn> {
        self.met.filter(|met| met.elapsed() < TURNS_FOR)?;
        let turn = self.store.turn().instrument(debug_span!("turn")).await;
        // Without it the node tries its luck, as it does when it meets nobody.
        let told = turn.inspect_err(|error| tracing::warn!(%error, "no turn came in time"));
        told.ok()
    }

    /// Another node came first: from now on in turn.
    async fn meet(&mut self, turn: &mut Option<Turn>) {
        self.settings.meters.overtaken();
        self.met = Some(Instant::now());
        // Who has the turn and is refused all the same has it no longer.
        turn.take().into_iter().for_each(Turn::end);
        *turn = self.turn().await;
    }

    /// One read, one write, and the same again if another node wrote in between.
    async fn commit_in_turn(
        &mut self,
        works: &Arc<[Work]>,
        turn: &mut Option<Turn>,
    ) -> Result<Vec<Answers>, PipelineError> {
        let operations = works.iter().map(|work| work.operations.len()).sum();
        for _ in 0..=self.settings.stale_retries_max {
            let meters = &self.settings.meters;
            let mut watch = Watch::start(meters.clone());
            let head = self.catch_up().instrument(debug_span!("catch_up")).await?;
            watch.lap(Step::CatchUp);
            let seen = head.revision;
            let decided = match self.decide(works, head, &mut watch).await {
                Err(PipelineError::Fault) if self.is_overtaken(seen).await? => {
                    self.meet(turn).await;
                    continue;
                }
                decided => decided?,
            };
            if decided.commit.is_empty() {
                if self.is_overtaken(seen).await? {
                    self.meet(turn).await;
                    continue;
                }
                self.settings.meters.batched(operations);
                return Ok(decided.answers);
            }
            let newest = decided.commit.events.last().map_or(seen, |event| event.revision);
            let events = decided.commit.events.len();
            let committing = self.store.commit(decided.commit);
            let committed = committing.instrument(debug_span!("commit", events)).await;
            watch.lap(Step::Commit);
            match committed {
                Ok(()) => {
                    let publish = || self.published.publish(decided.index_changes, newest);
                    debug_span!("publish").in_scope(publish);
                    watch.lap(Step::Publish);
                    self.settings.meters.batched(operations);
                    self.settings.meters.store_at(newest);
                    self.settings.meters.at_revision(newest);
                    watch.tell(events);
                    tell_cuts(&decided.answers);
                    return Ok(decided.answers);
                }
                Err(StoreError::Stale { .. }) => self.meet(turn).await,
                // If it was written all the same, the next batch finds the revision moved on
                // and catches up before it decides.
                Err(error) => return Err(store_error(error)),
            }
        }
        Err(PipelineError::Overtaken)
    }

    async fn decide(
        &self,
        works: &Arc<[Work]>,
        head: Head,
        watch: &mut Watch,
    ) -> Result<Decided, PipelineError> {
        let snapshot = self.published.snapshot();
        let limits = self.settings.limits();
        let matched = blocking({
            let (works, snapshot) = (works.clone(), snapshot.clone());
            let meters = self.settings.meters.clone();
            move || match_all(&works, &snapshot, &limits, &meters)
        })
        .instrument(debug_span!("match"))
        .await?;
        watch.lap(Step::Match);
        let has_golden_guards = !self.extractor.ruleset().golden_guards.is_empty();
        let wanted = wanted(works, &matched, has_golden_guards);
        let load = async {
            let standing = load::standing(&*self.store, &wanted).await?;
            Ok((standing, load::answered(&*self.store, works).await?))
        };
        let loaded: Result<_, StoreError> = load.instrument(debug_span!("load")).await;
        let (standing, answered) = loaded.map_err(store_error)?;
        watch.lap(Step::Load);
        let desk = Desk::new(head, standing, snapshot, self.extractor.clone(), &self.settings);
        let desk = desk.knowing(answered);
        let works = works.clone();
        let decide = blocking(move || desk.decide_all(&works, &matched));
        let decided = decide.instrument(debug_span!("decide")).await;
        watch.lap(Step::Decide);
        decided
    }

    /// Brings the index to the store's revision if another writer moved it, and gives the head.
    async fn catch_up(&mut self) -> Result<Head, PipelineError> {
        let clock = Some(&self.settings.clock);
        let followed = follow(&*self.store, &self.extractor, &mut self.published, clock).await;
        self.settings.meters.at_revision(self.published.revision());
        followed.iter().for_each(|head| self.settings.meters.store_at(head.revision));
        followed.map_err(|error| match error {
            FollowError::Store(error) => store_error(error),
            FollowError::Event(_) | FollowError::Record(_) => {
                tracing::error!(%error, "the index cannot follow the store");
                PipelineError::Fault
            }
        })
    }
}

/// Says whose potential matches are more than are kept.
fn tell_cuts(answers: &[Answers]) {
    for receipt in answers.iter().flatten().flatten().flatten() {
        if let Some(total) = receipt.candidates_total {
            let record = &receipt.record;
            tracing::info!(%record, total, "record {record} has more candidates than are kept");
        }
    }
}

/// Where the time of a batch goes; told by the meters, and at debug level.
struct Watch {
    meters: Arc<Meters>,
    since: Instant,
    laps_us: Vec<(Step, u128)>,
}

impl Watch {
    fn start(meters: Arc<Meters>) -> Self {
        Self { meters, since: Instant::now(), laps_us: Vec::new() }
    }

    fn lap(&mut self, step: Step) {
        let took = self.since.elapsed();
        self.meters.stepped(step, took);
        self.laps_us.push((step, took.as_micros()));
        self.since = Instant::now();
    }

    fn tell(&self, events: usize) {
        tracing::debug!(events, laps_us = ?self.laps_us, "committed a batch of {events}");
    }
}

/// Runs work that keeps a core busy where it does not keep the network waiting.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PipelineError> {
    threads::blocking(work).await.ok_or_else(|| {
        // The panic's own words may hold a patient's data, so only its place is told (by the
        // panic hook of the process).
        tracing::error!("a batch could not be decided");
        PipelineError::Fault
    })
}

fn store_error(error: StoreError) -> PipelineError {
    tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
    match error {
        // Ours, not the database's: whoever is not at fault shall not suffer for it.
        StoreError::Refused(_) => PipelineError::Fault,
        error => PipelineError::Store(Arc::new(error)),
    }
}

/// The same error for everybody in the batch.
fn copy(error: &PipelineError) -> PipelineError {
    match error {
        PipelineError::Busy { queue_max } => PipelineError::Busy { queue_max: *queue_max },
        PipelineError::TooMany { queue_max } => PipelineError::TooMany { queue_max: *queue_max },
        PipelineError::Overtaken => PipelineError::Overtaken,
        PipelineError::Stopping => PipelineError::Stopping,
        PipelineError::Store(error) => PipelineError::Store(error.clone()),
        PipelineError::Fault => PipelineError::Fault,
    }
}
