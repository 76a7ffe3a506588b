//! `opencr explain`: why two Patients match or do not.

use std::{path::Path, path::PathBuf, process::ExitCode};

use pipeline::rows::{self, MissingIds, Options};
use registry::extract::Extractor;

use crate::{ConfigFile, chain, usage, wiring};

/// Show, for each rule, how two Patients compare: field by field, with similarity, threshold
/// and points, and where the total falls.
///
/// The output holds the values of both people.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  opencr explain amina-clinic.json amina-lab.json --rules decisionRules.json"
)]
pub(crate) struct Arguments {
    /// A file with one Patient as JSON: the record that is submitted.
    #[arg(value_name = "A")]
    query: PathBuf,
    /// A file with one Patient as JSON: the record that is there already.
    #[arg(value_name = "B")]
    candidate: PathBuf,
    /// The rule file (OpenCR's decisionRules.json); without it the configured rules.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Print the explanation of every rule as one JSON list.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Prints it.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load(Vec::new())?;
    wiring::log(&config);
    let extractor = wiring::extractor(&config, arguments.rules.as_deref())?;
    let query = features(&arguments.query, &extractor)?;
    let candidate = features(&arguments.candidate, &extractor)?;
    let ruleset = extractor.ruleset();
    let explanations: Vec<_> = (0..ruleset.rules.len())
        .map(|rule| matching::explain::explain(ruleset, rule, &query, &candidate))
        .collect();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&explanations)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (number, explanation) in explanations.iter().enumerate() {
        if number > 0 {
            println!();
        }
        println!("{}", explanation.to_string().trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

fn features(path: &Path, extractor: &Extractor) -> anyhow::Result<matching::features::Features> {
    // The id plays no part in a comparison; any will do.
    let options = Options { source: "urn:opencr:file".into(), missing_ids: MissingIds::LineNumber };
    let name = path.display();
    let mut rows = rows::open(path, None, options)
        .map_err(|error| usage(format!("{name}: {}", chain(&error))))?;
    let first = rows.next().transpose().map_err(|error| usage(format!("{name}: {error}")))?;
    let row = first.ok_or_else(|| usage(format!("{name} holds no Patient")))?;
    if rows.next().is_some() {
        return Err(usage(format!("{name} holds more than one Patient: give a file with one")));
    }
    let patient = row.result.map_err(|problem| usage(format!("{name}: {problem}")))?;
    extractor
        .extract(patient.value())
        .map_err(|issue| usage(format!("{name}: {}", issue.diagnostics)))
}
