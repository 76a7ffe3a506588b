//! `opencr train`: the numbers of native rules, learned from records.

use std::{collections::HashMap, path::Path, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use matching::{
    native,
    train::{self, Labels, Options, Records, Step},
};
use pipeline::pairs::Labelled;

use crate::{ConfigFile, chain, cohort, config::NATIVE_RULES, usage, verify, wiring};

/// Records after which progress is told.
const TOLD_EVERY: usize = 100_000;

/// Learn m, u, the prior and how common values are, from the people of a file or a registry.
///
/// Labels are not needed. The result is a new rule file; nothing is put into use.
#[derive(clap::Args)]
#[command(after_help = "\
Labels are a CSV file of rec_id_1,rec_id_2,label with the label same or different. Without --out
nothing is written but the report.

Two runs with one seed on the same records give the same file, byte for byte.

Examples:
  opencr train people.csv --out trained.toml
  opencr train --data /var/lib/opencr --rules config/rules.toml --out trained.toml")]
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
    let (file, name) = rules(arguments.rules.as_deref())?;
    let refused = |error| usage(format!("{name} is refused: {}", chain(&error)));
    let extractor = wiring::compile(file.build("").map_err(refused)?, &name)?;
    let labelled = arguments.labels.as_deref().map(Labelled::load).transpose();
    let labelled = labelled.map_err(|error| usage(chain(&error)))?;

    let mut records = Records::new();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut add = |member: cohort::Member| {
        if labelled.is_some() {
            numbers.insert(member.id, records.len() as u32);
        }
        records.push(member.features);
        if records.len().is_multiple_of(TOLD_EVERY) {
            eprintln!("Read {} records", records.len());
        }
    };
    let left_out = match &arguments.file {
        Some(path) => cohort::of_file(path, arguments.mapping.as_deref(), &extractor, &mut add)?,
        None => wiring::runtime()?.block_on(async {
            let store = verify::open_existing(&config.store_url()).await?;
            let left_out = cohort::of_store(&*store, &extractor, &mut add).await?;
            store.close().await;
            anyhow::Ok(left_out)
        })?,
    };
    if left_out > 0 {
        eprintln!("Left out: {left_out} rows that hold nobody");
    }
    let labels = labelled.map(|labelled| numbered(&labelled, &numbers)).transpose()?;
    let options = Options {
        seed: arguments.seed,
        random_pairs_max: arguments.random_pairs.max(1),
        ..Options::default()
    };
    let trained = train::train(&file, &records, labels.as_ref(), &options, &mut |step| tell(&step))
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

fn rules(path: Option<&Path>) -> anyhow::Result<(native::RuleFile, String)> {
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
    let file = native::read(&text)
        .map_err(|error| usage(format!("{name} is refused: {}", chain(&error))))?;
    Ok((file, name))
}

fn numbered(labelled: &Labelled, numbers: &HashMap<String, u32>) -> anyhow::Result<Labels> {
    let mut labels = Labels::default();
    let mut unknown = 0;
    for (one, other, is_same) in &labelled.pairs {
        let list = if *is_same { &mut labels.same } else { &mut labels.different };
        match numbers.get(one).zip(numbers.get(other)) {
            Some((one, other)) => list.push((*one, *other)),
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        eprintln!("Labels of {unknown} pairs are not used: a record of theirs was not read");
    }
    if labels.same.is_empty() {
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
