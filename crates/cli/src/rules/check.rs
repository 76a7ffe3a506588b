//! `opencr rules check`: whether rules can be used, and what they will cost.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use matching::{index::Limits, plan};

use super::sample;
use crate::{ConfigFile, among::Among, usage, verify, wiring};

/// Check a rule file, and say in words what a search by each rule must agree on, which fields
/// have to be compared with every value, and which rules are so loose that much of a register
/// may be candidates. With people to measure on, say what searches cost.
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 the rules can be used, 1 with --strict if there are warnings, 2 they cannot.

Estimates without people are rough guesses from the paths; --sample, --data and --store measure.

Examples:
  opencr rules check decisionRules.json --strict
  opencr rules check decisionRules.json --sample people.csv --take 1000")]
pub(crate) struct Arguments {
    /// The rule file (OpenCR's decisionRules.json); without it the configured rules.
    #[arg(value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Exit with code 1 if there are warnings.
    #[arg(long)]
    strict: bool,
    /// Measure searches among the people of this file (CSV or FHIR JSON, also gzip).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "store"])]
    sample: Option<PathBuf>,
    /// Measure searches among the records in this data folder; its server must be stopped.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The same for a store, by its URL.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How many of the people to search for, spread evenly over all.
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..))]
    take: u32,
    #[command(flatten)]
    config: ConfigFile,
}

/// Checks and tells.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let overrides = verify::store_overrides(&arguments.data, &arguments.store);
    let config = arguments.config.load(overrides)?;
    // Without a logger: what the log would warn of is printed below.
    let extractor = wiring::extractor(&config, arguments.rules.as_deref())?;
    let ruleset = extractor.ruleset();
    let (count, hash) = (ruleset.rules.len(), &ruleset.hash.as_str()[..12]);
    println!("{count} rule{}, rule set {hash}", if count == 1 { "" } else { "s" });

    let loose = plan::loose(ruleset);
    let mut warnings = ruleset.warnings.clone();
    warnings.extend(plan::unplanned(ruleset));
    warnings.extend(loose.iter().map(ToString::to_string));
    list("How records are searched:", &plan::describe(ruleset));
    let sifted: Vec<String> = plan::sifted(ruleset).iter().map(ToString::to_string).collect();
    list("Values that are gone through one by one:", &sifted);
    list("Warnings:", &warnings);
    if warnings.is_empty() {
        println!("\nNo warnings.");
    }

    let mut among = Among::nobody(&extractor);
    let place = if let Some(path) = &arguments.sample {
        among.add_file(path, &extractor)?;
        Some(path.display().to_string())
    } else if arguments.data.is_some() || arguments.store.is_some() {
        let url = config.store_url();
        wiring::runtime()?.block_on(async {
            let store = verify::open_existing(&url).await?;
            among.add_store(&*store, &extractor).await?;
            store.close().await;
            anyhow::Ok(())
        })?;
        Some(url)
    } else {
        None
    };
    if let Some(place) = place {
        let limits = Limits { potential_max: config.matching.potential_max };
        let measured = sample::measure(&among, &limits, arguments.take as usize)
            .ok_or_else(|| usage(format!("{place} holds nobody to measure on")))
            .context("the rules can be used, but nothing can be measured")?;
        print!("\nMeasured on {place}:\n{measured}");
    }
    let is_refused = arguments.strict && !warnings.is_empty();
    Ok(if is_refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn list(title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    println!("\n{title}");
    for line in lines {
        println!("- {line}");
    }
}
