//! `opencr doctor`: would the registry start and serve here, and what is to be done if not?

mod disk;
mod files;
mod network;
mod registry;

use std::{path::PathBuf, process::ExitCode};

use serde_json::{Value, json};

use crate::{ConfigFile, verify, wiring};

/// Check this machine for the registry: configuration, rules, certificates, disk, database, clock,
/// port. Nothing is changed but a file that is written and deleted again to try the disk.
///
/// Also while the registry serves. Exit code 1 if anything keeps it from starting or serving.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  opencr doctor
  opencr doctor --config /etc/opencr/opencr.toml --json")]
pub(crate) struct Arguments {
    /// The data folder; without it the configured one.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The store's URL; without it the configured one.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok,
    /// It works, and something should be done.
    Warn,
    /// It does not work.
    Fail,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// What was checked, how it ended, and what to do. Holds no secrets.
#[derive(Debug)]
struct Finding {
    what: &'static str,
    state: State,
    text: String,
}

impl Finding {
    fn ok(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, state: State::Ok, text: text.into() }
    }

    fn warn(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, state: State::Warn, text: text.into() }
    }

    fn fail(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, state: State::Fail, text: text.into() }
    }
}

/// Checks everything, and tells.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let findings = examine(&arguments)?;
    let is_well = findings.iter().all(|finding| finding.state != State::Fail);
    if arguments.json {
        let checks: Vec<Value> = findings
            .iter()
            .map(|it| {
                let state = it.state.as_str().to_ascii_lowercase();
                json!({ "check": it.what, "state": state, "text": it.text })
            })
            .collect();
        println!("{}", json!({ "healthy": is_well, "checks": checks }));
    } else {
        for finding in &findings {
            println!("{:4}  {:14} {}", finding.state.as_str(), finding.what, finding.text);
        }
        let fails = findings.iter().filter(|finding| finding.state == State::Fail).count();
        let warns = findings.iter().filter(|finding| finding.state == State::Warn).count();
        println!("{} checks, {warns} warnings, {fails} failures", findings.len());
    }
    Ok(ExitCode::from(if is_well { 0 } else { 1 }))
}

fn examine(arguments: &Arguments) -> anyhow::Result<Vec<Finding>> {
    let overrides = verify::store_overrides(&arguments.data, &arguments.store);
    let config = match arguments.config.load(overrides) {
        Ok(config) => config,
        // Nothing else can be looked at.
        Err(error) => return Ok(vec![Finding::fail("configuration", error.to_string())]),
    };
    let named = arguments.config.path.as_deref();
    let mut findings = vec![files::configuration(named), files::rules(&config)];
    findings.extend(files::certificates(&config));
    findings.extend(disk::examine(&config));
    findings.push(disk::memory());
    findings.extend(wiring::runtime()?.block_on(registry::examine(&config)));
    findings.push(network::port(&config));
    Ok(findings)
}
