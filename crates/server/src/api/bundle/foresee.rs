//! What the reads and conditions of a transaction will find, settled before anything is written: a
//! transaction with an entry that fails must store nothing (R4 http.html#transaction).

use std::collections::HashSet;

use pipeline::Operation;
use registry::{
    ids::{RecordId, SourceKey},
    stored::StoredPatient,
};

use super::{Sender, entry::Lookup, plan::Act};
use crate::{
    App,
    api::{find_visible, history},
    budget::Budget,
    error::ApiError,
};

/// The records that the transaction itself writes.
struct Written {
    submitted: HashSet<RecordId>,
    withdrawn: HashSet<RecordId>,
}

/// Fails the entries whose Patient will not be there once the transaction is carried out.
///
/// # Errors
///
/// 503 if the store does not answer.
pub(super) async fn check_lookups(sender: &Sender<'_>, acts: &mut [Act]) -> Result<(), ApiError> {
    if !acts.iter().any(|act| matches!(act, Act::Read { .. } | Act::Existing(_))) {
        return Ok(());
    }
    let written = written(sender.app, acts).await?;
    for act in acts {
        let checked = match act {
            Act::Read { lookup, .. } => check(sender, lookup, &written).await,
            Act::Existing(state) if written.withdrawn.contains(&state.id) => {
                Err(ApiError::deleted())
            }
            _ => Ok(()),
        };
        if let Err(error) = checked {
            *act = Act::Failed(error);
        }
    }
    Ok(())
}

async fn check(sender: &Sender<'_>, lookup: &Lookup, written: &Written) -> Result<(), ApiError> {
    let (app, caller) = (sender.app, sender.caller);
    caller.sight().check_reads()?;
    match lookup {
        Lookup::Patient(id) => {
            let record = RecordId::new(id.as_str());
            if written.withdrawn.contains(&record) {
                return Err(ApiError::deleted());
            }
            if written.submitted.contains(&record) {
                return Ok(());
            }
            match find_visible(app, caller, id).await?.ok_or_else(ApiError::not_found)? {
                StoredPatient::Source(source) if source.state.is_withdrawn => {
                    Err(ApiError::deleted())
                }
                StoredPatient::Source(_) | StoredPatient::Golden(_) => Ok(()),
            }
        }
        // Whether a write will make this version is known only once it is carried out.
        Lookup::Version(id, version) => {
            let place = (id.as_str(), version.as_str());
            history::version_of(app, caller, place, &mut Budget::of(app)).await.map(drop)
        }
        Lookup::History(id, _) if written.submitted.contains(&RecordId::new(id.as_str())) => Ok(()),
        Lookup::History(id, _) => history::look_back(app, caller, id).await.map(drop),
        // A search is checked as it is planned, and finds what it finds.
        Lookup::Search(_) => Ok(()),
    }
}

/// A submission of a known identity writes the record of that identity, whatever id it asks for.
async fn written(app: &App, acts: &[Act]) -> Result<Written, ApiError> {
    let mut written = Written { submitted: HashSet::new(), withdrawn: HashSet::new() };
    let mut asked: Vec<(&SourceKey, Option<&RecordId>)> = Vec::new();
    for act in acts {
        match act {
            Act::Write { operation: Operation::Submit(submission), .. } => {
                let record = &submission.submitted.record;
                asked.push((&record.source, record.requested_id.as_ref()));
            }
            Act::Write { operation: Operation::Withdraw { record, .. }, .. } => {
                written.withdrawn.insert(record.clone());
            }
            _ => {}
        }
    }
    let sources: Vec<SourceKey> = asked.iter().map(|(source, _)| (*source).clone()).collect();
    let known = app.reader().records_of_sources(&sources).await?;
    let known_sources: HashSet<&SourceKey> = known.iter().map(|state| &state.source).collect();
    let new = asked.iter().filter(|(source, _)| !known_sources.contains(source));
    written.submitted.extend(new.filter_map(|(_, id)| id.cloned()));
    written.submitted.extend(known.iter().map(|state| state.id.clone()));
    Ok(written)
}
