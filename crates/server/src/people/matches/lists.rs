//! Worklists: who has open match issues, and how many there are (contract 1.8).

use axum::{extract::State, response::Response};
use http::StatusCode;
use registry::{
    ids::RecordId,
    state::IssueKind,
    stored::{SourcePatient, StoredPatient},
    vocabulary::Vocabulary,
};
use serde_json::{Value, json};
use std::collections::HashSet;
use store::Window;

use super::{
    super::{User, error::json_reply},
    Named,
};
use crate::{
    App,
    api::search::{Search, understand},
    asked::Asked,
    budget::Budget,
    caller::Caller,
    error::ApiError,
};

/// Rows of one list: OpenCR's UI takes all at once, and nobody works through more.
const ROWS_MAX: usize = 5_000;
/// Issues or records read at once.
const READ: usize = 500;

const DOUBTFUL: &[IssueKind] = &[IssueKind::Potential, IssueKind::Conflict];
const AUTO: &[IssueKind] = &[IssueKind::Auto];

/// `GET /ocrux/match/count-match-issues`.
pub(super) async fn count_issues(
    State(app): State<App>,
    user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    count(&app, &user, &asked, DOUBTFUL).await
}

/// `GET /ocrux/match/count-new-auto-matches`.
pub(super) async fn count_autos(
    State(app): State<App>,
    user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    count(&app, &user, &asked, AUTO).await
}

/// `GET /ocrux/match/get-match-issues`.
pub(super) async fn issues(State(app): State<App>, user: User) -> Result<Response, ApiError> {
    list(&app, &user, DOUBTFUL).await
}

/// `GET /ocrux/match/get-new-auto-matches`.
pub(super) async fn autos(State(app): State<App>, user: User) -> Result<Response, ApiError> {
    list(&app, &user, AUTO).await
}

fn vocabulary(app: &App) -> &Vocabulary {
    &app.pipeline().settings().vocabulary
}

/// How many Patients carry the tag of one of the kinds.
async fn count(
    app: &App,
    user: &User,
    asked: &Asked,
    kinds: &[IssueKind],
) -> Result<Response, ApiError> {
    let tags = kinds.iter().map(|kind| {
        let (system, code, _) = vocabulary(app).issue_tag(*kind);
        format!("{system}|{code}")
    });
    let tags: Vec<String> = tags.collect();
    let pairs = [("_tag", tags.join(",")), ("_summary", "count".to_owned())];
    let pairs: Vec<(String, String)> =
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let request = understand(app, &pairs, true)?;
    let caller = Caller::person(user.id(), user.notes().clone());
    let search = Search { request, offset: 0, base: &asked.base, caller: &caller };
    let bundle = search.run(app, &mut Budget::of(app)).await?;
    Ok(json_reply(StatusCode::OK, &json!({ "total": bundle.value()["total"] })))
}

/// One row for each record with an open issue of these kinds, in order of the issues' opening.
async fn list(app: &App, user: &User, kinds: &[IssueKind]) -> Result<Response, ApiError> {
    let subjects = subjects(app, kinds).await?;
    user.notes().about(subjects.iter().map(RecordId::as_str));
    let mut rows = Vec::with_capacity(subjects.len());
    for ids in subjects.chunks(READ) {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        for patient in app.reader().patients(&ids).await? {
            if let StoredPatient::Source(source) = patient {
                rows.extend(row(&source, kinds, vocabulary(app))?);
            }
        }
    }
    Ok(json_reply(StatusCode::OK, &Value::Array(rows)))
}

async fn subjects(app: &App, kinds: &[IssueKind]) -> Result<Vec<RecordId>, ApiError> {
    let (mut subjects, mut known) = (Vec::new(), HashSet::new());
    let mut window = Window { offset: 0, limit: READ as u64 };
    loop {
        let (issues, total) = app.reader().open_issues_of_kinds(kinds, window).await?;
        for issue in &issues {
            if known.insert(issue.subject.clone()) {
                subjects.push(issue.subject.clone());
            }
        }
        window.offset += issues.len() as u64;
        if issues.is_empty() || window.offset >= total || subjects.len() >= ROWS_MAX {
            subjects.truncate(ROWS_MAX);
            return Ok(subjects);
        }
    }
}

/// A record as a row; none if its issues were closed meanwhile.
fn row(
    source: &SourcePatient,
    kinds: &[IssueKind],
    vocabulary: &Vocabulary,
) -> Result<Option<Value>, ApiError> {
    let Some(kind) = kinds.iter().find(|kind| source.issues.contains(kind)) else {
        return Ok(None);
    };
    let state = &source.state;
    let damaged = |_| registry::render::DamagedContent(state.id.clone());
    let patient: Value = serde_json::from_str(&source.content).map_err(damaged)?;
    let (_, code, display) = vocabulary.issue_tag(*kind);
    let name = Named::of(&patient);
    Ok(Some(json!({
        "id": state.id.to_string(),
        "gender": patient["gender"],
        "family": name.family,
        "given": name.given,
        "birthDate": patient["birthDate"],
        "uid": state.golden.to_string(),
        "source": state.client.as_str(),
        "source_id": &*state.source.value,
        "reason": display,
        "reasonCode": code,
    })))
}
