//! What searches cost, measured: people of a register are searched for among all of them.

use std::{collections::HashSet, fmt, time::Instant};

use matching::{
    features::Features,
    index::{Cost, Found, Limits},
    rules::Ruleset,
    score::{Band, score},
};

use crate::among::Among;

/// From this share of the register on, candidates are too many for rules that are meant.
const SHARE_MAX: f64 = 1e-2;
/// Registers below this are too small for shares to mean anything.
const RECORDS_MIN: usize = 1_000;

/// What searches took and found.
#[derive(Debug)]
pub(super) struct Measured {
    records: usize,
    left_out: u64,
    index_bytes: usize,
    potential_max: usize,
    searches: Vec<Search>,
}

#[derive(Clone, Copy, Debug)]
struct Search {
    cost: Cost,
    took_us: f64,
    candidates: u64,
    is_cut: bool,
}

/// One of the figures of a search.
type Figure = fn(&Search) -> f64;

/// Searches for `take` of the people, spread evenly; `None` if there is nobody.
pub(super) fn measure(among: &Among, limits: &Limits, take: usize) -> Option<Measured> {
    let snapshot = among.snapshot();
    let records = snapshot.len();
    let take = take.min(records);
    let searches: Vec<Search> = (0..take)
        .filter_map(|at| {
            let query = snapshot.features(u32::try_from(at * records / take).ok()?)?;
            let began = Instant::now();
            let found = snapshot.search(&query, limits);
            let took_us = began.elapsed().as_secs_f64() * 1e6;
            let candidates =
                candidates(&found) - u64::from(finds_itself(snapshot.ruleset(), &query));
            Some(Search { cost: found.cost, took_us, candidates, is_cut: found.is_cut })
        })
        .collect();
    let (index_bytes, left_out) = (snapshot.bytes(), among.left_out);
    let potential_max = limits.potential_max;
    let measured = Measured { records, left_out, index_bytes, potential_max, searches };
    (!measured.searches.is_empty()).then_some(measured)
}

/// How many records were found, those that are cut included.
fn candidates(found: &Found) -> u64 {
    let autos = found.hits.iter().filter(|hit| hit.band == Band::Auto);
    found.potential_total + autos.map(|hit| hit.number).collect::<HashSet<_>>().len() as u64
}

fn finds_itself(ruleset: &Ruleset, query: &Features) -> bool {
    ruleset.rules.iter().any(|rule| {
        score(rule, query, query).is_some_and(|scored| rule.band(scored.score) != Band::Below)
    })
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (records, searches) = (self.records, &self.searches);
        writeln!(
            f,
            "{records} records, {:.1} MB of index, {} searches",
            self.index_bytes as f64 / 1e6,
            searches.len()
        )?;
        if self.left_out > 0 {
            writeln!(
                f,
                "{} left out: nobody there to whom the rules can be applied",
                self.left_out
            )?;
        }
        writeln!(f, "\n{:<18} {:>12} {:>12} {:>12}", "a search", "median", "p99", "most")?;
        let rows: [(&str, Figure); 6] = [
            ("microseconds", |one| one.took_us),
            ("values compared", |one| one.cost.values_compared as f64),
            ("postings read", |one| one.cost.postings_read as f64),
            ("records verified", |one| one.cost.records_verified as f64),
            ("records scanned", |one| one.cost.records_scanned as f64),
            ("candidates", |one| one.candidates as f64),
        ];
        for (name, value) in rows {
            let mut values: Vec<f64> = searches.iter().map(value).collect();
            values.sort_unstable_by(f64::total_cmp);
            let (median, p99, most) = (at(&values, 0.5), at(&values, 0.99), at(&values, 1.0));
            writeln!(f, "{name:<18} {median:>12.0} {p99:>12.0} {most:>12.0}")?;
        }
        let all: u64 = searches.iter().map(|one| one.candidates).sum();
        let share = all as f64 / searches.len() as f64 / records as f64;
        writeln!(f, "\na search gives {:.4} % of the register as candidates", share * 100.0)?;
        if share >= SHARE_MAX && records >= RECORDS_MIN {
            writeln!(f, "THAT IS MUCH: ask for more agreement, or raise the thresholds")?;
        }
        let cut = searches.iter().filter(|one| one.is_cut).count();
        if cut > 0 {
            let max = self.potential_max;
            writeln!(f, "{cut} searches gave more than the {max} potential matches that are kept")?;
        }
        Ok(())
    }
}

/// The value that `share` of the ascending ones do not exceed.
fn at(values: &[f64], share: f64) -> f64 {
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * share).round() as usize).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values = [1.0, 2.0, 3.0, 4.0, 100.0];
        assert_eq!((at(&values, 0.5), at(&values, 0.99), at(&values, 1.0)), (3.0, 100.0, 100.0));
        assert!(at(&[], 0.5) < 1.0);
    }
}
