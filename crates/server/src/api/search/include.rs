//! `_include=Patient:link`: the golden records of found sources, the members of found golden
//! records, each once (R4 search.html#include).

use std::collections::HashSet;

use fhir::{Issue, IssueType, OperationOutcome};
use registry::{
    state::{GoldenState, GoldenStatus},
    stored::StoredPatient,
};

use super::live;
use crate::{
    App,
    api::id_of,
    budget::{self, Budget},
    caller::Caller,
    error::ApiError,
};

/// Most Patients that come along with one page; each is a read and up to a few kilobytes.
const INCLUDES_MAX: usize = 5_000;

/// What comes along with a page of matches.
pub(super) struct Included {
    /// The linked Patients, in the order of the links.
    pub(super) patients: Vec<StoredPatient>,
    left_out: usize,
}

impl Included {
    /// Says that some did not come along, if so.
    pub(super) fn warning(&self) -> Option<OperationOutcome> {
        let text = format!(
            "{} linked Patients are left out; lower _count, or read them by their links",
            self.left_out
        );
        (self.left_out > 0).then(|| Issue::warning(IssueType::Incomplete, text).into())
    }
}

/// Follows the links of `matches` for so many levels, as far as the budget goes.
///
/// # Errors
///
/// 503 if the store does not answer.
pub(super) async fn linked(
    app: &App,
    caller: &Caller,
    matches: &[StoredPatient],
    levels: usize,
    budget: &mut Budget,
) -> Result<Included, ApiError> {
    let mut seen: HashSet<String> = matches.iter().map(|stored| id_of(stored).to_owned()).collect();
    let mut included = Included { patients: Vec::new(), left_out: 0 };
    let mut wanted: Vec<String> = matches.iter().flat_map(links_of).collect();
    for _ in 0..levels {
        wanted.retain(|id| seen.insert(id.clone()));
        let room = INCLUDES_MAX - included.patients.len();
        included.left_out += wanted.len().saturating_sub(room);
        wanted.truncate(room);
        if wanted.is_empty() {
            break;
        }
        let (newest, settled) = budget::patients(app, &wanted, budget, 0).await?;
        included.left_out += wanted.len() - settled;
        let newest = caller.sight().visible(app, live(newest)).await?;
        wanted = newest.iter().flat_map(links_of).collect();
        included.patients.extend(newest);
    }
    Ok(included)
}

/// The ids in `Patient.link`, as rendering writes them.
fn links_of(stored: &StoredPatient) -> Vec<String> {
    match stored {
        StoredPatient::Source(source) => vec![source.state.golden.to_string()],
        StoredPatient::Golden(GoldenState { status: GoldenStatus::Replaced(other), .. }) => {
            vec![other.to_string()]
        }
        StoredPatient::Golden(golden) => golden.members.iter().map(ToString::to_string).collect(),
    }
}
