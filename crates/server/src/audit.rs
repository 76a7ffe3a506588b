//! [`Auditor`]: takes down who asked for what, in batches off the request path.
//!
//! A request takes a place in the queue before it is looked at and fills it with its entry once
//! it is answered, so a full queue or a failing store refuses requests (503) rather than leave
//! them out. One task chains the entries and appends them. A graceful stop writes all of them; a
//! crash loses what came since the last batch, at most [`AuditSettings::every`] and a commit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chacha20poly1305::{KeyInit, XChaCha20Poly1305, aead::OsRng};
use pipeline::Clock;
use registry::{
    actor::Actor,
    audit::{AuditEntry, AuditHead, AuditRecord, TermKey, Who},
    ids::Timestamp,
};
use store::{AuditLog, StoreError};
use thiserror::Error;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

mod notes;
mod past;
mod told;
mod watch;

pub(crate) use notes::{Notes, outcome_of};
pub(crate) use past::past;
pub(crate) use registry::audit::Act;
pub(crate) use told::events_about;
pub use told::opencr_history;
pub(crate) use watch::watch;

/// Requests that may be under way or wait to be written: more than connections and a slow disk
/// can gather in a batch's time, and some megabytes at the most.
const QUEUE_MAX: usize = 16_384;

/// Entries of one append.
const BATCH_MAX: usize = 1_000;

/// Between two attempts when the store fails.
const RETRY: Duration = Duration::from_millis(500);

/// How often what is too old is looked for.
const CUT_EVERY: Duration = Duration::from_secs(3_600);

/// What the auditor is told at its start.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// The installation's key for search terms; `None` writes them as they are.
    pub term_key: Option<TermKey>,
    /// How long entries are kept; `None` for ever.
    pub keep: Option<Duration>,
    /// How long entries wait for others to be written with them.
    pub every: Duration,
}

impl AuditSettings {
    /// Hashed terms, kept for ever, written ten times a second.
    pub fn new(term_key: TermKey) -> Self {
        Self { term_key: Some(term_key), keep: None, every: Duration::from_millis(100) }
    }
}

/// Random bytes for a [`TermKey`], from the system's generator of secrets.
pub fn fresh_term_key() -> [u8; 32] {
    XChaCha20Poly1305::generate_key(&mut OsRng).into()
}

/// The audit log cannot be written now: what would have to be taken down must not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the audit log cannot be written")]
pub struct Unaudited;

/// Takes down entries; cheap to clone.
#[derive(Clone)]
pub struct Auditor {
    shared: Arc<Shared>,
}

struct Shared {
    sender: mpsc::Sender<Message>,
    is_failing: Arc<AtomicBool>,
    clock: Clock,
    term_key: Option<TermKey>,
    task: Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Entry(Timestamp, Box<AuditEntry>),
    Stop(oneshot::Sender<()>),
}

/// A place for one request's entries.
pub(crate) struct Reserved {
    place: mpsc::OwnedPermit<Message>,
    auditor: Auditor,
}

impl Reserved {
    /// Hands in the entries of the request; the place is for the first, others queue up.
    pub(crate) async fn write(self, entries: Vec<AuditEntry>) {
        let at = self.auditor.shared.clock.now();
        let mut place = Some(self.place);
        for entry in entries {
            let message = Message::Entry(at, Box::new(entry));
            match place.take() {
                Some(place) => _ = place.send(message),
                // Fails only once the auditor has stopped, after the last request was answered.
                None => _ = self.auditor.shared.sender.send(message).await,
            }
        }
    }
}

impl Auditor {
    /// Finds the end of the log and starts the task that continues it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the log cannot be read.
    pub async fn start(
        log: Arc<dyn AuditLog>,
        clock: Clock,
        settings: AuditSettings,
    ) -> Result<Self, StoreError> {
        let (_, head) = log.audit_ends().await?;
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let is_failing = Arc::new(AtomicBool::new(false));
        let AuditSettings { term_key, keep, every } = settings;
        let (clock_of_task, failing) = (clock.clone(), is_failing.clone());
        let writer =
            Writer { log, head, queue, is_failing: failing, clock: clock_of_task, keep, every };
        let task = Mutex::new(Some(tokio::spawn(writer.run())));
        Ok(Self { shared: Arc::new(Shared { sender, is_failing, clock, term_key, task }) })
    }

    /// Takes down an act that is not a request of the FHIR API: a login, a change of settings, an
    /// export, a steward's decision. It is durable a batch's time later.
    ///
    /// # Errors
    ///
    /// [`Unaudited`]: refuse what was to be done, with a 503.
    pub fn record(&self, entry: AuditEntry) -> Result<(), Unaudited> {
        let reserved = self.reserve()?;
        let at = self.shared.clock.now();
        reserved.place.send(Message::Entry(at, Box::new(entry)));
        Ok(())
    }

