//! The index under load: searches a second on one and two threads, and memory over many updates.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use matching::features::Features;
use matching::index::{Index, Limits, Snapshot};
use people::{Options, generate};

/// Decides the population; printed, so that a run can be repeated.
const SEED: u64 = 1;

/// How long searches are counted.
const COUNTED: Duration = Duration::from_secs(2);

/// Searches a second that so many threads get from one snapshot.
pub(crate) fn rate(
    snapshot: &Snapshot,
    queries: &[Features],
    limits: &Limits,
    threads: usize,
) -> f64 {
    let done = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let done = &done;
            scope.spawn(move || {
                // Each begins elsewhere, so that they do not warm each other's way.
                let start = thread * queries.len() / threads;
                for query in queries.iter().cycle().skip(start) {
                    if began.elapsed() > COUNTED {
                        break;
                    }
                    snapshot.search(query, limits);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// Updates the same records over and over and prints the index's bytes, which should not grow.
pub(crate) fn churn(records: u32, updates: usize) -> anyhow::Result<()> {
    let extractor = crate::extractor()?;
    let mut index = Index::new(extractor.ruleset().clone());
    let people = generate(&Options::usual(SEED, records as usize));
    for (number, one) in (0..).zip(people) {
        if let Ok(features) = extractor.extract(&one.patient) {
            index.insert(number, features);
        }
    }
    println!("{updates} updates of the same {records} records, seed {SEED}");
    println!("bytes of the index before, and after each tenth of the updates:");
    let bytes = exchange(&mut index, records, updates);
    println!("{}", bytes.iter().map(usize::to_string).collect::<Vec<_>>().join(" "));
    Ok(())
}

/// Gives records each other's values; the index's bytes before and after each tenth.
fn exchange(index: &mut Index, records: u32, updates: usize) -> Vec<usize> {
    let mut bytes = vec![index.snapshot().bytes()];
    let held: Vec<Option<Features>> =
        (0..records).map(|number| index.snapshot().features(number)).collect();
    let mut turn = 1;
    for step in 0..updates {
        let number = step as u32 % records;
        if number == 0 {
            turn += 7;
        }
        let like = (number as usize + turn) % held.len();
        if let Some(features) = &held[like] {
            index.replace(number, features.clone());
        }
        if (step + 1) % (updates / 10).max(1) == 0 {
            bytes.push(index.snapshot().bytes());
        }
    }
    bytes
}
