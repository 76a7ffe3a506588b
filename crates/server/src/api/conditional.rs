//! Interactions on the one Patient that fits a search (R4 http.html#cond-update, #ccreate,
//! #3.1.0.7.1; IHE PIXm ITI-104 feeds this way).
//!
//! The search runs before the write. Two senders of one identity at once are still safe: the
//! registry tells records apart by their identity, whatever the search said.

use axum::{extract::State, response::Response};
use http::StatusCode;
use registry::{decide::Refusal, ids::RecordId, state::RecordState, stored::StoredPatient};
use store::Window;

use crate::{
    App,
    api::{Shown, Standing, find_standing, search, write},
    asked::{Asked, Returns},
    body::FhirBody,
    caller::Caller,
    error::ApiError,
    query::Pairs,
    reply::Reply,
};

/// `PUT /fhir/Patient?…`: none fits, create; one fits, update it; several fit, 412.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
    body: FhirBody,
) -> Result<Response, ApiError> {
    let found = find_one(&app, &caller, &asked.query).await?;
    write::submit(&app, &caller, &asked, found.map(RecordId::new), body).await
}

/// `DELETE /fhir/Patient?…`: none fits, 204; one fits, withdraw it; several fit, 412.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, ApiError> {
    match find_one(&app, &caller, &asked.query).await? {
        Some(id) => write::withdraw(&app, &caller, &asked, RecordId::new(id)).await,
        None => Ok(Reply::new(StatusCode::NO_CONTENT).into_response(false)),
    }
}

/// The id of the one source record of `caller` that fits `criteria`; others can neither be written
/// by it nor may it learn of them.
///
/// # Errors
///
/// 400 if the criteria are none, cannot be read, or are unknown or empty in part: a condition
/// that is ignored would hit others than those meant. 412 if several Patients fit.
pub(super) async fn find_one(
    app: &App,
    caller: &Caller,
    criteria: &Pairs,
) -> Result<Option<String>, ApiError> {
    if criteria.iter().any(|(_, value)| has_empty_part(value)) {
        return Err(ApiError::empty_criterion());
    }
    let request = search::understand(app, criteria, true)?;
    if request.filters.is_empty() {
        return Err(ApiError::no_criteria());
    }
    caller.notes().looked_for(criteria);
    let filters = caller.sight().own_only(app, request.filters);
    let window = Window { offset: 0, limit: 2 };
    let found = app.reader().search(&filters, &[], window).await?;
    if found.total > 1 {
        return Err(ApiError::several_match(found.total));
    }
    Ok(found.ids.into_iter().next())
}

/// Whether a value, or one of its alternatives, is nothing: searches pass over those (R4
/// search.html#combining), so a condition without its value would be no condition.
fn has_empty_part(value: &str) -> bool {
    let mut is_empty = true;
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ',' if is_empty => return true,
            ',' => is_empty = true,
            // A comma after a backslash is a comma of the value.
            '\\' => is_empty &= letters.next().is_none(),
            letter => is_empty &= letter.is_whitespace(),
        }
    }
    is_empty
}

/// Answers the record that `If-None-Exist` found, as it is (R4 http.html#ccreate).
pub(super) async fn existing(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    id: &str,
) -> Result<Response, ApiError> {
    caller.notes().about([id]);
    let (shown, golden) = existing_record(app, caller, id).await?;
    let reply = Reply::new(StatusCode::OK)
        .located(&shown.id)
        .linked(&golden)
        .versioned(shown.version, shown.at);
    let reply = match asked.returns {
        Some(Returns::Minimal) => reply,
        Some(Returns::Outcome) => {
            reply.with(write::told(registry::decide::Outcome::Existing).to_resource())
        }
        Some(Returns::Representation) | None => reply.with(shown.resource),
    };
    Ok(reply.into_response(asked.is_pretty))
}

/// The source record with this id and its golden record.
///
/// # Errors
///
/// 403 if it is a golden record, which no submission creates; 404 or 410 if it has just gone.
pub(super) async fn existing_record(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<(Shown, registry::ids::Cruid), ApiError> {
    let stored = app.reader().patients(&[id.to_owned()]).await?;
    let stored = caller.sight().own(app, stored).await?.pop().ok_or_else(ApiError::not_found)?;
    match &stored {
        StoredPatient::Golden(_) => Err(Refusal::GoldenIsOurs(RecordId::new(id)).into()),
        StoredPatient::Source(source) => {
            let golden = source.state.golden.clone();
            Ok((Shown::new(app, &stored)?, golden))
        }
    }
}

/// The source record with this id, without its content.
///
/// # Errors
///
/// As [`existing_record`].
pub(super) async fn existing_state(app: &App, id: &str) -> Result<RecordState, ApiError> {
    match find_standing(app, id).await?.ok_or_else(ApiError::not_found)? {
        Standing::Golden => Err(Refusal::GoldenIsOurs(RecordId::new(id)).into()),
        Standing::Source(state) if state.is_withdrawn => Err(ApiError::deleted()),
        Standing::Source(state) => Ok(*state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parts_of_values_are_found() {
        for value in ["", " ", ",", "a,", ",a", "a,,b", "a, ,b"] {
            assert!(has_empty_part(value), "{value:?}");
        }
        for value in ["a", "a,b", "a\\,", "\\,", "a\\,,b", "http://x|", "O\\\\,b"] {
            assert!(!has_empty_part(value), "{value:?}");
        }
    }
}
