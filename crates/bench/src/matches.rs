//! The index against a scan of all records, query by query: the same hits, and how much sooner.
//!
//! Half of the queries are records of the register as they are, half are damaged copies that are
//! not in it. Every query of the scan is searched by the index as well, and their hits compared;
//! once more after many records came, changed and went. The index is also written to a file and
//! read back, and what was read has to find the same.

use std::fmt;
use std::io::{BufReader, Seek as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use matching::features::Features;
use matching::index::{Found, Index, Limits, Snapshot, image};
use people::{Options, generate};
use registry::extract::Extractor;

use crate::{load, percentile};

/// Decides the population; printed, so that a run can be repeated.
const SEED: u64 = 1;
/// Queries that are timed by the index.
const QUERIES: usize = 1_000;
/// Potential matches that a search returns, as the service asks.
const POTENTIAL_MAX: usize = 100;
/// Records of a batch whose publishing is timed.
const BATCH: usize = 1_000;
/// Batches, of which the median is told.
const BATCHES: usize = 9;

/// Records that come, change or go before the hits are compared once more.
const CHANGES: usize = 20_000;

/// What to measure.
pub(crate) struct Asked {
    records: usize,
    rules: String,
    scans: usize,
    as_json: bool,
}

impl Asked {
    /// Reads `--records N --rules NAME|FILE [--scans N] [--json]`.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Asked> {
        let rules = "opencr-default".to_owned();
        let mut asked = Asked { records: 100_000, rules, scans: 100, as_json: false };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--records" => asked.records = value()?.parse()?,
                "--scans" => asked.scans = value()?.parse()?,
                "--rules" => asked.rules = value()?,
                "--json" => asked.as_json = true,
                _ => anyhow::bail!("unknown {word}: --records, --rules, --scans or --json"),
            }
        }
        Ok(asked)
    }

    fn rules(&self) -> anyhow::Result<String> {
        Ok(match self.rules.as_str() {
            "opencr-default" => crate::RULES.to_owned(),
            "opencr-probabilistic" => include_str!("../rules/opencr-probabilistic.json").to_owned(),
            "native" => include_str!("../../../config/rules.toml").to_owned(),
            "fellegi-sunter" => include_str!("../rules/fellegi-sunter.json").to_owned(),
            file => std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?,
        })
    }
}

/// What was measured.
struct Measured {
    rules: String,
    records: usize,
    build: Duration,
    publish: Duration,
    image: Image,
    /// Searches a second on one thread and on two.
    rates: [f64; 2],
    bytes_per_record: usize,
    scans: Vec<Duration>,
    searches: Vec<Duration>,
    hits: usize,
    mismatches: usize,
    /// Of all timed searches.
    compared: u64,
    read: u64,
    verified: u64,
    scanned: u64,
}

/// What writing the index to a file and reading it back took.
#[derive(Default)]
struct Image {
    write: Duration,
    load: Duration,
    bytes: u64,
    mismatches: usize,
}

/// Measures and prints.
pub(crate) fn measure(asked: &Asked) -> anyhow::Result<()> {
    let ruleset = Arc::new(matching::native::rules_from_text(&asked.rules()?)?);
    let extractor = Extractor::compile(Arc::clone(&ruleset))?;
    let mut register = Register::make(asked.records, &extractor)?;
    let image = register.image()?;
    let mut measured = register.measure(asked);
    measured.mismatches += image.mismatches;
    measured.image = image;
    match asked.as_json {
        true => println!("{}", measured.json()),
        false => print!("{measured}"),
    }
    anyhow::ensure!(measured.mismatches == 0, "{} lists differ", measured.mismatches);
    Ok(())
}

struct Register {
    index: Index,
    build: Duration,
    queries: Vec<Features>,
    /// Records to be published in batches when all else is measured.
    batch: Vec<Features>,
}

