//! The registry's verbs, asynchronous: submit and withdraw records, decide about links, compare.
//!
//! This room owns the linker, the one writer (architecture D3), and the published match index.
//! Edges decode a request, call one verb here and encode the answer. No SQL, no HTTP.
//!
//! One read, one write: a batch is decided on a snapshot with a revision, its commit names that
//! revision, the store refuses a stale one, and the batch is decided again.

use std::sync::Arc;

use arc_swap::ArcSwap;
use fhir::{outcome::Issue, resource::Resource};
use matching::{features::Features, index::Snapshot};
use registry::{
    actor::Actor,
    batch::Receipt,
    decide::{Refusal, Submitted},
    extract::Extractor,
    ids::{ClientId, RecordId, Revision},
    once::Once,
    record::SourceRecord,
    verdict::Verdict,
};
use store::{Queue, Reader, Store, StoreError, threads};
use thiserror::Error;
use tokio::task::JoinHandle;

pub mod adopt;
pub mod clock;
pub mod figures;
mod follow;
pub mod image;
mod linker;
mod load;
pub mod meters;
pub mod moving;
mod pair;
pub mod pairs;
mod parking;
mod published;
pub mod retrace;
pub mod review;
pub mod roll;
pub mod rows;
pub mod scores;
pub mod settings;
pub mod verify;

pub use clock::Clock;
use figures::Figures;
use image::{IndexOrigin, Keeper};
use linker::Linker;
pub use meters::Meters;
use parking::Gate;
use published::View;
use review::Case;
pub use settings::Settings;

/// Operations that one transaction may hold: they are decided in one go, and all others wait.
pub const ATOMIC_MAX: usize = 1_000;

/// One act of a source on the registry, ready for the linker. What persons decide is a [`Case`].
#[derive(Clone, Debug)]
pub enum Operation {
    /// Create or update a source record.
    Submit(Box<Submission>),
    /// Take a source record back.
    Withdraw {
        /// The record.
        record: RecordId,
        /// `If-Match`.
        if_match: Option<u32>,
    },
}

/// A decoded record with its features, extracted before it enters the queue.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The record and what its sender demands of the present state.
    pub submitted: Submitted,
    /// What the rules compare.
    pub features: Features,
}

/// Acts that belong together: answered together and, if atomic, carried out together.
#[derive(Clone, Debug)]
pub struct Work {
    /// The acts, in order.
    pub operations: Vec<Operation>,
    /// Who is accountable.
    pub actor: Actor,
    /// All are carried out, or none (FHIR transaction).
    pub is_atomic: bool,
    /// They are carried out once, however often they are sent.
    pub once: Option<Once>,
}

/// The answer to each operation of a [`Work`], in order.
pub type Answers = Vec<Result<Vec<Receipt>, Refusal>>;

/// Why the registry could not answer at all. Nothing of the work was written.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// The queue is full: try again a little later.
    #[error("the registry has more submissions waiting than it takes ({queue_max}); try again")]
    Busy {
        /// The bound that was met.
        queue_max: usize,
    },
    /// One request holds more than the queue can ever take.
    #[error("one request may hold {queue_max} entries at the most")]
    TooMany {
        /// The bound that was met.
        queue_max: usize,
    },
    /// Other writers kept overtaking this one.
    #[error("other nodes kept writing first; try again")]
    Overtaken,
    /// The registry is stopping.
    #[error("the registry is stopping")]
    Stopping,
    /// The store failed.
    #[error("the store is not available")]
    Store(#[source] Arc<StoreError>),
    /// A fault of the registry itself, recorded in its log.
    #[error("an internal fault kept the registry from deciding; its log tells more")]
    Fault,
}

/// Why the pipeline could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The store could not be read.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    /// A stored record cannot be read any more.
    #[error("stored record {0} cannot be read; run `opencr verify`")]
    Damaged(RecordId),
}

/// The running registry: a handle that is cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    shared: Arc<Shared>,
}

struct Shared {
    extractor: Arc<Extractor>,
    settings: Settings,
    reader: Arc<dyn Reader>,
    published: Arc<ArcSwap<View>>,
    origin: IndexOrigin,
    figures: Figures,
    queue: Arc<dyn Queue>,
    gate: Gate,
    linker: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    keeper: tokio::sync::Mutex<Option<Keeper>>,
}

impl Pipeline {
    /// Loads the match index from its image, or builds it from the store, and starts the linker.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the store cannot be read or holds an unreadable record.
    pub async fn start(
        store: Arc<dyn Store>,
        extractor: Extractor,
        settings: Settings,
    ) -> Result<Self, StartError> {
        let extractor = Arc::new(extractor);
        let (published, origin) =
            image::start(&*store, &extractor, settings.image.as_ref()).await?;
        let view = published.view();
        keep_time(&*store, &settings.clock).await?;
        let (gate, queue) = parking::gate(settings.queue_max, settings.meters.clone());
        let worklist: Arc<dyn Queue> = store.clone();
        let figures = Figures::new(store.clone(), settings.clock.clone());
        let linker = Linker::new(store.clone(), extractor.clone(), settings.clone(), published);
        let runtime = tokio::runtime::Handle::current();
        // On a thread of its own, where what it waits for is done right there.
        let task = tokio::task::spawn_blocking(move || {
            threads::may_block(|| runtime.block_on(linker.run(queue)))
        });
        let keeper = settings
            .image
            .clone()
            .map(|image| Keeper::start(store.clone(), view.clone(), image, origin, &extractor));
        Ok(Self {
            shared: Arc::new(Shared {
                extractor,
                settings,
                reader: store,
                published: view,
                origin,
                figures,
                queue: worklist,
                gate,
                linker: tokio::sync::Mutex::new(Some(task)),
                keeper: tokio::sync::Mutex::new(keeper),
            }),
        })
    }

