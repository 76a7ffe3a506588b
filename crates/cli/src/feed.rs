//! Rows into a pipeline of this process: read and decoded on a thread, committed in order.

use std::{
    future::{Future as _, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll,
};

use anyhow::Context as _;
use fhir::{outcome::Issue, resource::Resource};
use futures_util::future::{MaybeDone, maybe_done};
use pipeline::{
    Operation, Pipeline, PipelineError, Settings, Submission, Work,
    rows::{Row, RowWarning, Rows, RowsError},
};
use rayon::prelude::*;
use registry::{actor::Actor, batch::Receipt, ids::ClientId};

/// Rows that are decoded and committed together; one commit of the default linker.
const CHUNK_ROWS: usize = 500;
/// Chunks decoded ahead of the linker.
const CHUNKS_AHEAD: usize = 2;
/// Chunks with the linker at the most, and one that is just leaving.
const CHUNKS_SUBMITTED_MAX: usize = 3;

/// One row after its submission.
pub(crate) struct Fed {
    /// The line where it begins.
    pub(crate) number: u64,
    /// Its own id; empty if it has none.
    pub(crate) id: String,
    /// Where it belongs, or why it was not taken.
    pub(crate) result: Result<Receipt, String>,
    /// What it lost on the way.
    pub(crate) warnings: Vec<RowWarning>,
}

/// Whether a chunk may wait behind the one at work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// It may, so that the linker need not wait for it. If the commit before fails, this one may
    /// still be written: for runs that a failure ends without a trace.
    One,
    /// What is written is always the beginning of the file.
    None,
}

/// Says who submits.
#[derive(Clone)]
pub(crate) struct Sender {
    /// The submitting system.
    pub(crate) client: ClientId,
    /// Who is accountable for the events.
    pub(crate) actor: Actor,
    /// How far ahead.
    pub(crate) ahead: Ahead,
}

/// A row on its way.
struct Decoded {
    number: u64,
    id: String,
    result: Result<Submission, String>,
    warnings: Vec<RowWarning>,
}

/// Settings for a pipeline that only [`feed`] submits to: a chunk is one turn and one commit.
pub(crate) fn alone(mut settings: Settings) -> Settings {
    settings.turn_max = CHUNK_ROWS;
    settings.batch_max = CHUNK_ROWS;
    settings.queue_max = settings.queue_max.max(CHUNKS_SUBMITTED_MAX * CHUNK_ROWS);
    settings
}

/// Submits every row after the first `skip` ones, in file order, to a pipeline with settings of
/// [`alone`].
///
/// Rows are decoded, and searched in the index, on all cores; decisions are taken one by one, as
/// if each row came when the one before was linked.
///
/// `on_done` hears of each chunk once it is durable. A bad row does not stop the run; an
/// unreadable file does, after the rows before that place are done.
pub(crate) async fn feed(
    pipeline: &Pipeline,
    rows: Rows,
    sender: Sender,
    skip: u64,
    on_done: &mut dyn FnMut(Vec<Fed>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (to_linker, mut decoded) = tokio::sync::mpsc::channel(CHUNKS_AHEAD);
    let decoder = Arc::new((pipeline.clone(), sender.client.clone()));
    let reading = tokio::task::spawn_blocking(move || -> Result<(), RowsError> {
        let mut rows = rows.skip(usize::try_from(skip).unwrap_or(usize::MAX));
        loop {
            let (chunk, error) = next_chunk(&mut rows);
            if !chunk.is_empty() {
                let (pipeline, client) = &*decoder;
                let decode = |row| decode(pipeline, client, row);
                let chunk: Vec<Decoded> = chunk.into_par_iter().map(decode).collect();
                if to_linker.blocking_send(chunk).is_err() {
                    return Ok(());
                }
            } else if error.is_none() {
                return Ok(());
            }
            if let Some(error) = error {
                return Err(error);
            }
        }
    });
    let mut before: Option<Pin<Box<MaybeDone<_>>>> = None;
    loop {
        let next = decoded.recv().await.map(|chunk| submit(pipeline, &sender.actor, chunk));
        let is_last = next.is_none();
        let mut next = next.map(|submission| Box::pin(maybe_done(submission)));
        if let Some(next) = &mut next
            && sender.ahead == Ahead::One
        {
            // Polled once it is in the linker's queue, which is therefore in file order. It waits
            // there while the chunk before is at work.
            poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_ready())).await;
        }
        if let Some(mut done) = std::mem::replace(&mut before, next) {
            done.as_mut().await;
            let fed = done.as_mut().take_output().context("a submission gave no answer")?;
            on_done(fed?)?;
        }
        if is_last {
            break;
        }
    }
    reading.await.context("reading the file stopped by a fault")??;
    Ok(())
}