impl Register {
    /// Indexes a population, holding back damaged copies to ask for.
    fn make(records: usize, extractor: &Extractor) -> anyhow::Result<Register> {
        let mut index = Index::new(extractor.ruleset().clone());
        let (mut queries, mut batch) = (Vec::new(), Vec::new());
        let mut build = Duration::ZERO;
        let mut number = 0_u32;
        // A damaged copy now and then, so that their originals are everywhere in the register.
        let hold_back = (records / (QUERIES / 2)).max(2);
        let mut since_held = 0;
        for one in
            generate(&Options::usual(SEED, records + records / 20 + BATCHES * BATCH + QUERIES))
        {
            let Ok(features) = extractor.extract(&one.patient) else { continue };
            since_held += 1;
            if number as usize == records {
                batch.push(features);
                if batch.len() == BATCHES * BATCH {
                    break;
                }
            } else if since_held > hold_back && !one.mistakes.is_empty() {
                since_held = 0;
                queries.push(features);
            } else {
                let began = Instant::now();
                index.insert(number, features);
                build += began.elapsed();
                number += 1;
            }
        }
        anyhow::ensure!(number as usize == records, "the population is too small");
        let intact = queries.len().max(QUERIES / 2);
        let held = index.snapshot();
        let numbers = (0..intact).map(|at| (at * records / intact) as u32);
        let copies: Vec<Features> = numbers.filter_map(|number| held.features(number)).collect();
        queries.truncate(QUERIES / 2);
        queries.extend(copies.into_iter().take(QUERIES / 2));
        Ok(Register { index, build, queries, batch })
    }

    /// Writes the index, reads it back from the page cache and searches both.
    fn image(&self) -> anyhow::Result<Image> {
        let mut file = tempfile::tempfile()?;
        let snapshot = self.index.snapshot();
        let (write, written) = timed(|| {
            snapshot.write_image(b"bench", &mut file)?;
            file.sync_all()
        });
        written?;
        let bytes = file.stream_position()?;
        file.rewind()?;
        let (load, loaded) =
            timed(|| image::Image::open(snapshot.ruleset().clone(), BufReader::new(file))?.load());
        let loaded = loaded?.snapshot();
        let limits = Limits { potential_max: POTENTIAL_MAX };
        let differs = |query: &&Features| {
            snapshot.search(query, &limits).hits != loaded.search(query, &limits).hits
        };
        let mismatches = self.queries.iter().filter(differs).count();
        Ok(Image { write, load, bytes, mismatches })
    }

    fn measure(&mut self, asked: &Asked) -> Measured {
        let snapshot = self.index.snapshot();
        let limits = Limits { potential_max: POTENTIAL_MAX };
        let mut measured = Measured {
            rules: asked.rules.clone(),
            records: snapshot.len(),
            build: self.build,
            publish: Duration::ZERO,
            image: Image::default(),
            rates: [1, 2].map(|threads| load::rate(&snapshot, &self.queries, &limits, threads)),
            bytes_per_record: snapshot.bytes() / snapshot.len().max(1),
            scans: Vec::new(),
            searches: Vec::new(),
            hits: 0,
            mismatches: 0,
            compared: 0,
            read: 0,
            verified: 0,
            scanned: 0,
        };
        for query in &self.queries {
            let (took, found) = timed(|| snapshot.search(query, &limits));
            measured.searches.push(took);
            measured.hits += found.hits.len();
            measured.compared += found.cost.values_compared;
            measured.read += found.cost.postings_read;
            measured.verified += found.cost.records_verified;
            measured.scanned += found.cost.records_scanned;
        }
        let stride = (self.queries.len() / asked.scans.max(1)).max(1);
        let compared = self.queries.iter().step_by(stride).take(asked.scans);
        for query in compared.clone() {
            let took = measured.compare(&snapshot, query, &limits);
            measured.scans.push(took);
        }
        measured.publish = publish(&mut self.index, snapshot, &self.batch);
        change(&mut self.index);
        let changed = self.index.snapshot();
        for query in compared {
            measured.compare(&changed, query, &limits);
        }
        measured.scans.sort_unstable();
        measured.searches.sort_unstable();
        measured
    }
}

/// Inserts batches behind the published records and publishes each; gives the median time.
fn publish(index: &mut Index, mut held: Snapshot, records: &[Features]) -> Duration {
    let mut numbered = (held.len() as u32..).zip(records);
    let mut times = Vec::new();
    for _ in 0..BATCHES {
        // Readers hold the snapshot before, so that what changes must be copied.
        let (took, snapshot) = timed(|| {
            for (number, features) in numbered.by_ref().take(BATCH) {
                index.insert(number, features.clone());
            }
            index.snapshot()
        });
        drop(std::mem::replace(&mut held, snapshot));
        times.push(took);
    }
    times.sort_unstable();
    percentile(&times, 50)
}