    /// Decodes a submitted Patient and extracts its features: all the work that needs no queue.
    ///
    /// # Errors
    ///
    /// Every problem as a FHIR issue with the expression at fault.
    pub fn decode(
        &self,
        resource: Resource,
        client: &ClientId,
        url_id: Option<RecordId>,
    ) -> Result<Submission, Vec<Issue>> {
        let vocabulary = &self.shared.settings.vocabulary;
        let record = SourceRecord::decode(resource, url_id, client, vocabulary)?;
        let features =
            self.shared.extractor.extract(record.resource.value()).map_err(|issue| vec![issue])?;
        let submitted = Submitted { record, if_match: None, only_create: false };
        Ok(Submission { submitted, features })
    }

    /// Carries out `work`; returns once what it changed is durable.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if nothing was written and nothing was decided. What is refused for
    /// reasons of its own is in the answers.
    pub async fn submit(&self, work: Work) -> Result<Answers, PipelineError> {
        let count = work.operations.len();
        if work.is_atomic && count > ATOMIC_MAX {
            let error = PipelineError::TooMany { queue_max: ATOMIC_MAX };
            self.shared.settings.meters.failed(&error);
            return Err(error);
        }
        let turn_max = self.shared.settings.turn_max.max(1);
        if work.is_atomic || count <= turn_max {
            return self.shared.gate.pass(work).await;
        }
        self.in_turns(work, turn_max).await
    }

    /// Carries out a large work that is not atomic by parts, so that others get their turn.
    async fn in_turns(&self, work: Work, turn_max: usize) -> Result<Answers, PipelineError> {
        let Work { operations, actor, is_atomic, once } = work;
        let count = operations.len();
        let mut answers = Answers::with_capacity(count);
        let mut operations = operations.into_iter();
        while operations.len() > 0 {
            let part: Vec<Operation> = operations.by_ref().take(turn_max).collect();
            let begins = answers.len();
            let once = once.as_ref().map(|once| once.part(begins..begins + part.len()));
            let part = Work { operations: part, actor: actor.clone(), is_atomic, once };
            match self.shared.gate.pass(part).await {
                Ok(more) => answers.extend(more),
                Err(error) if answers.is_empty() => return Err(error),
                Err(error) => {
                    // What went before is durable and answered; the rest says why it is not.
                    let rest = Refusal::NotReached(error.to_string());
                    self.shared.settings.meters.refused(&rest, count - answers.len());
                    answers.resize(count, Err(rest));
                    break;
                }
            }
        }
        Ok(answers)
    }

    /// Carries out a person's decision, or only tries it; returns once it is durable.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if nothing was written and nothing was decided. A decision that is not
    /// possible is answered by a [`Refusal`].
    pub async fn adjudicate(&self, case: Case) -> Result<Result<Verdict, Refusal>, PipelineError> {
        let answer = self.shared.gate.judge(Arc::new(case)).await?;
        match answer {
            Err(Refusal::RestedOn { event, .. }) => {
                let named = review::resting_on(&*self.shared.reader, event).await;
                let later = named.map_err(|error| PipelineError::Store(Arc::new(error)))?;
                Ok(Err(Refusal::RestedOn { event, later }))
            }
            answer => Ok(answer),
        }
    }

    /// Reads of the committed state.
    pub fn reader(&self) -> &Arc<dyn Reader> {
        &self.shared.reader
    }

    /// The work queue, and what is put aside from it.
    pub fn queue(&self) -> &Arc<dyn Queue> {
        &self.shared.queue
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The rules in force.
    pub fn extractor(&self) -> &Arc<Extractor> {
        &self.shared.extractor
    }

    /// The match index as of the newest published commit.
    pub fn index(&self) -> Arc<Snapshot> {
        self.shared.published.load().snapshot.clone()
    }

    /// The store's revision that the match index shows.
    pub fn index_revision(&self) -> Revision {
        self.shared.published.load().revision
    }

    /// What the match index was made from at the start.
    pub fn index_origin(&self) -> IndexOrigin {
        self.shared.origin
    }

    /// How many operations wait or are being decided.
    pub fn queued(&self) -> usize {
        self.shared.gate.waiting()
    }

    /// Whether work is still accepted.
    pub fn is_open(&self) -> bool {
        self.shared.gate.is_open()
    }

    /// Accepts no more work, finishes what was accepted and returns when it is durable and, if
    /// configured, the index image is written.
    pub async fn stop(&self) {
        self.shared.gate.close();
        if let Some(task) = self.shared.linker.lock().await.take()
            && task.await.is_err()
        {
            tracing::error!("the linker ended by a fault while stopping");
        }
        if let Some(keeper) = self.shared.keeper.lock().await.take() {
            keeper.stop().await;
        }
    }
}

/// Keeps new times from falling behind those of stored events.
async fn keep_time(store: &dyn Reader, clock: &Clock) -> Result<(), StoreError> {
    let newest = store.head().await?.revision;
    let before = Revision(newest.0.saturating_sub(1));
    for event in store.events_after(before, 1).await? {
        clock.not_before(event.at);
    }
    Ok(())
}
