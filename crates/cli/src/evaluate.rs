//! `opencr evaluate`: how good rules are, against what is known of some records.

mod figures;
mod report;
mod search;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use pipeline::pairs::{Labelled, Truth};

use crate::{ConfigFile, chain, cohort, usage, wiring};
use figures::Evaluated;
use search::People;

/// Measure how good rules are: precision, recall, F1 and specificity at every threshold, for
/// parts of the records, and the pairs that are wrong, with their explanations.
///
/// Every pair that scores above a floor is found, by searching for each record among all.
/// Recall is over all pairs of the truth. --html and --wrong hold values of people.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("known").required(true).args(["truth", "labels"]))]
#[command(after_help = "\
Truth is a CSV file of rec_id,cluster or of pairs rec_id_1,rec_id_2; labels are one of
rec_id_1,rec_id_2,label (same or different), and then only those pairs are looked at.

Examples:
  opencr evaluate people.csv --truth truth.csv --rules trained.toml --html report.html
  opencr evaluate people.csv --labels judged.csv --json")]
pub(crate) struct Arguments {
    /// The file of people (CSV or FHIR JSON, also gzip).
    file: PathBuf,
    /// The true persons.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Judged pairs.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The rules, in either format; without it the configured ones.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// A TOML file that says what the columns are.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Advise a threshold that has this precision.
    #[arg(long, value_name = "SHARE", default_value_t = 0.99)]
    precision: f64,
    /// The lowest match weight of interest, in bits; native rules only.
    #[arg(long, value_name = "BITS", default_value_t = -10.0, allow_negative_numbers = true)]
    floor: f64,
    /// Print the explanations of so many wrong pairs of either kind, and the ids of so many records
    /// of which too little is known; explanations hold values of people.
    #[arg(long, value_name = "N", default_value_t = 0)]
    wrong: usize,
    /// Write a report with drawings to this file; it holds values of people.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the figures as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// All that `--json` prints, as one object.
#[derive(serde::Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    evaluated: &'a Evaluated,
    #[serde(flatten)]
    wrong: Option<report::Wrong<'a>>,
}

/// Measures and tells.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load(Vec::new())?;
    wiring::log(&config);
    let extractor = wiring::extractor(&config, arguments.rules.as_deref())?;
    let truth = arguments.truth.as_deref().map(Truth::load).transpose();
    let truth = truth.map_err(|error| usage(chain(&error)))?;
    let labels = arguments.labels.as_deref().map(Labelled::load).transpose();
    let labels = labels.map_err(|error| usage(chain(&error)))?;

    let mut people = People::new(&extractor, arguments.floor)?;
    let left_out = cohort::of_file(
        &arguments.file,
        arguments.mapping.as_deref(),
        &extractor,
        &mut |member| people.add(member),
    )?;
    if left_out > 0 {
        eprintln!("Left out: {left_out} rows that hold nobody");
    }
    let found = match (&truth, &labels) {
        (Some(truth), _) => people.search_all(truth),
        (None, Some(labels)) => people.judge_labelled(labels)?,
        (None, None) => return Err(usage("--truth or --labels is needed")),
    };
    let evaluated = Evaluated::of(&people, &found, arguments.precision);
    let wrong = (arguments.wrong > 0).then(|| report::wrong(&people, &found, arguments.wrong));
    if arguments.json {
        println!("{}", serde_json::to_string(&Told { evaluated: &evaluated, wrong })?);
    } else {
        print!("{evaluated}");
        print!("{}", wrong.map(|wrong| wrong.told()).unwrap_or_default());
    }
    if let Some(path) = &arguments.html {
        std::fs::write(path, report::html(&people, &found, &evaluated))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
