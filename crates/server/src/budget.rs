//! [`Budget`]: how much stored content one answer may hold, and reading within it.
//!
//! A Patient may hold a photo as large as a whole body, so a count of Patients says nothing
//! about the memory that a page takes.

use registry::stored::StoredPatient;

use crate::{App, api::id_of, error::ApiError};

/// Patients or versions read at once; as many are in memory beyond the budget at the most.
pub(crate) const CHUNK: usize = 8;

/// What may still be added to an answer, in bytes of stored content.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    /// The budget of one answer.
    pub(crate) fn of(app: &App) -> Self {
        Self { left: app.settings().answer_max_bytes }
    }

    /// Nothing more fits.
    pub(crate) fn is_used_up(&self) -> bool {
        self.left == 0
    }

    /// Takes `bytes` if they fit; if they do not, the budget is used up. The first of a page
    /// is always taken: a page without any would never end.
    pub(crate) fn admits(&mut self, bytes: usize, is_first: bool) -> bool {
        let fits = bytes <= self.left;
        self.left = if fits { self.left - bytes } else { 0 };
        fits || is_first
    }
}

/// How much there is to parse for showing a Patient.
pub(crate) fn bytes_of(stored: &StoredPatient) -> usize {
    match stored {
        StoredPatient::Source(source) => source.content.len(),
        StoredPatient::Golden(golden) => bytes_of_links(golden.members.len()),
    }
}

/// How much so many links of a golden record take.
pub(crate) fn bytes_of_links(links: usize) -> usize {
    64 * links
}

/// The Patients with these ids as far as the budget goes, at least `least` of them, and how
/// many of the ids that settles.
///
/// # Errors
///
/// 503 if the store does not answer.
pub(crate) async fn patients(
    app: &App,
    ids: &[String],
    budget: &mut Budget,
    least: usize,
) -> Result<(Vec<StoredPatient>, usize), ApiError> {
    let mut taken: Vec<StoredPatient> = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        if budget.is_used_up() && taken.len() >= least {
            let settled = taken.last().and_then(|last| place_of(ids, last));
            return Ok((taken, settled.map_or(0, |place| place + 1)));
        }
        for stored in app.reader().patients(chunk).await? {
            if !budget.admits(bytes_of(&stored), taken.len() < least) {
                let settled = place_of(ids, &stored).unwrap_or(ids.len());
                return Ok((taken, settled));
            }
            taken.push(stored);
        }
    }
    Ok((taken, ids.len()))
}

fn place_of(ids: &[String], stored: &StoredPatient) -> Option<usize> {
    ids.iter().position(|id| id == id_of(stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_ends_with_the_first_that_does_not_fit() {
        let mut budget = Budget { left: 10 };
        assert!(budget.admits(6, true) && !budget.is_used_up());
        assert!(!budget.admits(6, false) && budget.is_used_up());
        assert!(!budget.admits(1, false));
        assert!(budget.admits(6, true), "the first is always taken");
    }
}
