//! Decides everything that sources sent once more, in the committed order, and compares.
//!
//! The linker promises exact serial semantics: whatever was batched, overtaken by another node or
//! decided again, the outcome is that of one act after another. This is the proof: each submission
//! and withdrawal is decided alone, on the state that the events before it left, with the time and
//! the ids that it got; the event that comes of it must be the one that is stored. What people
//! decided is taken over as stored, since an event does not tell what they were asked.

mod again;
mod script;
mod subjects;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use registry::{
    event::{Event, EventBody, Verb},
    extract::Extractor,
    ids::{RecordId, Revision},
};
use store::{Reader, StoreError};
use thiserror::Error;

use crate::settings::Settings;
use again::Tracer;

/// Events read at once.
const PAGE_MAX: u32 = 1_000;

/// Events after which progress is told.
const TOLD_EVERY: u64 = 10_000;

/// Findings told at the most.
const FINDINGS_MAX: usize = 1_000;

/// Why nothing can be said about what was decided.
#[derive(Debug, Error)]
pub enum RetraceError {
    /// The store could not be read.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    /// An event is not one; `opencr verify` tells more.
    #[error("event {0} cannot be read; run `opencr verify`")]
    Event(Revision),
    /// The events contradict each other; `opencr verify` tells more.
    #[error("event {0} does not continue what went before; run `opencr verify`")]
    Broken(Revision),
    /// A fault of this program.
    #[error("an internal fault kept event {0} from being decided again")]
    Fault(Revision),
}

/// What came of deciding again.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Submissions and withdrawals that were decided again.
    pub decided: u64,
    /// Decisions of people, taken over as they are.
    pub by_people: u64,
    /// Events decided by other rules than those in force, taken over as they are.
    pub by_other_rules: u64,
    /// Events that would be other ones, in words and without patients' data.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether everything would be decided the same.
    pub fn is_same(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, event: Revision, finding: &str) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(format!("event {event}: {finding}"));
        }
    }
}

/// Decides again what the events of a store tell of; `progress` hears a line now and then.
///
/// The settings and rules should be those that the registry ran with. It takes the memory of a
/// match index and of a [`store::DraftStore`].
///
/// # Errors
///
/// [`RetraceError`] if the store cannot be read or its events are no chain; what would be decided
/// otherwise is in the report.
pub async fn retrace(
    reader: &dyn Reader,
    extractor: Arc<Extractor>,
    settings: &Settings,
    progress: &mut (dyn FnMut(&str) + Send),
) -> Result<Report, RetraceError> {
    let mut report = Report::default();
    let mut tracer = Tracer::new(reader, extractor, settings);
    let last = reader.head().await?.revision;
    let mut after = Revision(0);
    while after < last {
        let page = reader.events_after(after, PAGE_MAX).await?;
        let Some(newest) = page.last() else { break };
        after = newest.revision;
        for event in &page {
            step(&mut tracer, &read(event)?, &mut report).await?;
            if event.revision.0 % TOLD_EVERY == 0 {
                progress(&format!("{} of {last} events decided again", event.revision));
            }
        }
    }
    Ok(report)
}

fn read(event: &Event) -> Result<EventBody, RetraceError> {
    serde_json::from_str(&event.body).map_err(|_| RetraceError::Event(event.revision))
}

async fn step(
    tracer: &mut Tracer<'_>,
    body: &EventBody,
    report: &mut Report,
) -> Result<(), RetraceError> {
    let is_by_source = matches!(body.verb, Verb::Submit | Verb::Withdraw);
    if !is_by_source {
        report.by_people += 1;
    } else if body.ruleset != tracer.ruleset() {
        report.by_other_rules += 1;
    } else {
        report.decided += 1;
        match decide_again(tracer, body).await? {
            Again::Same => return Ok(()),
            Again::Differs(how) => report.find(body.revision, &how),
        }
    }
    tracer.take_over(body).await
}

/// What deciding again came to.
enum Again {
    /// The same event, which has been carried out.
    Same,
    /// Another one, or none; nothing has been carried out.
    Differs(String),
}

async fn decide_again(tracer: &mut Tracer<'_>, body: &EventBody) -> Result<Again, RetraceError> {
    let who: Vec<RecordId> = tracer.subjects(body);
    let mut how = "it does not tell which record was submitted".to_owned();
    for record in who {
        match tracer.decide(body, &record).await? {
            Again::Same => return Ok(Again::Same),
            Again::Differs(otherwise) => how = otherwise,
        }
    }
    Ok(Again::Differs(how))
}
