//! `opencr train`: the numbers of native rules, learned from records.

mod decisions;

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use matching::{
    native,
    train::{self, Judged, Labels, Options, Records, Step},
};
use pipeline::pairs::Labelled;
use registry::{extract::Extractor, ids::Cruid};

use crate::{
    ConfigFile, chain, cohort,
    config::{Config, NATIVE_RULES},
    usage, verify, wiring,
};

/// Records after which progress is told.
const TOLD_EVERY: usize = 100_000;

/// Learn m, u, the prior and how common values are, from the people of a file or a registry.
///
/// Labels are not needed. The result is a new rule file; nothing is put into use.
#[derive(clap::Args)]
#[command(after_help = "\
Labels are a CSV file of rec_id_1,rec_id_2,label with the label same or different; they should be
a sample of all matches, not only of the difficult ones. Decisions settle the pairs that stewards
have judged. Without --out nothing is written but the report.

Two runs with one seed on the same records give the same file, byte for byte.

Examples:
  opencr train people.csv --out trained.toml
  opencr train --data /var/lib/opencr --decisions --out trained.toml")]
pub(crate) struct Arguments {
    /// The file of people (CSV or FHIR JSON, also gzip).
    #[arg(required_unless_present_any = ["data", "store"], conflicts_with_all = ["data", "store"])]
    file: Option<PathBuf>,
    /// Learn from the records in this data folder; its server must be stopped.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The same for a store, by its URL.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The native rules to begin with; without it those inside the binary (config/rules.toml).
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Pairs that somebody has judged; m is counted among them.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Use what stewards have decided in the store: pairs declared different, and records that
    /// they linked.
    #[arg(long, conflicts_with = "file")]
    decisions: bool,
    /// Decides everything that is left to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Random pairs to compare.
    #[arg(long, value_name = "N", default_value_t = Options::default().random_pairs_max)]
    random_pairs: usize,
    /// Write the trained rules to this file.
    #[arg(long, value_name = "RULES")]
    out: Option<PathBuf>,
    /// A TOML file that says what the columns are.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Learns and tells.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let overrides = verify::store_overrides(&arguments.data, &arguments.store);
    let config = arguments.config.load(overrides)?;
    wiring::log(&config);
    let (file, text, name) = rules(arguments.rules.as_deref())?;
    let refused = |error| usage(format!("{name} is refused: {}", chain(&error)));
    let extractor = wiring::compile(file.build(&text).map_err(refused)?, &name)?;
    let labelled = arguments.labels.as_deref().map(Labelled::load).transpose();
    let labelled = labelled.map_err(|error| usage(chain(&error)))?;

    let mut read =
        Read { is_numbered: labelled.is_some() || arguments.decisions, ..Read::default() };
    let decisions = read.all(&arguments, &config, &extractor)?;
    let sample = labelled.map(|labelled| numbered(&labelled, &read.numbers)).transpose()?;
    let judged = Judged { sample, decisions };
    let options = Options {
        seed: arguments.seed,
        random_pairs_max: arguments.random_pairs.max(1),
        ..Options::default()
    };
    let trained = train::train(&file, &read.records, &judged, &options, &mut |step| tell(&step))
        .map_err(|error| usage(chain(&error)))?;
    if arguments.json {
        println!("{}", serde_json::to_string(&trained.report)?);
    } else {
        print!("{}", trained.report);
    }
    if let Some(out) = &arguments.out {
        std::fs::write(out, native::to_toml(&trained.file))
            .with_context(|| format!("cannot write {}", out.display()))?;
        eprintln!("Wrote {}; opencr evaluate tells how good it is", out.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn rules(path: Option<&Path>) -> anyhow::Result<(native::RuleFile, String, String)> {
    let (text, name) = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| usage(format!("cannot read {}: {error}", path.display())))?;
            (text, path.display().to_string())
        }
        None => (NATIVE_RULES.to_owned(), "the native rules inside the binary".to_owned()),
    };
    if !native::is_native(&text) {
        return Err(usage(format!(
            "{name} is in OpenCR's format, which has no levels to train: see opencr rules convert"
        )));
    }
    let refused = |error| usage(format!("{name} is refused: {}", chain(&error)));
    let mut file = native::read(&text).map_err(refused)?;
    let tables = wiring::tables_beside(path.unwrap_or(Path::new("")));
    file.read_tables(&text, &tables).map_err(refused)?;
    Ok((file, text, name))
}

/// The records that were read.
#[derive(Default)]
struct Read {
    records: Records,
    /// Whether records have to be found by their ids.
    is_numbered: bool,
    numbers: HashMap<String, u32>,
    /// Golden records to which a person has linked a record.
    decided: BTreeSet<Cruid>,
}

impl Read {
    /// Reads the file or the store, and gives the decisions of the store if they are wanted.
    fn all(
        &mut self,
        arguments: &Arguments,
        config: &Config,
        extractor: &Extractor,
    ) -> anyhow::Result<Option<Labels>> {
        let mut decisions = None;
        let left_out = match &arguments.file {
            Some(path) => {
                let mapping = arguments.mapping.as_deref();
                cohort::of_file(path, mapping, extractor, &mut |member| self.add(member))?
            }
            None => wiring::runtime()?.block_on(async {
                let store = verify::open_existing(&config.store_url()).await?;
                let add = &mut |member| self.add(member);
                let left_out = cohort::of_store(&*store, extractor, add).await?;
                if arguments.decisions {
                    let read = decisions::read(&*store, &self.numbers, &self.decided).await?;
                    decisions = Some(read);
                }
                store.close().await;
                anyhow::Ok(left_out)
            })?,
        };
        if left_out > 0 {
            eprintln!("Left out: {left_out} rows that hold nobody");
        }
        Ok(decisions)
    }

    fn add(&mut self, member: cohort::Member) {
        if self.is_numbered {
            self.numbers.insert(member.id, self.records.len() as u32);
            self.decided.extend(member.decided);
        }
        self.records.push(member.features);
        if self.records.len().is_multiple_of(TOLD_EVERY) {
            eprintln!("Read {} records", self.records.len());
        }
    }
}

fn numbered(labelled: &Labelled, numbers: &HashMap<String, u32>) -> anyhow::Result<Labels> {
    let judgements = labelled.pairs.iter().map(|(one, other, is_same)| {
        (numbers.get(one).copied().zip(numbers.get(other).copied()), *is_same)
    });
    let labels = Labels::of(judgements);
    if labels.same().is_empty() {
        return Err(usage("no label says that two of the records are the same: m needs some"));
    }
    Ok(labels)
}

fn tell(step: &Step) {
    match step {
        Step::Frequencies => eprintln!("Counting how common values are"),
        Step::RandomPairs => eprintln!("Comparing random pairs"),
        Step::Block(names) => eprintln!("Comparing pairs with the same {}", names.join(" and ")),
        Step::Estimation => eprintln!("Estimating"),
    }
}