    /// A search term as the log holds it.
    pub fn term(&self, name: &str, value: &str) -> registry::audit::Term {
        let key = self.shared.term_key.as_ref();
        let value = key.map_or_else(|| value.to_owned(), |key| key.hash(name, value));
        registry::audit::Term { name: name.to_owned(), value }
    }

    /// A place for a request's entry, taken before the request is carried out.
    pub(crate) fn reserve(&self) -> Result<Reserved, Unaudited> {
        if self.shared.is_failing.load(Ordering::Relaxed) {
            return Err(Unaudited);
        }
        let place = self.shared.sender.clone().try_reserve_owned().map_err(|_| Unaudited)?;
        Ok(Reserved { place, auditor: self.clone() })
    }

    /// Writes what was handed in, and ends. Call it after the last request is answered and
    /// before the store is closed.
    pub async fn stop(&self) {
        let Some(task) = self.shared.task.lock().await.take() else { return };
        let (done, is_done) = oneshot::channel();
        if self.shared.sender.send(Message::Stop(done)).await.is_ok() {
            _ = is_done.await;
        }
        if task.await.is_err() {
            tracing::error!("the audit log's writer ended by a fault");
        }
    }
}

/// The one writer of the audit log.
struct Writer {
    log: Arc<dyn AuditLog>,
    head: AuditHead,
    queue: mpsc::Receiver<Message>,
    is_failing: Arc<AtomicBool>,
    clock: Clock,
    keep: Option<Duration>,
    every: Duration,
}

impl Writer {
    async fn run(mut self) {
        let mut cut_at = Instant::now();
        loop {
            if self.keep.is_some() && Instant::now() >= cut_at {
                self.cut().await;
                cut_at = Instant::now() + CUT_EVERY;
            }
            let first = tokio::select! {
                message = self.queue.recv() => message,
                () = sleep_until(cut_at), if self.keep.is_some() => continue,
            };
            let Some(first) = first else { return };
            if let Some(done) = self.batch(first).await {
                _ = done.send(());
                return;
            }
        }
    }

    /// Gathers and writes a batch that begins with `first`; gives who waits for the stop.
    async fn batch(&mut self, first: Message) -> Option<oneshot::Sender<()>> {
        let until = Instant::now() + self.every;
        let (mut entries, mut stop) = (Vec::new(), None);
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Entry(at, entry) => entries.push((at, *entry)),
                Message::Stop(done) => {
                    stop = Some(done);
                    break;
                }
            }
            if entries.len() == BATCH_MAX {
                break;
            }
            next = tokio::time::timeout_at(until, self.queue.recv()).await.ok().flatten();
        }
        self.append(entries, stop.is_some()).await;
        stop
    }

    /// Appends, and tries again until it works; meanwhile requests are refused. While stopping
    /// it gives up after a few attempts, and says so.
    async fn append(&mut self, entries: Vec<(Timestamp, AuditEntry)>, is_stopping: bool) {
        let mut attempts = 0;
        while !entries.is_empty() {
            let mut head = self.head.clone();
            let records: Vec<AuditRecord> =
                entries.iter().map(|(at, entry)| head.append(*at, entry.clone())).collect();
            let error = match self.log.append_audit(records).await {
                Ok(()) => {
                    self.head = head;
                    break;
                }
                Err(error) => error,
            };
            if matches!(error, StoreError::Refused(_)) && self.catch_up(&head).await {
                if self.head == head {
                    break;
                }
                continue;
            }
            self.is_failing.store(true, Ordering::Relaxed);
            {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, entries = entries.len(), "cannot write the audit log");
            }
            attempts += 1;
            if is_stopping && attempts == 5 {
                tracing::error!(entries = entries.len(), "audit entries are lost");
                return;
            }
            sleep(RETRY).await;
        }
        self.is_failing.store(false, Ordering::Relaxed);
    }

    /// Moves to the newest entry, if that is another node's, or one of ours whose answer was lost
    /// (then it is `written`); false if the log is where it was.
    async fn catch_up(&mut self, written: &AuditHead) -> bool {
        let Ok((_, newest)) = self.log.audit_ends().await else { return false };
        let has_moved = newest.number > self.head.number || newest == *written;
        if has_moved {
            self.head = newest;
        }
        has_moved
    }

    async fn cut(&mut self) {
        let keep = self.keep.unwrap_or(Duration::MAX).as_micros();
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let now = self.clock.now();
        let before = Timestamp(now.0.saturating_sub(keep));
        let mut total = 0;
        loop {
            match self.log.cut_audit(before).await {
                Ok(0) => break,
                Ok(cut) => total += cut,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "cannot cut the audit log");
                    return;
                }
            }
        }
        if total > 0 {
            let actor = Some(Actor::Job("audit retention".to_owned()));
            let mut entry = AuditEntry::new(Act::Cut, Who { actor, proof: None });
            entry.detail = Some(format!("{total} entries older than {}", before.to_instant()));
            self.append(vec![(now, entry)], false).await;
        }
    }
}
