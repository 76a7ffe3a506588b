//! What it costs to find one record for another, among the people of a file.

use std::{fmt, time::Instant};

use matching::{
    features::Features,
    index::{Cost, Found, Limits},
    score::Band,
};
use serde_json::{Value, json};

use crate::among::Among;

/// Repetitions whose median is told; a scan of a large register takes long.
const SEARCHES: usize = 9;
const SCANS: usize = 3;

/// What a search for the one took, and whether it found the other.
pub(super) struct Told {
    records: usize,
    found: Found,
    hits: usize,
    search_us: f64,
    scan_us: f64,
    scan_cost: Cost,
    /// Rule, counted from 1, and band of the other, if it was found.
    other: Option<(usize, Band)>,
    potential_max: usize,
}

/// Searches for `query` among everybody; `other` is the number of the other record.
pub(super) fn tell(among: &Among, query: &Features, other: u32, limits: &Limits) -> Told {
    let snapshot = among.snapshot();
    // The first search makes the plan, which later ones share.
    let found = snapshot.search(query, limits);
    let search_us = median_us(SEARCHES, || snapshot.search(query, limits));
    let scan_cost = snapshot.scan(query, limits).cost;
    let scan_us = median_us(SCANS, || snapshot.scan(query, limits));
    let mut hits: Vec<u32> = found.hits.iter().map(|hit| hit.number).collect();
    hits.sort_unstable();
    hits.dedup();
    let best = found.hits.iter().filter(|hit| hit.number == other);
    let best = best.min_by_key(|hit| (hit.band != Band::Auto, hit.rule));
    Told {
        records: snapshot.len(),
        hits: hits.len(),
        search_us,
        scan_us,
        scan_cost,
        other: best.map(|hit| (hit.rule + 1, hit.band)),
        potential_max: limits.potential_max,
        found,
    }
}

fn median_us(times: usize, search: impl Fn() -> Found) -> f64 {
    let mut took: Vec<f64> = (0..times)
        .map(|_| {
            let began = Instant::now();
            std::hint::black_box(search());
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    took.sort_unstable_by(f64::total_cmp);
    took[times / 2]
}

fn word(band: Band) -> &'static str {
    match band {
        Band::Auto => "automatic",
        Band::Potential => "potential",
        Band::Below => "below",
    }
}

impl Told {
    /// One JSON object; its keys are a promise to scripts.
    pub(super) fn to_json(&self) -> Value {
        let cost = |cost: &Cost| {
            json!({
                "records_scanned": cost.records_scanned,
                "values_compared": cost.values_compared,
                "postings_read": cost.postings_read,
                "records_verified": cost.records_verified,
            })
        };
        json!({
            "records": self.records,
            "hits": self.hits,
            "potential_total": self.found.potential_total,
            "is_cut": self.found.is_cut,
            "found": self.other.map(|(rule, band)| json!({"rule": rule, "band": word(band)})),
            "search": cost(&self.found.cost),
            "search_us": self.search_us,
            "scan": cost(&self.scan_cost),
            "scan_us": self.scan_us,
        })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "searching A among {} records", self.records)?;
        writeln!(f)?;
        let (search, scan) = (&self.found.cost, &self.scan_cost);
        writeln!(f, "{:<18} {:>12} {:>16}", "", "search", "comparing all")?;
        for (name, search, scan) in [
            ("records scanned", search.records_scanned, scan.records_scanned),
            ("values compared", search.values_compared, scan.values_compared),
            ("postings read", search.postings_read, scan.postings_read),
            ("records verified", search.records_verified, scan.records_verified),
        ] {
            writeln!(f, "{name:<18} {search:>12} {scan:>16}")?;
        }
        let (search_us, scan_us) = (self.search_us, self.scan_us);
        writeln!(f, "{:<18} {search_us:>12.1} {scan_us:>16.1}", "microseconds")?;
        writeln!(f)?;
        match self.other {
            Some((rule, band)) => {
                writeln!(f, "B is found by rule {rule}: {} match", word(band))?;
            }
            None if self.found.is_cut => writeln!(f, "B is not among the candidates kept")?,
            None => writeln!(f, "B is not found")?,
        }
        write!(f, "records found: {}", self.hits)?;
        if self.found.is_cut {
            let (total, max) = (self.found.potential_total, self.potential_max);
            write!(f, "; more were cut: {total} potential matches in all, {max} kept for a rule")?;
        }
        writeln!(f)
    }
}
