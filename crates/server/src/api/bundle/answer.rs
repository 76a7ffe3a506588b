//! The answer to a Bundle: one entry for each entry, in order, and the two headers that
//! OpenCR's clients read (contract 1.6).

use std::collections::HashMap;

use axum::response::Response;
use fhir::bundle::{BundleType, EntryResponse, response_bundle};
use http::{StatusCode, header::LOCATION};
use registry::{batch::Receipt, decide::Outcome, ids::Cruid, stored::StoredPatient};
use serde_json::{Value, json};

use super::{Receipts, Sender, entry::Lookup, plan::Act};
use crate::{
    api::{Shown, conditional, history, read, search, write},
    asked::Returns,
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
    let stored = read_back(sender, &receipts).await;
    let mut done = Vec::with_capacity(acts.len());
    for (at, act) in acts.into_iter().enumerate() {
        let answered = match act {
            Act::Write(_) | Act::Written => match receipts.remove(&at) {
                Some(Ok(receipt)) => written(sender, &receipt, &stored).await,
                Some(Err(error)) => Err(error),
                None => Err(pipeline::PipelineError::Fault.into()),
            },
            Act::Read { lookup, with_body } => looked_up(sender, lookup, with_body).await,
            Act::Existing(id) => existing(sender, &id).await,
            Act::Nothing => Ok(Done::of(EntryResponse::status(status(StatusCode::NO_CONTENT)))),
            Act::Failed(error) => Err(error),
        };
        done.push(answered.unwrap_or_else(|error| Done::failed(&error)));
    }
    done
}

fn status(status: StatusCode) -> String {
    status.to_string()
}

fn wants_resources(sender: &Sender<'_>) -> bool {
    sender.asked.returns == Some(Returns::Representation)
}

/// The records just written, if they are wanted in the answer.
async fn read_back(sender: &Sender<'_>, receipts: &Receipts) -> HashMap<String, StoredPatient> {
    if !wants_resources(sender) {
        return HashMap::new();
    }
    let written = receipts.values().flatten();
    let ids: Vec<String> = written.map(|receipt| receipt.record.to_string()).collect();
    // What cannot be read back here is read one by one, or left out: it is written.
    let patients = sender.app.reader().patients(&ids).await.unwrap_or_default();
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
) -> Result<Done, ApiError> {
    let id = receipt.record.as_str();
    let is_withdrawal = receipt.outcome == Outcome::Withdrawn;
    let code = if is_withdrawal { StatusCode::NO_CONTENT } else { write::status(receipt.outcome) };
    let mut response = EntryResponse::status(status(code));
    response.location = Some(format!("Patient/{id}/_history/{}", receipt.version));
    response.etag = Some(etag(receipt.version));
    response.last_modified = Some(receipt.at.to_instant());
    if sender.asked.returns == Some(Returns::Outcome) {
        response.outcome = Some(write::told(receipt.outcome));
    }
    if wants_resources(sender) && !is_withdrawal {
        let shown = write::as_written(sender.app, receipt, stored.get(id)).await;
        response.full_url = Some(sender.asked.base.patient(id));
        response.resource = shown.ok().map(|shown| shown.resource);
    }
    let location = (!is_withdrawal).then(|| (id.to_owned(), receipt.golden.clone()));
    Ok(Done { response, location })
}

async fn existing(sender: &Sender<'_>, id: &str) -> Result<Done, ApiError> {
    let (shown, golden) = conditional::existing_record(sender.app, id).await?;
    let location = Some((shown.id.clone(), golden));
    let mut response = versioned(&shown);
    if wants_resources(sender) {
        response.full_url = Some(sender.asked.base.patient(id));
        response.resource = Some(shown.resource);
    }
    Ok(Done { response, location })
}

fn versioned(shown: &Shown) -> EntryResponse {
    let mut response = EntryResponse::status(status(StatusCode::OK));
    response.location = Some(format!("Patient/{}/_history/{}", shown.id, shown.version));
    response.etag = Some(etag(shown.version));
    response.last_modified = Some(shown.at.to_instant());
    response
}

async fn looked_up(sender: &Sender<'_>, lookup: Lookup, with_body: bool) -> Result<Done, ApiError> {
    let (app, base) = (sender.app, &sender.asked.base);
    let client = sender.caller.client();
    let (mut response, resource) = match lookup {
        Lookup::Patient(id) => shown(read::one(app, &id).await?),
        Lookup::Version(id, version) => shown(history::version_of(app, &id, &version).await?),
        Lookup::History(id, pairs) => {
            let count = history::count(app, query::value(&pairs, "_count"))?;
            let list = history::Listing { id: &id, offset: 0, count };
            let bundle = history::listing(app, client, base, list).await?;
            (EntryResponse::status(status(StatusCode::OK)), bundle)
        }
        Lookup::Search(pairs) => {
            let request = search::understand(app, &pairs, sender.asked.is_strict)?;
            let bundle = search::Search { request, offset: 0, base, client }.run(app).await?;
            (EntryResponse::status(status(StatusCode::OK)), bundle)
        }
    };
    response.full_url = response.location.take().map(|id| base.patient(&id));
    response.resource = with_body.then_some(resource);
    Ok(Done::of(response))
}

/// The response to a read; its location is the bare id for the moment.
fn shown(shown: Shown) -> (EntryResponse, fhir::Resource) {
    let mut response = versioned(&shown);
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
