//! The answer to a Bundle: one entry for each entry, in order, and the two headers that
//! OpenCR's clients read (contract 1.6).

use std::collections::HashMap;

use axum::response::Response;
use fhir::bundle::{BundleType, EntryResponse, response_bundle};
use http::{StatusCode, header::LOCATION};
use registry::{
    batch::Receipt,
    decide::Outcome,
    ids::{Cruid, RecordId},
    state::RecordState,
    stored::StoredPatient,
};
use serde_json::{Value, json};

use super::{Receipts, Sender, entry::Lookup, plan::Act};
use crate::{
    api::{
        Shown, history, read, search,
        write::{self, AsOf},
    },
    asked::Returns,
    audit,
    budget::{self, Budget},
    error::ApiError,
    query,
    reply::{LOCATION_CRUID, Reply, etag},
};

/// Longest array of locations in a header, each: about 2,000 Patients. HTTP clients refuse
/// responses whose headers are much longer, so a longer array is left out; the entries say
/// where each Patient is.
const HEADER_BYTES_MAX: usize = 96 * 1024;

/// The answer to one entry, and where its Patient and the golden record are.
pub(super) struct Done {
    response: EntryResponse,
    location: Option<(String, Cruid)>,
}

impl Done {
    fn of(response: EntryResponse) -> Self {
        Self { response, location: None }
    }

    fn failed(error: &ApiError) -> Self {
        let answer = error.answer();
        let mut response = EntryResponse::status(answer.status.to_string());
        response.outcome = Some(answer.outcome);
        Self::of(response)
    }
}

/// Does the reads and answers every entry.
pub(super) async fn entries(
    sender: &Sender<'_>,
    acts: Vec<Act>,
    mut receipts: Receipts,
) -> Vec<Done> {
    let mut budget = Budget::of(sender.app);
    let stored = read_back(sender, &acts, &receipts, &mut budget).await;
    let mut done = Vec::with_capacity(acts.len());
    for (at, act) in acts.into_iter().enumerate() {
        let audited = audited(&act);
        let answered = match act {
            Act::Write { must_be_new, .. } | Act::Written { must_be_new } => {
                match receipts.remove(&at) {
                    Some(Ok(receipt)) if must_be_new && receipt.outcome == Outcome::Existing => {
                        Err(ApiError::exists())
                    }
                    Some(Ok(receipt)) => Ok(written(sender, &receipt, &stored).await),
                    Some(Err(error)) => Err(error),
                    None => Err(pipeline::PipelineError::Fault.into()),
                }
            }
            Act::Read { .. } if budget.is_used_up() => {
                Err(ApiError::answer_too_long(sender.app.settings().answer_max_bytes))
            }
            Act::Read { lookup, with_body } => {
                looked_up(sender, lookup, with_body, &mut budget).await
            }
            Act::Existing(state) => Ok(existing(sender, &state, &stored).await),
            Act::Nothing => Ok(Done::of(EntryResponse::status(status(StatusCode::NO_CONTENT)))),
            Act::Failed(error) => Err(error),
        };
        let answer = answered.unwrap_or_else(|error| Done::failed(&error));
        sender.caller.notes().end_part(audited, audit::outcome_of(&answer.response.status));
        done.push(answer);
    }
    done
}

/// What an entry is for the audit log.
fn audited(act: &Act) -> audit::Act {
    match act {
        Act::Read { lookup: Lookup::Search(_), .. } => audit::Act::Search,
        Act::Read { .. } | Act::Existing(_) => audit::Act::Read,
        Act::Write { .. } | Act::Written { .. } | Act::Failed(_) => audit::Act::Create,
        Act::Nothing => audit::Act::Delete,
    }
}

fn status(status: StatusCode) -> String {
    status.to_string()
}

fn wants_resources(sender: &Sender<'_>) -> bool {
    sender.asked.returns == Some(Returns::Representation)
}

/// The records just written or found, if they are wanted in the answer and fit into it.
async fn read_back(
    sender: &Sender<'_>,
    acts: &[Act],
    receipts: &Receipts,
    budget: &mut Budget,
) -> HashMap<String, StoredPatient> {
    if !wants_resources(sender) {
        return HashMap::new();
    }
    let written = receipts.values().flatten().map(|receipt| receipt.record.to_string());
    let existing = acts.iter().filter_map(|act| match act {
        Act::Existing(state) => Some(state.id.to_string()),
        _ => None,
    });
    let ids: Vec<String> = written.chain(existing).collect();
    // What cannot be read back is left out: it is written all the same.
    let read = budget::patients(sender.app, &ids, budget, 0).await;
    let (patients, _) = read.unwrap_or_default();
    let own = sender.caller.sight().own(sender.app, patients).await;
    let patients = own.unwrap_or_default();
    let by_id = patients.into_iter().filter_map(|stored| match &stored {
        StoredPatient::Source(source) => Some((source.state.id.to_string(), stored)),
        StoredPatient::Golden(_) => None,
    });
    by_id.collect()
}

