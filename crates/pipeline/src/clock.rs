//! Times and fresh ids, the two things that the pure rooms may not make themselves.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::UNIX_EPOCH,
};

use registry::ids::{Cruid, RecordId, Timestamp};
use uuid::Uuid;

/// A source of times that never run backwards, and of ids that never repeat.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
    id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    newest: Arc<AtomicI64>,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Clock {
    /// The machine's clock and random ids that sort by age (UUID version 7).
    pub fn system() -> Self {
        Self::new(system_microseconds, Uuid::now_v7)
    }

    /// A clock for tests and simulations: microseconds and ids from the given functions.
    pub fn new(
        now: impl Fn() -> i64 + Send + Sync + 'static,
        id: impl Fn() -> Uuid + Send + Sync + 'static,
    ) -> Self {
        Self { now: Arc::new(now), id: Arc::new(id), newest: Arc::new(AtomicI64::new(0)) }
    }

    /// Now, or the newest time ever given if the machine's clock was set back.
    pub fn now(&self) -> Timestamp {
        let now = (self.now)();
        Timestamp(self.newest.fetch_max(now, Ordering::Relaxed).max(now))
    }

    /// Keeps times from falling behind what is stored already.
    pub fn not_before(&self, stored: Timestamp) {
        self.newest.fetch_max(stored.0, Ordering::Relaxed);
    }

    /// An id for a new source record.
    pub fn record_id(&self) -> RecordId {
        RecordId::new((self.id)().to_string())
    }

    /// An id for a new golden record.
    pub fn cruid(&self) -> Cruid {
        Cruid::new((self.id)().to_string())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn system_microseconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
