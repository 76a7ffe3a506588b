//! `opencr rules show` and `opencr rules convert`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use matching::native;

use crate::{ConfigFile, chain, usage, wiring};

/// Say in plain words what rules look at and what each finding counts.
#[derive(clap::Args)]
pub(crate) struct ShowArguments {
    /// The rule file, in either format; without it the configured rules.
    #[arg(value_name = "FILE")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Turn OpenCR's decisionRules.json into a native rule file, and say what cannot be kept.
///
/// A native file is written in its canonical form.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 all rules are kept, 1 some cannot be, 2 it cannot be read.")]
pub(crate) struct ConvertArguments {
    /// The rule file.
    #[arg(value_name = "FILE")]
    rules: PathBuf,
    /// Write to this file; without it to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Prints the words.
pub(crate) fn show(arguments: ShowArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load(Vec::new())?;
    let extractor = wiring::extractor(&config, arguments.rules.as_deref())?;
    print!("{}", native::describe(extractor.ruleset()));
    Ok(ExitCode::SUCCESS)
}

/// Writes the native form.
pub(crate) fn convert(arguments: ConvertArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load(Vec::new())?;
    let (text, name) = wiring::rules_text(&config, Some(&arguments.rules))?;
    let refused = |error| usage(format!("{name} is refused: {}", chain(&error)));
    let (file, lost) = if native::is_native(&text) {
        let mut file = native::read(&text).map_err(refused)?;
        file.read_tables(&text, &wiring::tables_beside(&arguments.rules)).map_err(refused)?;
        file.build(&text).map_err(refused)?;
        (file, Vec::new())
    } else {
        let converted = native::convert(&matching::opencr::parse(&text).map_err(refused)?);
        (converted.file, converted.lost)
    };
    for lost in &lost {
        eprintln!("Not kept: {lost}");
    }
    if file.pass.is_empty() {
        eprintln!("Nothing is written: no rule could be kept");
        return Ok(ExitCode::FAILURE);
    }
    let toml = native::to_toml(&file);
    match &arguments.out {
        Some(out) => {
            std::fs::write(out, toml).with_context(|| format!("cannot write {}", out.display()))?;
        }
        None => print!("{toml}"),
    }
    Ok(if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