async fn written(
    sender: &Sender<'_>,
    receipt: &Receipt,
    stored: &HashMap<String, StoredPatient>,
) -> Done {
    let id = receipt.record.as_str();
    write::noted(sender.caller, receipt);
    let is_withdrawal = receipt.outcome == Outcome::Withdrawn;
    let code = if is_withdrawal { StatusCode::NO_CONTENT } else { write::status(receipt.outcome) };
    let mut response = versioned(code, AsOf::of(receipt));
    // R4 Bundle.entry.response.outcome: for hints and warnings, also where nobody asked.
    let is_asked = sender.asked.returns == Some(Returns::Outcome);
    let is_warned = receipt.candidates_total.is_some() && sender.caller.sight().is_whole();
    if is_asked || is_warned {
        response.outcome = Some(write::told_all(sender.caller, receipt));
    }
    if !is_withdrawal {
        add_resource(sender, &mut response, AsOf::of(receipt), stored).await;
    }
    let location = (!is_withdrawal).then(|| (id.to_owned(), receipt.golden.clone()));
    Done { response, location }
}

async fn existing(
    sender: &Sender<'_>,
    state: &RecordState,
    stored: &HashMap<String, StoredPatient>,
) -> Done {
    sender.caller.notes().about([state.id.as_str()]);
    let as_of = AsOf { record: &state.id, version: state.version, at: state.updated_at };
    let mut response = versioned(StatusCode::OK, as_of);
    add_resource(sender, &mut response, as_of, stored).await;
    Done { response, location: Some((state.id.to_string(), state.golden.clone())) }
}

/// Adds the Patient if it is wanted and was read back.
async fn add_resource(
    sender: &Sender<'_>,
    response: &mut EntryResponse,
    as_of: AsOf<'_>,
    stored: &HashMap<String, StoredPatient>,
) {
    if !wants_resources(sender) {
        return;
    }
    let id = as_of.record.as_str();
    response.full_url = Some(sender.asked.base.patient(id));
    if let Some(stored) = stored.get(id) {
        let shown = write::as_of(sender.app, as_of, Some(stored)).await;
        response.resource = shown.ok().map(|shown| shown.resource);
    }
}

fn versioned(code: StatusCode, AsOf { record, version, at }: AsOf<'_>) -> EntryResponse {
    let mut response = EntryResponse::status(status(code));
    response.location = Some(format!("Patient/{record}/_history/{version}"));
    response.etag = Some(etag(version));
    response.last_modified = Some(at.to_instant());
    response
}

async fn looked_up(
    sender: &Sender<'_>,
    lookup: Lookup,
    with_body: bool,
    budget: &mut Budget,
) -> Result<Done, ApiError> {
    let (app, base) = (sender.app, &sender.asked.base);
    let caller = sender.caller;
    let (mut response, resource) = match lookup {
        Lookup::Patient(id) => {
            caller.notes().about([id.as_str()]);
            shown(read::one(app, caller, &id, budget).await?)
        }
        Lookup::Version(id, version) => {
            caller.notes().about([id.as_str()]);
            shown(history::version_of(app, caller, (&id, &version), budget).await?)
        }
        Lookup::History(id, pairs) => {
            let count = history::count(app, query::value(&pairs, "_count"))?;
            let list = history::Listing { id: &id, offset: 0, count };
            let bundle =
                history::listing(app, history::Target { caller, base }, list, budget).await?;
            (EntryResponse::status(status(StatusCode::OK)), bundle)
        }
        Lookup::Search(pairs) => {
            let request = search::understand(app, &pairs, sender.asked.is_strict)?;
            let bundle =
                search::Search { request, offset: 0, base, caller }.run(app, budget).await?;
            (EntryResponse::status(status(StatusCode::OK)), bundle)
        }
    };
    response.full_url = response.location.take().map(|id| base.patient(&id));
    response.resource = with_body.then_some(resource);
    Ok(Done::of(response))
}

/// The response to a read; its location is the bare id for the moment.
fn shown(shown: Shown) -> (EntryResponse, fhir::Resource) {
    let record = RecordId::new(shown.id.as_str());
    let as_of = AsOf { record: &record, version: shown.version, at: shown.at };
    let mut response = match shown.is_reduced {
        true => EntryResponse::status(status(StatusCode::OK)),
        false => versioned(StatusCode::OK, as_of),
    };
    response.location = Some(shown.id);
    (response, shown.resource)
}

/// Writes the Bundle and its two headers.
pub(super) fn respond(kind: BundleType, done: Vec<Done>, is_pretty: bool) -> Response {
    let reference = |id: &str| json!(format!("Patient/{id}"));
    let located = || done.iter().filter_map(|done| done.location.as_ref());
    let records: Vec<Value> = located().map(|(id, _)| reference(id)).collect();
    let goldens: Vec<Value> = located().map(|(_, golden)| reference(golden.as_str())).collect();
    let arrays = [json!(records).to_string(), json!(goldens).to_string()];
    let entries = done.into_iter().map(|done| done.response).collect();
    let mut reply = Reply::new(StatusCode::OK).with(response_bundle(kind, entries));
    // Both or none: one without the other could not be aligned.
    if arrays.iter().all(|array| array.len() <= HEADER_BYTES_MAX) {
        let [records, goldens] = arrays;
        reply.insert(LOCATION, &records);
        reply.insert(LOCATION_CRUID, &goldens);
    }
    reply.into_response(is_pretty)
}
