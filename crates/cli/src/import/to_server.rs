//! An import into a running server: one conditional update a row, over several connections.
//!
//! A row is `PUT Patient?identifier=system|value`, so sending it again changes nothing. Rows
//! with the same id go over the same connection, so that the later one wins there too.

mod request;
mod watermark;

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    time::Duration,
};

use pipeline::rows::Rows;

use super::Run;
use request::{Connection, Failure, Request};
use watermark::{Done, Watermark};

/// Rows that wait for one connection; enough that reading never holds it up.
const ROWS_AHEAD: usize = 32;

/// Sends every row. The run's state follows the first row that is not answered yet.
pub(super) fn send(
    run: &mut Run,
    rows: Rows,
    server: &str,
    connections: u16,
) -> anyhow::Result<()> {
    Connection::new(server, None).check()?;
    let stop = Stop::default();
    let client = run.client.as_ref().map(|client| client.as_str().to_owned());
    let (system, skip) = (run.system.clone(), run.skip);
    let connections: Vec<_> =
        (0..connections).map(|_| Connection::new(server, client.clone())).collect();
    std::thread::scope(|scope| {
        let (to_run, results) = mpsc::channel();
        let mut lanes = Vec::new();
        for connection in connections {
            let (lane, requests) = mpsc::sync_channel(ROWS_AHEAD);
            lanes.push(lane);
            let (to_run, stop) = (to_run.clone(), &stop);
            scope.spawn(move || work(&connection, &requests, &to_run, stop));
        }
        let reading = Reading { rows, skip, system, lanes, to_run };
        let stop = &stop;
        let reading = scope.spawn(move || read(reading, stop));
        let taken = take(run, &results, skip);
        // After an error here nobody listens; the threads see it and end.
        stop.raise();
        drop(results);
        let read = reading.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a fault while reading")));
        taken.and(read)
    })
}

/// What the reading thread works on.
struct Reading {
    rows: Rows,
    skip: u64,
    system: Arc<str>,
    lanes: Vec<SyncSender<Request>>,
    to_run: Sender<Done>,
}

/// Reads rows, lists the bad ones and gives each good one to its connection.
///
/// Takes the senders with it: when it ends, the connections and the run see that no more comes.
fn read(reading: Reading, stop: &Stop) -> anyhow::Result<()> {
    let Reading { rows, skip, system, lanes, to_run } = reading;
    let hasher = RandomState::new();
    for (row, ordinal) in rows.zip(1..) {
        let row = row?;
        if ordinal <= skip {
            continue;
        }
        let (line, warnings) = (row.number, row.warnings);
        let identified = row.result.map_err(|problem| problem.to_string()).and_then(|patient| {
            Request::new(ordinal, line, patient, &system)
                .ok_or_else(|| "the Patient has no identifier of the source system".to_owned())
        });
        let is_heard = match identified {
            Ok(mut request) => {
                request.warnings = warnings;
                let lane = hasher.hash_one(&request.key) % lanes.len() as u64;
                lanes[lane as usize].send(request).is_ok()
            }
            Err(reason) => {
                to_run.send(Done { ordinal, line, warnings, result: Err(reason.into()) }).is_ok()
            }
        };
        if !is_heard || stop.is_raised() {
            break;
        }
    }
    Ok(())
}

/// One connection's thread: a request at a time, in the order in which they come.
fn work(connection: &Connection, requests: &Receiver<Request>, to_run: &Sender<Done>, stop: &Stop) {
    while let Ok(request) = requests.recv() {
        if stop.is_raised() {
            return;
        }
        let result = connection.send(&request, stop);
        let is_fatal = matches!(result, Err(Failure::Fatal(_)));
        let Request { ordinal, line, warnings, .. } = request;
        if to_run.send(Done { ordinal, line, warnings, result }).is_err() || is_fatal {
            return;
        }
    }
}

/// Takes the answers, in file order.
fn take(run: &mut Run, results: &Receiver<Done>, skip: u64) -> anyhow::Result<()> {
    let mut watermark = Watermark::after(skip);
    for done in results {
        for Done { ordinal, line, warnings, result } in watermark.add(done) {
            match result {
                Ok(()) => run.take(warnings),
                Err(Failure::Refused(reason)) => run.refuse(line, &reason)?,
                Err(Failure::Fatal(error)) => return Err(error),
            }
            run.done(ordinal, line)?;
        }
        if let Some(error) = watermark.take_fatal() {
            return Err(error);
        }
    }
    Ok(())
}

/// Tells every thread that the run is over, also those that wait before trying again.
#[derive(Default)]
struct Stop {
    is_raised: Mutex<bool>,
    raised: Condvar,
}

impl Stop {
    fn raise(&self) {
        *self.is_raised.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.raised.notify_all();
    }

    fn is_raised(&self) -> bool {
        *self.is_raised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, or returns early when the run is over.
    fn wait(&self, duration: Duration) {
        let guard = self.is_raised.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.raised.wait_timeout_while(guard, duration, |is_raised| !*is_raised);
        drop(waited);
    }
}
