//! `POST /fhir`: Bundles of type batch and transaction (R4 http.html#transaction; contract 1.6
//! and 3.8).
//!
//! Entries are understood one by one ([`entry`]), conditions looked up and Patients decoded
//! ([`plan`]), all writes carried out as one piece of work, reads done last, and every entry
//! answered in its place ([`answer`]). A batch answers what is wrong with an entry in its
//! place; a transaction is refused as a whole before anything is written.

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use fhir::{
    Resource,
    bundle::{Bundle, BundleType},
};
use pipeline::{Answers, Operation, PipelineError, Work};
use registry::{
    batch::Receipt,
    decide::Refusal,
    ids::{ContentHash, RecordId, SourceKey},
};

use crate::{
    App,
    asked::Asked,
    base::Base,
    body::{FhirBody, off_thread},
    caller::Caller,
    error::ApiError,
};

mod answer;
mod entry;
mod foresee;
mod plan;

use entry::{Wish, understand};
use plan::Act;

/// Most reads and searches in one Bundle: each may answer a thousand Patients, and all of them
/// are held in memory until the Bundle is answered.
const READS_MAX: usize = 100;

/// Who sends a Bundle, and how it wants to be answered.
struct Sender<'a> {
    app: &'a App,
    caller: &'a Caller,
    asked: &'a Asked,
    is_transaction: bool,
}

/// Carries out a Bundle and answers 200 with the outcome of each entry, in order.
pub(crate) async fn process(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
    body: FhirBody,
) -> Result<Response, ApiError> {
    let FhirBody { resource, bytes, digest, _place } = body;
    let base = asked.base.clone();
    let (kind, wishes) = off_thread(bytes, move || open(resource, &base)).await?;
    let is_transaction = kind == BundleType::Transaction;
    let sender = Sender { app: &app, caller: &caller, asked: &asked, is_transaction };

    let steps = plan::look_up(&sender, wishes).await;
    let (pipeline, sender_of) = (app.pipeline().clone(), caller.clone());
    let decode = move || plan::decode(steps, &pipeline, &sender_of);
    let mut acts = off_thread(bytes, decode).await;
    if is_transaction {
        foresee::check_lookups(&sender, &mut acts).await?;
        check_whole(&mut acts)?;
        check_overlap(&app, &caller, &acts).await?;
    }
    let receipts = carry_out(&sender, &mut acts, digest.as_ref()).await?;
    let done = answer::entries(&sender, acts, receipts).await;
    Ok(answer::respond(kind, done, asked.is_pretty))
}

/// What each entry asks for, or why it cannot be understood.
type Wishes = Vec<Result<Wish, ApiError>>;

fn open(resource: Resource, base: &Base) -> Result<(BundleType, Wishes), ApiError> {
    let bundle = Bundle::from_resource(resource).map_err(|error| ApiError::from(&error))?;
    if !matches!(bundle.kind, BundleType::Batch | BundleType::Transaction) {
        return Err(ApiError::bundle_type());
    }
    if bundle.entries.is_empty() {
        return Err(ApiError::empty_bundle());
    }
    let wishes: Wishes = bundle.entries.into_iter().map(|entry| understand(entry, base)).collect();
    let reads = wishes.iter().filter(|wish| matches!(wish, Ok(Wish::Read { .. }))).count();
    if reads > READS_MAX {
        return Err(ApiError::too_many_reads(READS_MAX));
    }
    Ok((bundle.kind, wishes))
}

/// Refuses a transaction that holds entries that cannot be carried out, naming all of them.
fn check_whole(acts: &mut [Act]) -> Result<(), ApiError> {
    let mut failures = Vec::new();
    for (at, act) in acts.iter_mut().enumerate() {
        match std::mem::replace(act, Act::Nothing) {
            Act::Failed(error) => failures.push((at, error)),
            other => *act = other,
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(ApiError::Transaction(failures)) }
}

/// Refuses a transaction in which two entries are about one record (R4 http.html#trules).
async fn check_overlap(app: &App, caller: &Caller, acts: &[Act]) -> Result<(), ApiError> {
    let withdrawn: Vec<RecordId> = acts
        .iter()
        .filter_map(|act| match act {
            Act::Write { operation: Operation::Withdraw { record, .. }, .. } => {
                Some(record.clone())
            }
            _ => None,
        })
        .collect();
    let mut known = app.reader().records(&withdrawn).await?;
    // Whether an id and an identity of others belong together is not told.
    known.retain(|state| state.client == *caller.client());
    let source_of: HashMap<&RecordId, &SourceKey> =
        known.iter().map(|state| (&state.id, &state.source)).collect();
    let mut ids: HashMap<&RecordId, usize> = HashMap::new();
    let mut sources: HashMap<&SourceKey, usize> = HashMap::new();
    for (at, act) in acts.iter().enumerate() {
        let (id, source) = match act {
            Act::Write { operation: Operation::Withdraw { record, .. }, .. } => {
                (Some(record), source_of.get(record).copied())
            }
            Act::Write { operation: Operation::Submit(submission), .. } => {
                let record = &submission.submitted.record;
                (record.requested_id.as_ref(), Some(&record.source))
            }
            _ => (None, None),
        };
        let same_id = id.and_then(|id| ids.insert(id, at));
        let same_source = source.and_then(|source| sources.insert(source, at));
        if let Some(first) = same_id.or(same_source) {
            let error = ApiError::same_record_twice(first);
            return Err(ApiError::Transaction(vec![(at, error)]));
        }
    }
    Ok(())
}

/// What became of the writes, by entry.
type Receipts = HashMap<usize, Result<Receipt, ApiError>>;

/// Has all writes carried out: of a transaction all or none, withdrawals first (R4
/// http.html#trules); of a batch each by itself, in order.
async fn carry_out(
    sender: &Sender<'_>,
    acts: &mut [Act],
    body: Option<&ContentHash>,
) -> Result<Receipts, ApiError> {
    let mut writes: Vec<(usize, Operation)> = Vec::new();
    for (at, act) in acts.iter_mut().enumerate() {
        match std::mem::replace(act, Act::Nothing) {
            Act::Write { operation, must_be_new } => {
                *act = Act::Written { must_be_new };
                writes.push((at, operation));
            }
            other => *act = other,
        }
    }
    if writes.is_empty() {
        return Ok(Receipts::new());
    }
    if sender.is_transaction {
        writes.sort_by_key(|(_, operation)| !matches!(operation, Operation::Withdraw { .. }));
    }
    let (places, operations): (Vec<usize>, Vec<Operation>) = writes.into_iter().unzip();
    let actor = sender.caller.actor();
    let once = sender.asked.once.as_ref();
    let once = once.map(|once| once.told(sender.caller.client(), body, places.clone()));
    let work = Work { operations, actor, is_atomic: sender.is_transaction, once };
    let answers: Answers = sender.app.pipeline().submit(work).await?;
    if answers.len() != places.len() {
        return Err(PipelineError::Fault.into());
    }
    let mut receipts = Receipts::new();
    for (at, answer) in places.into_iter().zip(answers) {
        match answer {
            Ok(given) => {
                let receipt = given.into_iter().next().ok_or(PipelineError::Fault);
                receipts.insert(at, receipt.map_err(ApiError::from));
            }
            Err(Refusal::Transaction(_)) if sender.is_transaction => {}
            Err(refusal) if sender.is_transaction => {
                return Err(ApiError::Transaction(vec![(at, refusal.into())]));
            }
            Err(refusal) => _ = receipts.insert(at, Err(refusal.into())),
        }
    }
    Ok(receipts)
}
