//! `opencr explain`: why two Patients match or do not.

mod cost;

use std::{path::Path, path::PathBuf, process::ExitCode, slice::from_ref};

use matching::{explain::hold_back, index::Limits, model::Joining, score::Band};

use pipeline::rows::{self, MissingIds, Options};
use registry::extract::Extractor;
use serde_json::json;

use crate::{ConfigFile, among::Among, chain, usage, wiring};

/// Show, for each rule, how two Patients compare: field by field, with similarity, threshold
/// and points, and where the total falls.
///
/// The output holds the values of both people.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  opencr explain amina-clinic.json amina-lab.json --rules decisionRules.json
  opencr explain amina-clinic.json amina-lab.json --cost --among people.csv"
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
    /// Print the explanation of every rule as one JSON list; with --cost an object with the
    /// members `explanations` and `cost`.
    #[arg(long)]
    json: bool,
    /// Say what a search for A costs in a registry that holds B, and whether it finds B.
    #[arg(long)]
    cost: bool,
    /// With --cost: the registry holds the people of this file, too (CSV or FHIR JSON).
    #[arg(long, value_name = "FILE", requires = "cost")]
    among: Option<PathBuf>,
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
        .map(|rule| {
            let explanation = matching::explain::explain(ruleset, rule, &query, &candidate);
            // As if the candidate were a golden record by itself.
            let joining =
                Joining { record: &query, others: from_ref(&candidate), is_member: false };
            match explanation.band {
                Band::Auto => explanation.held_back(hold_back(ruleset, joining, |_| None)),
                Band::Potential | Band::Below => explanation,
            }
        })
        .collect();
    let cost = match arguments.cost {
        true => {
            let mut among = Among::nobody(&extractor);
            if let Some(path) = &arguments.among {
                among.add_file(path, &extractor)?;
            }
            let other = among.add(candidate);
            let limits = Limits { potential_max: config.matching.potential_max };
            Some(cost::tell(&among, &query, other, &limits))
        }
        false => None,
    };
    if arguments.json {
        let text = match &cost {
            Some(cost) => {
                let whole = json!({"explanations": explanations, "cost": cost.to_json()});
                serde_json::to_string_pretty(&whole)?
            }
            None => serde_json::to_string_pretty(&explanations)?,
        };
        println!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    for (number, explanation) in explanations.iter().enumerate() {
        if number > 0 {
            println!();
        }
        println!("{}", explanation.to_string().trim_end());
    }
    if let Some(cost) = cost {
        print!("\n{cost}");
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