/// Removes, adds and changes records, the same ones in every run.
fn change(index: &mut Index) {
    let before = index.snapshot();
    let len = before.len();
    // Knuth's constants for a generator of 64 bits; its upper half is random enough here.
    let mut state = SEED;
    let mut below = |end: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    for step in 0..CHANGES {
        let (number, like) = (below(len) as u32, below(len) as u32);
        let Some(features) = before.features(like) else { continue };
        match below(4) {
            0 => index.remove(number),
            1 => index.insert((len + step) as u32, features),
            _ => index.replace(number, features),
        }
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let result = run();
    (began.elapsed(), result)
}

impl Measured {
    /// Searches both ways, and gives how long the scan took.
    fn compare(&mut self, snapshot: &Snapshot, query: &Features, limits: &Limits) -> Duration {
        let (took, expected) = timed(|| snapshot.scan(query, limits));
        let same =
            |a: &Found, b: &Found| a.hits == b.hits && a.potential_total == b.potential_total;
        self.mismatches += usize::from(!same(&snapshot.search(query, limits), &expected));
        took
    }

    fn mean_ns(&self) -> u128 {
        let total: Duration = self.searches.iter().sum();
        total.as_nanos() / self.searches.len().max(1) as u128
    }

    fn insert_ns(&self) -> u128 {
        self.build.as_nanos() / self.records.max(1) as u128
    }

    fn json(&self) -> String {
        format!(
            "{{\"records\":{},\"rules\":{:?},\"seed\":{SEED},\"scan_p50_ns\":{},\
             \"index_p50_ns\":{},\"index_p99_ns\":{},\"index_mean_ns\":{},\"hits\":{},\
             \"mismatches\":{},\"bytes_per_record\":{},\"build_seconds\":{:.3},\
             \"insert_ns\":{},\"publish_ns\":{},\"searches_per_second\":{:.0},\
             \"searches_per_second_two_threads\":{:.0},\"image_write_seconds\":{:.3},\
             \"image_load_seconds\":{:.3},\"image_bytes\":{}}}",
            self.records,
            self.rules,
            percentile(&self.scans, 50).as_nanos(),
            percentile(&self.searches, 50).as_nanos(),
            percentile(&self.searches, 99).as_nanos(),
            self.mean_ns(),
            self.hits,
            self.mismatches,
            self.bytes_per_record,
            self.build.as_secs_f64(),
            self.insert_ns(),
            self.publish.as_nanos(),
            self.rates[0],
            self.rates[1],
            self.image.write.as_secs_f64(),
            self.image.load.as_secs_f64(),
            self.image.bytes,
        )
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scan, index) = (percentile(&self.scans, 50), percentile(&self.searches, 50));
        let ratio = scan.as_secs_f64() / index.as_secs_f64().max(1e-9);
        let searches = self.searches.len().max(1) as u64;
        writeln!(f, "{} records, rules {}, seed {SEED}", self.records, self.rules)?;
        writeln!(f, "scan    p50 {scan:>10.2?}  of {} queries", self.scans.len())?;
        writeln!(
            f,
            "index   p50 {index:>10.2?}  p90 {:.2?}  p99 {:.2?}  max {:.2?}  mean {:.2?}",
            percentile(&self.searches, 90),
            percentile(&self.searches, 99),
            percentile(&self.searches, 100),
            Duration::from_nanos(u64::try_from(self.mean_ns()).unwrap_or(u64::MAX)),
        )?;
        writeln!(f, "        {ratio:.0} times as fast at the median")?;
        writeln!(
            f,
            "a search compares {} values, reads {} postings, verifies {} and scans {} records",
            self.compared / searches,
            self.read / searches,
            self.verified / searches,
            self.scanned / searches,
        )?;
        let [one, two] = self.rates;
        writeln!(f, "{one:.0} searches a second on one thread, {two:.0} on two")?;
        writeln!(f, "hits {}, lists that differ from the scan {}", self.hits, self.mismatches)?;
        writeln!(
            f,
            "{} bytes a record, built in {:.2?} ({} ns a record), a batch of {BATCH} published in \
             {:.2?}",
            self.bytes_per_record,
            self.build,
            self.insert_ns(),
            self.publish
        )?;
        writeln!(
            f,
            "an image of {} bytes, written in {:.2?}, loaded in {:.2?}",
            self.image.bytes, self.image.write, self.image.load
        )
    }
}
