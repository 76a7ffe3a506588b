//! How long one search takes, against comparing with every record one by one.

use std::time::Instant;

use matching::{
    features::Features,
    index::{Index, Limits},
    score::{Band, score},
};
use people::{Options, generate};

/// Queries timed; few enough that the comparison one by one ends soon.
const QUERIES: usize = 50;

/// Prints the time of a search by the index and by comparing everything, and their ratio.
pub(crate) fn measure(records: usize) -> anyhow::Result<()> {
    let extractor = crate::extractor()?;
    let ruleset = extractor.ruleset().clone();
    let features: Vec<Features> = generate(&Options::usual(1, records))
        .filter_map(|one| extractor.extract(&one.patient).ok())
        .collect();
    let mut index = Index::new(ruleset.clone());
    let began = Instant::now();
    for (number, features) in features.iter().enumerate() {
        index.insert(u32::try_from(number)?, features.clone());
    }
    let snapshot = index.snapshot();
    let insert_us = began.elapsed().as_secs_f64() * 1e6 / features.len() as f64;
    let queries: Vec<&Features> =
        features.iter().step_by((features.len() / QUERIES).max(1)).collect();
    let limits = Limits { potential_max: usize::MAX };
    let began = Instant::now();
    let hits: usize = queries.iter().map(|query| snapshot.search(query, &limits).hits.len()).sum();
    let index_us = began.elapsed().as_secs_f64() * 1e6 / queries.len() as f64;
    let began = Instant::now();
    let scanned: usize = queries.iter().map(|query| scan(&ruleset, query, &features)).sum();
    let scan_us = began.elapsed().as_secs_f64() * 1e6 / queries.len() as f64;
    anyhow::ensure!(hits == scanned, "the index found {hits} hits, a full comparison {scanned}");
    println!("index insert      {insert_us:10.1} us a record");
    println!("index search      {index_us:10.1} us");
    println!("one by one        {scan_us:10.1} us, {:.1} times as long", scan_us / index_us);
    Ok(())
}

fn scan(ruleset: &matching::rules::Ruleset, query: &Features, all: &[Features]) -> usize {
    let rules = &ruleset.rules;
    let hits = |candidate: &Features| {
        rules
            .iter()
            .filter(|rule| {
                score(rule, query, candidate)
                    .is_some_and(|scored| rule.band(scored.score) != Band::Below)
            })
            .count()
    };
    all.iter().map(hits).sum()
}
