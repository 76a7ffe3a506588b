//! `opencr link`: the registry's own pipeline on a memory store, over one file.

mod ahead;
mod report;

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

use anyhow::Context as _;
use pipeline::{
    Pipeline, Settings,
    pairs::{self, Predicted, Truth},
    rows::{self, Format, Mapping, MissingIds, Options, Rows},
};
use registry::{
    actor::Actor,
    batch::Receipt,
    extract::Extractor,
    ids::{ClientId, Cruid, RecordId},
    state::{GoldenStatus, IssueKind},
};
use store::{DraftStore, Reader, Window};

use crate::{
    ConfigFile, chain, feed, open_mapping, process, source, usage, warnings::Warnings, wiring,
};
use report::Report;

/// Rows of the store read at once.
const PAGE_ROWS: u32 = 2000;
/// Who submits the rows.
const NAME: &str = "link";
/// Bad rows told in words; the rest is counted.
const BAD_ROWS_SHOWN: usize = 10;

/// Link the people of a file in memory, exactly as a registry would that received them in this
/// order, and say how well it went.
///
/// FILE is CSV (comma, semicolon or tab, with a header) or FHIR (NDJSON, a Bundle or an array
/// of Patients), also gzipped. Usual column names are understood; --mapping names others.
#[derive(clap::Args)]
#[command(after_help = "\
Truth is a CSV file of rec_id,cluster or of pairs rec_id_1,rec_id_2 (pairs are closed: A-B and
B-C make A-C). Ids are those of the id column or Patient.id.

--out writes the same rows with the person they belong to: a last column `cruid` in a CSV file,
a first member \"cruid\" in NDJSON. It is empty for rows that could not be read.

--json prints one object: records, persons, auto_pairs (pairs with the same CRUID),
potential_pairs (pairs of different CRUIDs that await a person: potential and conflicting
matches), cut_records (records with more of these than are kept), cut_candidates (how many
these records have in all), precision, recall and f1 of auto_pairs, potential_recall (of both together), seconds,
records_per_second, peak_rss_bytes. Without truth, or without any pair, a ratio is null.

Examples:
  opencr link people.csv --truth truth.csv
  opencr link people.ndjson.gz --rules decisionRules.json --out linked.ndjson --json")]
pub(crate) struct Arguments {
    /// The file of people.
    file: PathBuf,
    /// The rule file (OpenCR's decisionRules.json); without it the configured rules.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The true persons, to measure against.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Write the rows with their CRUID to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A TOML file that says what the columns are.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The identifier system of the record ids: a URI, or a client id such as openmrs.
    #[arg(long, value_name = "SYSTEM")]
    source: Option<String>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// What became of the rows of a file.
#[derive(Default)]
struct Linked {
    /// The record of each row, in file order, as a position in `names`; none for a bad row.
    rows: Vec<Option<u32>>,
    /// The position of each record, where somebody may come twice.
    positions: HashMap<RecordId, u32>,
    /// The row id of each record: of its last row, if several have its identity.
    names: Vec<Box<str>>,
    /// Records with more potential or conflicting matches than are kept, and how many of these
    /// they have in all.
    cut: HashMap<u32, u64>,
    bad: usize,
    shown: Vec<String>,
    warnings: Warnings,
}

/// Links and reports.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load(Vec::new())?;
    wiring::log(&config);
    let extractor = wiring::extractor(&config, arguments.rules.as_deref())?;
    let mapping = open_mapping(arguments.mapping.as_deref())?;
    let truth = arguments.truth.as_deref().map(Truth::load).transpose();
    let truth = truth.map_err(|error| usage(chain(&error)))?;
    let system = source::system(&config, arguments.source.as_deref(), mapping.as_ref())?;
    // Nothing outlives the run, so any known system will do for ids that have none.
    let system = system.unwrap_or_else(|| config.systems.internal_ids[0].as_str().into());

    let mut settings = feed::alone(wiring::settings(&config));
    let systems = &mut settings.vocabulary.internal_systems;
    systems.retain(|known| *known != system);
    systems.insert(0, system.clone());

