//! Creating, updating and withdrawing one source record (R4 http.html#create, #update, #delete;
//! contract 1.6).
//!
//! A source record's identity is its identifier of a known internal-id system, not its FHIR id:
//! who submits a known identity updates that record, by POST as well, and `Location` tells
//! under which id.

use axum::{extract::State, response::Response};
use fhir::{Issue, IssueType, OperationOutcome};
use http::StatusCode;
use pipeline::{Answers, Operation, PipelineError, Submission, Work};
use registry::{
    batch::Receipt,
    decide::Outcome,
    ids::{ClientId, ContentHash, RecordId, Timestamp},
    once::Once,
    render,
    stored::StoredPatient,
};

use crate::{
    App,
    api::{PatientId, Shown, conditional},
    asked::{Asked, Returns},
    body::{FhirBody, off_thread},
    caller::Caller,
    error::ApiError,
    reply::Reply,
};

/// `POST /fhir/Patient`: 201 for a new record, 200 for a known identity.
///
/// With `If-None-Exist`, what exists already is answered as it is.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
    body: FhirBody,
) -> Result<Response, ApiError> {
    if let Some(criteria) = &asked.conditions.if_none_exist
        && let Some(id) = conditional::find_one(&app, &caller, criteria).await?
    {
        return conditional::existing(&app, &caller, &asked, &id).await;
    }
    submit(&app, &caller, &asked, None, body).await
}

/// `PUT /fhir/Patient/{id}`: the id may be new, or the record's own.
pub(crate) async fn update(
    State(app): State<App>,
    PatientId(id): PatientId,
    caller: Caller,
    asked: Asked,
    body: FhirBody,
) -> Result<Response, ApiError> {
    submit(&app, &caller, &asked, Some(id), body).await
}

/// Submits one Patient and answers with what became of it.
///
/// # Errors
///
/// What is wrong with the Patient, or why the registry does not take it.
pub(super) async fn submit(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    url_id: Option<RecordId>,
    body: FhirBody,
) -> Result<Response, ApiError> {
    caller.sight().check_systems(&caller.rights().systems, &body.resource)?;
    let once = once(caller, asked, body.digest.as_ref());
    let mut submission = decode(app, caller.client(), url_id, body).await?;
    let conditions = &asked.conditions;
    submission.submitted.if_match = conditions.if_match;
    submission.submitted.only_create = conditions.only_create || conditions.if_none_exist.is_some();
    let receipt = act(app, caller, Operation::Submit(Box::new(submission)), once).await?;
    noted(caller, &receipt);
    if conditions.only_create && receipt.outcome == Outcome::Existing {
        return Err(ApiError::exists());
    }
    answer(app, caller, asked, &receipt).await
}

/// Has the audit log name what was written.
pub(super) fn noted(caller: &Caller, receipt: &Receipt) {
    caller.notes().about([receipt.record.as_str(), receipt.golden.as_str()]);
}

async fn decode(
    app: &App,
    client: &ClientId,
    url_id: Option<RecordId>,
    body: FhirBody,
) -> Result<Submission, ApiError> {
    let FhirBody { resource, bytes, .. } = body;
    let (pipeline, client) = (app.pipeline().clone(), client.clone());
    let decoded = off_thread(bytes, move || pipeline.decode(resource, &client, url_id)).await;
    decoded.map_err(ApiError::invalid)
}

/// What the client says of its one act: that it is to be carried out once.
fn once(caller: &Caller, asked: &Asked, body: Option<&ContentHash>) -> Option<Once> {
    asked.once.as_ref().map(|once| once.told(caller.client(), body, vec![0]))
}

/// Has one act carried out.
pub(super) async fn act(
    app: &App,
    caller: &Caller,
    operation: Operation,
    once: Option<Once>,
) -> Result<Receipt, ApiError> {
    let work = Work { operations: vec![operation], actor: caller.actor(), is_atomic: false, once };
    let answers: Answers = app.pipeline().submit(work).await?;
    let receipts = answers.into_iter().next().ok_or(PipelineError::Fault)??;
    Ok(receipts.into_iter().next().ok_or(PipelineError::Fault)?)
}

/// `DELETE /fhir/Patient/{id}`: the source takes its record back; 204, also the second time.
pub(crate) async fn delete(
    State(app): State<App>,
    PatientId(id): PatientId,
    caller: Caller,
    asked: Asked,
) -> Result<Response, ApiError> {
    withdraw(&app, &caller, &asked, id).await
}

