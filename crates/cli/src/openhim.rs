//! This registry as a mediator of an OpenHIM: registered, alive, and taking a few settings from
//! there (contract 4.4; docs/decisions/0016-openhim.md).
//!
//! It runs beside the server on a thread of its own and never stops it: whatever OpenHIM does or
//! fails to do is a line in the log, and is tried again.

mod core;
mod descriptor;
mod live;

use std::{
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use server::{App, Auditor, SearchBounds};

use self::core::{Core, CoreError};
use crate::config::Config;
use live::Live;

/// The longest pause between two attempts after failures.
const PAUSE_MAX: Duration = Duration::from_secs(120);

/// What is needed to be a mediator, read before anything starts.
pub(crate) struct Mediator {
    core: Core,
    descriptor: Value,
    urn: String,
    every: Duration,
}

/// A mediator at work; dropping it ends it.
pub(crate) struct Running {
    _stop: Sender<()>,
}

impl Mediator {
    /// Prepares what the configuration asks for; `None` if it asks for none.
    pub(crate) fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let told = &config.openhim;
        if !told.enabled {
            return Ok(None);
        }
        let urn = descriptor::urn(told).to_owned();
        let every = Duration::from_secs(told.heartbeat_seconds);
        Ok(Some(Self { core: Core::of(told)?, descriptor: Value::Null, urn, every }))
    }

    /// Starts registering and sending heartbeats. `port` is what is listened on.
    pub(crate) fn start(
        mut self,
        config: &Config,
        port: u16,
        app: &App,
        auditor: &Auditor,
    ) -> anyhow::Result<Running> {
        let bounds = app.search_bounds();
        let place = (port, config.tls.is_on());
        self.descriptor = descriptor::of(&config.openhim, place, bounds);
        let live = Live::new(app.clone(), auditor.clone(), bounds);
        let (stop, stopped) = channel();
        thread::Builder::new().name("openhim".to_owned()).spawn(move || {
            let mut talk = Talk { mediator: self, live, began: Instant::now(), is_known: false };
            let mut failures = Failures::default();
            loop {
                let pause = failures.after(talk.turn(), talk.mediator.every);
                // Nothing is ever sent: it ends when the other side is dropped.
                if !matches!(stopped.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                    return;
                }
            }
        })?;
        Ok(Running { _stop: stop })
    }
}

/// The conversation with the core.
struct Talk {
    mediator: Mediator,
    live: Live,
    began: Instant,
    /// Whether the core knows this mediator, as far as we know.
    is_known: bool,
}

impl Talk {
    /// Registers if that has not been done, then sends a heartbeat and takes what comes with it.
    fn turn(&mut self) -> Result<(), CoreError> {
        let core = &self.mediator.core;
        let asks = !self.is_known;
        if asks {
            core.post("/mediators", &self.mediator.descriptor, 201)?;
        }
        let mut beat = json!({ "uptime": self.began.elapsed().as_secs() });
        if asks {
            beat["config"] = json!(true);
        }
        let path = format!("/mediators/{}/heartbeat", self.mediator.urn);
        let answer = core.post(&path, &beat, 200);
        // Also one that has forgotten it is registered with again.
        self.is_known = answer.is_ok();
        if let Some(config) = answer?.as_object().filter(|config| !config.is_empty()) {
            self.live.take(config);
        }
        Ok(())
    }
}

/// What went wrong so far, so that a lasting fault is told once.
#[derive(Default)]
struct Failures {
    last: Option<String>,
    count: u32,
    was_connected: bool,
}

impl Failures {
    /// Tells of a turn that changed something, and gives the pause before the next.
    fn after(&mut self, turn: Result<(), CoreError>, every: Duration) -> Duration {
        match turn {
            Ok(()) => {
                if self.last.take().is_some() || !self.was_connected {
                    tracing::info!("registered with OpenHIM");
                }
                (self.was_connected, self.count) = (true, 0);
                every
            }
            Err(error) => {
                let error = error.to_string();
                if self.last.as_ref() != Some(&error) {
                    tracing::warn!(
                        error,
                        "OpenHIM does not take this registry; it keeps serving \
                                           and tries again"
                    );
                    self.last = Some(error);
                }
                let factor = 1 << self.count.min(16);
                self.count = self.count.saturating_add(1);
                every.saturating_mul(factor).min(PAUSE_MAX.max(every))
            }
        }
    }
}

/// The bounds of searches as far as OpenHIM may set them: never wider than the file's.
fn within(bounds: SearchBounds, file: SearchBounds) -> bool {
    bounds.per_minute <= file.per_minute && bounds.results_max <= file.results_max
}