    let open = || open(&arguments.file, mapping.as_ref(), &system);
    let rows = open()?;
    tell_columns(&rows);
    let started = Instant::now();
    let (linked, people) = wiring::runtime()?.block_on(async {
        // What is no file can be read only once.
        let (linked, store) = if arguments.file.is_file() {
            match ahead::read(rows, &extractor, &settings)? {
                Some(whole) => whole.link().await?,
                None => one_by_one(open()?, extractor, settings).await?,
            }
        } else {
            one_by_one(rows, extractor, settings).await?
        };
        let seconds = started.elapsed().as_secs_f64();
        let people = read_people(&*store, linked.names.len()).await?;
        anyhow::Ok((linked, People { seconds, ..people }))
    })?;
    let report = make_report(&linked, &people, truth.as_ref());
    if let Some(out) = &arguments.out {
        write_out(out, open()?, &linked, &people)
            .with_context(|| format!("cannot write {}", out.display()))?;
    }
    tell_bad_rows(&linked);
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        print!("{report}");
    }
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path, mapping: Option<&Mapping>, system: &Arc<str>) -> anyhow::Result<Rows> {
    let options = Options { source: system.clone(), missing_ids: MissingIds::LineNumber };
    rows::open(path, mapping, options)
        .map_err(|error| usage(format!("{}: {}", path.display(), chain(&error))))
}

/// Says once which columns are not read.
pub(crate) fn tell_columns(rows: &Rows) {
    let ignored: Vec<_> = rows
        .columns()
        .iter()
        .filter(|column| column.target.is_none())
        .map(|column| column.name.as_str())
        .collect();
    if !ignored.is_empty() {
        eprintln!("Columns not read: {} (--mapping can name them)", ignored.join(", "));
    }
}

/// Links rows each by itself, as a registry does.
async fn one_by_one(
    rows: Rows,
    extractor: Extractor,
    settings: Settings,
) -> anyhow::Result<(Linked, Arc<DraftStore>)> {
    // Only the outcome is wanted, so nothing of the way to it is kept.
    let store = Arc::new(DraftStore::default());
    let pipeline = Pipeline::start(store.clone(), extractor, settings).await?;
    let linked = link(&pipeline, rows).await?;
    pipeline.stop().await;
    Ok((linked, store))
}

async fn link(pipeline: &Pipeline, rows: Rows) -> anyhow::Result<Linked> {
    let mut linked = Linked::default();
    let (client, actor) = (ClientId::new(NAME), Actor::Job(NAME.to_owned()));
    let sender = feed::Sender { client, actor, ahead: feed::Ahead::One };
    feed::feed(pipeline, rows, sender, 0, &mut |chunk| {
        for row in chunk {
            linked.warnings.add(row.warnings);
            match row.result {
                Ok(receipt) => linked.take(receipt, row.id),
                Err(reason) => linked.leave_out(row.number, &reason),
            }
        }
        Ok(())
    })
    .await?;
    Ok(linked)
}

impl Linked {
    fn leave_out(&mut self, line: u64, reason: &str) {
        self.bad += 1;
        self.rows.push(None);
        if self.shown.len() < BAD_ROWS_SHOWN {
            self.shown.push(format!("line {line}: {reason}"));
        }
    }

    fn take(&mut self, receipt: Receipt, name: String) {
        // A file of more rows than this does not fit into memory.
        let next = u32::try_from(self.names.len()).expect("fewer than 4,294,967,296 records");
        let position = *self.positions.entry(receipt.record).or_insert(next);
        // Of a record that comes twice the last counts.
        match receipt.candidates_total {
            Some(total) => self.cut.insert(position, total),
            None => self.cut.remove(&position),
        };
        if position == next {
            self.names.push(name.into());
        } else {
            self.names[position as usize] = name.into();
        }
        self.rows.push(Some(position));
    }
}

fn tell_bad_rows(linked: &Linked) {
    for line in &linked.shown {
        eprintln!("Left out: {line}");
    }
    if linked.bad > linked.shown.len() {
        eprintln!("Left out: {} more rows", linked.bad - linked.shown.len());
    }
    linked.warnings.tell();
}

/// The state after the last row. Records are positions in [`Linked::names`].
#[derive(Default)]
struct People {
    /// Golden records with members.
    cruids: Vec<Cruid>,
    /// Per record, a position in `cruids`.
    golden_of: Vec<u32>,
    review: Vec<(u32, u32)>,
    seconds: f64,
}

