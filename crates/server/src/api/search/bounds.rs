//! The bounds of searches over all clients' records: least criteria, most results, and how often
//! (contract 7.3, level `demographics`).

use std::time::Instant;

use fhir::search::{Filter, SearchRequest};
use store::Window;

use crate::{
    App,
    caller::Caller,
    error::ApiError,
    settings::{Access, AccessMode},
};

/// Checks a search, and gives how many results it may have in all.
///
/// # Errors
///
/// 400 for too few criteria, 429 for too many searches; only of clients that see everything.
pub(super) fn check(app: &App, caller: &Caller, request: &SearchRequest) -> Result<u64, ApiError> {
    let settings = app.settings();
    let is_bound = caller.rights().access == Access::Demographics
        && settings.access_mode == AccessMode::Enforce
        && !caller.is_person();
    if !is_bound {
        return Ok(u64::MAX);
    }
    let bounds = app.search_bounds();
    let criteria = request.filters.iter().filter(|filter| describes(filter)).count();
    if criteria < bounds.criteria_min && !request.filters.iter().any(names_one) {
        return Err(ApiError::too_few_criteria(bounds.criteria_min));
    }
    let rate = app.rates().take(caller.client(), bounds.per_minute, Instant::now());
    rate.map_err(|wait| ApiError::TooOften(wait.as_secs() + 1))?;
    Ok(bounds.results_max as u64)
}

/// The part of a window that lies within the results.
pub(super) fn within(window: Window, results_max: u64) -> Window {
    let limit = window.limit.min(results_max.saturating_sub(window.offset));
    Window { limit, ..window }
}

/// Whether a filter says something of the person looked for, and not of all but some.
fn describes(filter: &Filter) -> bool {
    match filter {
        Filter::Text { .. } | Filter::Token { negated: false, .. } | Filter::Date { .. } => true,
        Filter::Id(_)
        | Filter::Token { negated: true, .. }
        | Filter::Missing { .. }
        | Filter::Tag { .. }
        | Filter::Link(_)
        | Filter::LastUpdated(_)
        | Filter::Nothing => false,
    }
}

/// Whether a filter is enough by itself: ids, links, and identifiers with system and value.
fn names_one(filter: &Filter) -> bool {
    match filter {
        Filter::Id(_) | Filter::Link(_) | Filter::Nothing => true,
        Filter::Token { param: fhir::search::TokenParam::Identifier, negated: false, any } => {
            any.iter().all(|wanted| wanted.code.is_some() && matches!(wanted.system, Some(Some(_))))
        }
        _ => false,
    }
}
