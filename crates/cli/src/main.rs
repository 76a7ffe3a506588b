//! The `opencr` binary: one file a command, wiring and printing only.
//!
//! Exit codes: 0 done; 1 it failed, or found something wrong; 2 it was called wrongly.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "talking to people is its job")]

mod among;
mod audit;
mod backup;
mod ca;
mod client;
mod clients_file;
mod cohort;
mod config;
mod demo;
mod doctor;
mod evaluate;
mod explain;
mod feed;
mod http;
mod import;
mod link;
mod memory;
mod migrate;
mod openhim;
mod people;
mod process;
mod protection;
mod rules;
mod serve;
mod show;
mod source;
mod store_command;
mod traces;
mod train;
mod user;
mod verify;
mod warnings;
mod wiring;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::config::Config;

/// Much is allocated by one thread and freed by another here, which the C library's allocator
/// pays for with locks and fragments.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// OpenCR, a client registry: one identifier for a person known to many systems.
#[derive(Parser)]
#[command(name = "opencr", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed or something wrong found, 2 called wrongly.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the registry: FHIR R4 over HTTP.
    Serve(serve::Arguments),
    /// Submit the people of a file (CSV or FHIR JSON, also gzip) to a registry.
    Import(import::Arguments),
    /// Link the people of a file without a registry, and measure how well.
    Link(link::Arguments),
    /// Learn the numbers of native rules from the people of a file or a registry.
    Train(train::Arguments),
    /// Measure how good rules are, against known persons or judged pairs.
    Evaluate(evaluate::Arguments),
    /// Show why two Patients match or do not.
    Explain(explain::Arguments),
    /// Look at rules: whether they can be used and what they cost.
    Rules(rules::Arguments),
    /// Check this machine: whether the registry would start and serve, and what to do if not.
    Doctor(doctor::Arguments),
    /// Check a registry's event chain and everything it promises.
    Verify(verify::Arguments),
    /// Write the whole registry to one file, also while it serves.
    Backup(backup::Arguments),
    /// Load a backup into an empty store.
    Restore(backup::RestoreArguments),
    /// Bring a store to this release's shape, or copy a registry to another store.
    Store(store_command::Arguments),
    /// Make, list, disable and reset the accounts of people.
    User(user::Arguments),
    /// Make the CA of clients, and certificates for servers.
    Ca(ca::Arguments),
    /// Add, list and disable clients, and issue and revoke their certificates.
    Client(client::Arguments),
    /// Move from OpenCR: take over its records, links and accounts.
    Migrate(migrate::Arguments),
    /// Check or hand out the audit log.
    Audit(audit::Arguments),
    /// Print the configuration in force and where it comes from.
    Config(show::Arguments),
}

/// Where the configuration comes from; shared by the commands.
#[derive(Args)]
struct ConfigFile {
    /// A TOML file over the defaults; `opencr config` prints every key.
    #[arg(long = "config", value_name = "FILE", env = "OPENCR_CONFIG")]
    path: Option<PathBuf>,
}

impl ConfigFile {
    /// Loads the configuration; `overrides` are keys given on the command line.
    fn load(&self, overrides: Vec<(&str, String)>) -> anyhow::Result<Config> {
        let overrides = overrides.into_iter().map(|(name, value)| (name.to_owned(), value));
        // A variable that is not UTF-8 cannot be one of ours, whose names are ASCII.
        let env = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Config::load(self.path.as_deref(), env.chain(overrides))
            .map_err(|error| usage(chain(&error)))
    }
}

/// Marks an error as the caller's mistake, for exit code 2.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Makes an error that exits with code 2.
fn usage(message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(message.into()))
}

/// Writes an error and its sources in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Lets a panic tell its place and not its words, which may hold a patient's data.
fn tell_only_the_place_of_panics() {
    std::panic::set_hook(Box::new(|fault| {
        let place = fault.location().map_or_else(
            || "an unknown place".to_owned(),
            |place| format!("{}:{}", place.file(), place.line()),
        );
        eprintln!("opencr: internal fault at {place}; please report it");
    }));
}

fn main() -> ExitCode {
    tell_only_the_place_of_panics();
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Link(arguments) => link::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Rules(arguments) => rules::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Backup(arguments) => backup::run(arguments),
        Command::Restore(arguments) => backup::run_restore(arguments),
        Command::Store(arguments) => store_command::run(arguments),
        Command::User(arguments) => user::run(arguments),
        Command::Ca(arguments) => ca::run(arguments),
        Command::Client(arguments) => client::run(arguments),
        Command::Migrate(arguments) => migrate::run(arguments),
        Command::Audit(arguments) => audit::run(arguments),
        Command::Config(arguments) => show::run(arguments),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("opencr: {error:#}");
            let is_usage = error.chain().any(<dyn std::error::Error>::is::<Usage>);
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}

/// Opens a file of people with its mapping.
fn open_mapping(path: Option<&Path>) -> anyhow::Result<Option<pipeline::rows::Mapping>> {
    path.map(pipeline::rows::Mapping::load).transpose().map_err(|error| usage(chain(&error)))
}