/// Records are numbered by the store as they come, which is their position.
async fn read_people(reader: &dyn Reader, records: usize) -> anyhow::Result<People> {
    let nobody = u32::MAX;
    let mut people = People { golden_of: vec![nobody; records], ..People::default() };
    let mut after = None;
    loop {
        let mut page = reader.goldens_after(after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.number.0);
        page.retain(|golden| golden.status == GoldenStatus::Live);
        let members = page.iter().flat_map(|golden| &golden.members).cloned().collect();
        let numbers = numbers(reader, members).await?;
        for golden in page {
            let place = u32::try_from(people.cruids.len())?;
            for member in &golden.members {
                let number = numbers.get(member).context("a member that is not stored")?;
                people.golden_of[*number as usize] = place;
            }
            people.cruids.push(golden.id);
        }
    }
    anyhow::ensure!(!people.golden_of.contains(&nobody), "a record belongs to nobody");
    let mut offset = 0;
    loop {
        let page = reader.open_issues(Window { offset, limit: u64::from(PAGE_ROWS) }).await?;
        if page.is_empty() {
            return Ok(people);
        }
        offset += page.len() as u64;
        let review = page.iter().filter(|issue| match issue.kind {
            IssueKind::Potential | IssueKind::Conflict => true,
            IssueKind::Auto => false,
        });
        let pairs: Vec<(&RecordId, &RecordId)> =
            review.map(|issue| (&issue.subject, &issue.evidence.candidate)).collect();
        let named = pairs.iter().flat_map(|(one, other)| [*one, *other]).cloned().collect();
        let numbers = numbers(reader, named).await?;
        let pair = |(one, other)| Some((*numbers.get(one)?, *numbers.get(other)?));
        people.review.extend(pairs.into_iter().filter_map(pair));
    }
}

/// The numbers of some records.
async fn numbers(
    reader: &dyn Reader,
    records: Vec<RecordId>,
) -> anyhow::Result<HashMap<RecordId, u32>> {
    let states = reader.records(&records).await?;
    Ok(states.into_iter().map(|state| (state.id, state.number.0)).collect())
}

impl People {
    fn cruid_of(&self, record: u32) -> &str {
        self.cruids[self.golden_of[record as usize] as usize].as_str()
    }
}

fn make_report(linked: &Linked, people: &People, truth: Option<&Truth>) -> Report {
    let name = |record: u32| &*linked.names[record as usize];
    let records = 0..linked.names.len() as u32;
    let predicted = Predicted {
        people: records.map(|record| (name(record), people.cruid_of(record))).collect(),
        potential: people.review.iter().map(|(a, b)| (name(*a), name(*b))).collect(),
    };
    let evaluations = truth.map(|truth| pairs::evaluate(truth, &predicted));
    let (auto_pairs, potential_pairs) = pairs::count(&predicted);
    Report {
        records: linked.names.len() as u64,
        persons: people.cruids.len() as u64,
        auto_pairs,
        potential_pairs,
        cut_records: linked.cut.len() as u64,
        cut_candidates: linked.cut.values().sum(),
        evaluations,
        seconds: people.seconds,
        peak_rss_bytes: process::peak_rss_bytes(),
    }
}

fn write_out(path: &Path, rows: Rows, linked: &Linked, people: &People) -> anyhow::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let format = rows.format();
    if let Some(header) = rows.header() {
        out.write_all(&rows::with_column(format, header, "cruid", "cruid"))?;
        out.write_all(b"\n")?;
    }
    for (row, record) in rows.zip(&linked.rows) {
        let row = row?;
        let cruid = record.map(|record| people.cruid_of(record));
        match (cruid, format) {
            (Some(cruid), _) => {
                out.write_all(&rows::with_column(format, &row.raw, "cruid", cruid))?
            }
            (None, Format::Table { .. }) => {
                out.write_all(&rows::with_column(format, &row.raw, "cruid", ""))?;
            }
            // A line that is not JSON stays as it is: there is nothing to put a member into.
            (None, Format::Json) => out.write_all(&row.raw)?,
        }
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
