//! `opencr import`: a file of people into a running server, or straight into a store.

mod bad;
mod direct;
mod progress;
mod state;
mod target;
mod to_server;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use pipeline::rows::{self, MissingIds, Options, RowWarning, Rows};
use registry::ids::ClientId;

use crate::warnings::Warnings;
use crate::{ConfigFile, chain, config::Config, link, open_mapping, source, usage, verify, wiring};
use bad::BadRows;
use progress::Progress;
use state::State;

/// Submit the people of a file to a registry.
///
/// FILE is CSV (comma, semicolon or tab, with a header) or FHIR (NDJSON, a Bundle or an array
/// of Patients), also gzipped. Rows that cannot be taken are written to FILE.bad.csv as
/// line,reason; the others go on. Importing a file twice changes nothing: a row's identity is
/// its id in the source system.
#[derive(clap::Args)]
#[command(after_help = "\
Columns are guessed from usual names (rec_id, given_name, surname, sex, date_of_birth, phone,
national_id, art_number, address_1, city, ...). A mapping file (TOML) names others:

  source = \"openmrs\"        # instead of --source
  date_order = \"dmy\"        # what 03/04/1990 means; without it such dates are left out
  guess = true               # whether to guess the columns not named here
  [columns]
  \"Prenom\" = \"given\"
  \"CNI\"    = \"identifier:http://example.org/cni\"

Targets: id given middle family name gender birthdate phone email nationalid ssn art
street_number line village city district state postcode country ignore identifier:<system URI>

Examples:
  opencr import people.csv --source openmrs
  opencr import people.ndjson.gz --source http://clientregistry.org/lims --server http://10.0.0.5:3000
  opencr import people.csv --source openmrs --data ./data        (the server must be stopped)")]
pub(crate) struct Arguments {
    /// The file of people.
    file: PathBuf,
    /// The identifier system of the record ids: a URI, or a client id such as openmrs.
    #[arg(long, value_name = "SYSTEM")]
    source: Option<String>,
    /// The client that submits; without it the one that the source system is named after.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// The server's URL; without it, --store or --data, the configured address.
    #[arg(long, value_name = "URL", conflicts_with_all = ["store", "data"])]
    server: Option<String>,
    /// Write straight into the store at this URL; no server may be running on it.
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    store: Option<String>,
    /// Write straight into the store in this data folder; no server may be running on it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A TOML file that says what the columns are.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Connections to the server. With 1, rows are registered in the order of the file.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// Where rows that cannot be taken are listed; without it FILE.bad.csv.
    #[arg(long, value_name = "FILE")]
    bad_rows: Option<PathBuf>,
    /// Go on where an interrupted import of the same file stopped.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// One import on its way; what both ways of writing share.
struct Run {
    system: Arc<str>,
    client: Option<ClientId>,
    /// Rows of an earlier run, to be passed over.
    skip: u64,
    bad: BadRows,
    progress: Progress,
    state: State,
    taken: u64,
    warnings: Warnings,
}

impl Run {
    /// Counts a row that is registered.
    fn take(&mut self, warnings: Vec<RowWarning>) {
        self.taken += 1;
        self.warnings.add(warnings);
    }

    /// Lists a row that cannot be.
    fn refuse(&mut self, line: u64, reason: &str) -> anyhow::Result<()> {
        self.bad.add(line, reason)
    }

    /// Remembers that the first `rows` rows, up to `line`, need not be sent again.
    fn done(&mut self, rows: u64, line: u64) -> anyhow::Result<()> {
        self.progress.show(rows.saturating_sub(self.skip), self.bad.count());
        self.state.advance(rows, line, &mut self.bad)
    }
}

/// Imports.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let overrides = verify::store_overrides(&arguments.data, &arguments.store);
    let config = arguments.config.load(overrides)?;
    wiring::log(&config);
    let mapping = open_mapping(arguments.mapping.as_deref())?;
    let Some(system) = source::system(&config, arguments.source.as_deref(), mapping.as_ref())?
    else {
        return Err(usage("--source is missing: say which system the file's record ids are from"));
    };
    let client = source::client(&config, arguments.client.as_deref(), &system)?;
    let target = target::of(&arguments, &config);

    let (progress, reader) = Progress::over(&arguments.file)?;
    let options = Options { source: system.clone(), missing_ids: MissingIds::Refuse };
    let rows = rows::from_reader(reader, mapping.as_ref(), options)
        .map_err(|error| usage(format!("{}: {}", arguments.file.display(), chain(&error))))?;
    link::tell_columns(&rows);
    let state = State::open(&arguments.file, &target.to_string(), &system, arguments.resume)?;
    let bad_path = arguments.bad_rows.clone().unwrap_or_else(|| bad::path_for(&arguments.file));
    let bad = BadRows::open(bad_path, state.rows() > 0)?;
    let skip = state.rows();
    let run =
        Run { system, client, skip, bad, progress, state, taken: 0, warnings: Warnings::default() };
    send(run, rows, &target, &config, arguments.connections)
}

fn send(
    mut run: Run,
    rows: Rows,
    target: &target::Target,
    config: &Config,
    connections: u16,
) -> anyhow::Result<ExitCode> {
    let sent = match target {
        target::Target::Server(url) => to_server::send(&mut run, rows, url, connections),
        target::Target::Store(url) => direct::send(&mut run, rows, url, config),
    };
    run.progress.finish();
    // Whatever happened, what was done is remembered.
    run.bad.flush()?;
    run.state.save()?;
    tell(&run);
    if let Err(error) = sent {
        return Err(error.context(format!(
            "stopped after line {}; run the same command with --resume to go on",
            run.state.line()
        )));
    }
    run.state.remove()?;
    Ok(ExitCode::SUCCESS)
}

fn tell(run: &Run) {
    println!("{} rows registered in {:.1} s", run.taken, run.progress.seconds());
    if run.skip > 0 {
        println!("{} rows were done by an earlier run", run.skip);
    }
    if run.bad.count() > 0 {
        println!("{} rows could not be taken, see {}", run.bad.count(), run.bad.path().display());
    }
    run.warnings.tell();
}