fn next_chunk(
    rows: &mut impl Iterator<Item = Result<Row, RowsError>>,
) -> (Vec<Row>, Option<RowsError>) {
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    while chunk.len() < CHUNK_ROWS {
        match rows.next() {
            Some(Ok(row)) => chunk.push(row),
            Some(Err(error)) => return (chunk, Some(error)),
            None => break,
        }
    }
    (chunk, None)
}

fn decode(pipeline: &Pipeline, client: &ClientId, row: Row) -> Decoded {
    let result = row.result.map_err(|problem| problem.to_string()).and_then(|mut patient| {
        drop_id(&mut patient);
        pipeline.decode(patient, client, None).map_err(|issues| all_in_words(&issues))
    });
    Decoded { number: row.number, id: row.id, result, warnings: row.warnings }
}

/// What is wrong with a row.
pub(crate) fn all_in_words(issues: &[Issue]) -> String {
    let texts: Vec<_> = issues.iter().map(in_words).collect();
    texts.join("; ")
}

fn in_words(issue: &Issue) -> String {
    match issue.expression.first() {
        Some(expression) => format!("{expression}: {}", issue.diagnostics),
        None => issue.diagnostics.clone(),
    }
}

/// Takes the id away: it is the id on the server that the file is from, and two files may use
/// one id for two people. Identity is the identifier of the source system.
pub(crate) fn drop_id(patient: &mut Resource) {
    if let Some(object) = patient.value_mut().as_object_mut() {
        object.shift_remove("id");
    }
}

async fn submit(
    pipeline: &Pipeline,
    actor: &Actor,
    chunk: Vec<Decoded>,
) -> anyhow::Result<Vec<Fed>> {
    let mut operations = Vec::with_capacity(chunk.len());
    let mut waiting = Vec::with_capacity(chunk.len());
    for Decoded { number, id, result, warnings } in chunk {
        let refusal = match result {
            Ok(submission) => {
                operations.push(Operation::Submit(Box::new(submission)));
                None
            }
            Err(reason) => Some(reason),
        };
        waiting.push((number, id, warnings, refusal));
    }
    let mut answers = Vec::new();
    if !operations.is_empty() {
        let work = Work { operations, actor: actor.clone(), is_atomic: false, once: None };
        answers = pipeline.submit(work).await.map_err(explained)?;
    }
    let mut answers = answers.into_iter();
    let fed = waiting.into_iter().map(|(number, id, warnings, refusal)| {
        let result = match refusal {
            Some(reason) => Err(reason),
            None => match answers.next() {
                Some(Ok(receipts)) => {
                    receipts.into_iter().next().ok_or_else(|| "no answer".to_owned())
                }
                Some(Err(refusal)) => Err(refusal.to_string()),
                None => Err("no answer".to_owned()),
            },
        };
        Fed { number, id, result, warnings }
    });
    Ok(fed.collect())
}

fn explained(error: PipelineError) -> anyhow::Error {
    anyhow::Error::new(error).context("the registry stopped taking rows")
}