/// Withdraws a record. `LocationCRUID` names its golden record if that lives on with others.
///
/// # Errors
///
/// 404 for an unknown id, 403 for a golden record, 412 for another version than `If-Match`.
pub(super) async fn withdraw(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    record: RecordId,
) -> Result<Response, ApiError> {
    caller.notes().about([record.as_str()]);
    let operation = Operation::Withdraw { record, if_match: asked.conditions.if_match };
    let receipt = act(app, caller, operation, once(caller, asked, None)).await?;
    let mut reply = Reply::new(StatusCode::NO_CONTENT).versioned(receipt.version, receipt.at);
    if caller.sight().lives_on(app, &receipt.golden).await {
        reply = reply.linked(&receipt.golden);
    }
    Ok(reply.into_response(false))
}

/// Answers a submission: 201 or 200, both locations, the version, and what `Prefer` asks for.
pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    receipt: &Receipt,
) -> Result<Response, ApiError> {
    let reply = Reply::new(status(receipt.outcome))
        .located(receipt.record.as_str())
        .linked(&receipt.golden)
        .versioned(receipt.version, receipt.at);
    let reply = match asked.returns {
        Some(Returns::Minimal) => reply,
        Some(Returns::Outcome) => reply.with(told_all(caller, receipt).to_resource()),
        Some(Returns::Representation) | None => match read_back(app, caller, receipt).await {
            Ok(shown) => reply.with(shown.resource),
            // The write is durable: an error here would make the client send it again.
            Err(error) => {
                error.answer();
                reply
            }
        },
    };
    Ok(reply.into_response(asked.is_pretty))
}

/// The status of a submission that was taken.
pub(super) fn status(outcome: Outcome) -> StatusCode {
    match outcome {
        Outcome::Created => StatusCode::CREATED,
        Outcome::Updated
        | Outcome::Unchanged
        | Outcome::Existing
        | Outcome::Withdrawn
        | Outcome::Adjudicated => StatusCode::OK,
    }
}

/// What became of a submission, in words.
pub(super) fn told(outcome: Outcome) -> OperationOutcome {
    let text = match outcome {
        Outcome::Created => "the record was created",
        Outcome::Updated => "the record was updated",
        Outcome::Unchanged => "the record has this content already",
        Outcome::Existing => "the record exists and was left as it is",
        Outcome::Withdrawn => "the record was withdrawn",
        Outcome::Adjudicated => "the decision was carried out",
    };
    Issue::information(IssueType::Informational, text).into()
}

/// The same and, for who sees everything, whether the record has more candidates than are kept.
pub(super) fn told_all(caller: &Caller, receipt: &Receipt) -> OperationOutcome {
    let mut outcome = told(receipt.outcome);
    let total = receipt.candidates_total.filter(|_| caller.sight().is_whole());
    outcome.issues.extend(total.map(|total| {
        let text = format!(
            "the record has {total} potential or conflicting matches, more than are kept: the \
             best ones await a person"
        );
        Issue::warning(IssueType::Incomplete, text)
    }));
    outcome
}

async fn read_back(app: &App, caller: &Caller, receipt: &Receipt) -> Result<Shown, ApiError> {
    let stored = app.reader().patients(&[receipt.record.to_string()]).await?;
    let stored = caller.sight().own(app, stored).await?.pop();
    as_of(app, AsOf::of(receipt), stored.as_ref()).await
}

/// A version of a record, as a receipt or the record's state tells it.
#[derive(Clone, Copy)]
pub(super) struct AsOf<'a> {
    pub(super) record: &'a RecordId,
    pub(super) version: u32,
    pub(super) at: Timestamp,
}

impl<'a> AsOf<'a> {
    /// The version that was written.
    pub(super) fn of(receipt: &'a Receipt) -> Self {
        Self { record: &receipt.record, version: receipt.version, at: receipt.at }
    }
}

/// Shows a version, also if another write came after it; `stored` is the record as just read.
///
/// # Errors
///
/// As any read.
pub(super) async fn as_of(
    app: &App,
    AsOf { record, version, at }: AsOf<'_>,
    stored: Option<&StoredPatient>,
) -> Result<Shown, ApiError> {
    let is_that = |stored: &&StoredPatient| match stored {
        StoredPatient::Source(source) => source.state.version == version,
        StoredPatient::Golden(_) => false,
    };
    if let Some(stored) = stored.filter(is_that) {
        return Shown::new(app, stored);
    }
    let content = app.reader().record_version(record, version).await?;
    let content = content.ok_or_else(ApiError::not_found)?;
    let resource = render::source_version(&content, &app.pipeline().settings().vocabulary)?;
    Ok(Shown { id: record.to_string(), version, at, resource, is_reduced: false })
}
