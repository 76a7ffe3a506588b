//! What the pipeline is told at its start: bounds, policy, vocabulary and clock.

use std::sync::Arc;

use matching::index::Limits;
use registry::{decide::Policy, vocabulary::Vocabulary};

use crate::{clock::Clock, image::ImageSettings, meters::Meters};

/// The pipeline's settings; [`Settings::default`] has the documented defaults.
#[derive(Clone)]
pub struct Settings {
    /// Operations that may wait or be in work at once; more are refused as busy.
    pub queue_max: usize,
    /// Operations that one commit takes at the most, unless one request holds more.
    pub batch_max: usize,
    /// Operations of one work that go through the queue together; the linker serves others
    /// between.
    pub turn_max: usize,
    /// How often a batch is decided again because another node wrote first.
    pub stale_retries_max: usize,
    /// Potential matches kept for each record and rule, best first; the number of all is kept.
    pub potential_max: usize,
    /// Where the index is kept for the next start; `None` to build it anew each time.
    pub image: Option<ImageSettings>,
    /// Choices that change decisions.
    pub policy: Policy,
    /// How registry facts are spelt in FHIR.
    pub vocabulary: Vocabulary,
    /// Where times and fresh ids come from.
    pub clock: Clock,
    /// Where work is counted and timed.
    pub meters: Arc<Meters>,
}

impl Settings {
    /// What a search may return.
    pub(crate) fn limits(&self) -> Limits {
        Limits { potential_max: self.potential_max }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // About ten seconds of work on a small machine: who waits longer has given up.
            queue_max: 10_000,
            // Large enough that one fsync is shared by many, small enough to answer within
            // a fraction of a second.
            batch_max: 500,
            turn_max: 50,
            stale_retries_max: 10,
            potential_max: 100,
            image: None,
            policy: Policy::default(),
            vocabulary: Vocabulary::default(),
            clock: Clock::system(),
            meters: Arc::new(Meters::none()),
        }
    }
}
