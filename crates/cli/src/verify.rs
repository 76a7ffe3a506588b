//! `opencr verify`: is everything in the store as it was promised?

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;

use crate::{ConfigFile, config::without_password, usage, wiring};

/// Check a registry: the event chain, that replaying the events gives the state, every
/// invariant and every stored content. Nothing is changed.
///
/// With SQLite the server has to be stopped first. Exit code 1 if anything is wrong.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The data folder; without it the configured one.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The store's URL, such as sqlite:./data/opencr.sqlite.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Checks, and prints what was found.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load(store_overrides(&arguments.data, &arguments.store))?;
    wiring::log(&config);
    let url = config.store_url();
    let vocabulary = wiring::vocabulary(&config);
    let report = wiring::runtime()?.block_on(async {
        let store = open_existing(&url).await?;
        let mut progress = |line: &str| eprintln!("{line}");
        let reader: &dyn store::Reader = &*store;
        let report = pipeline::verify::verify(reader, &vocabulary, &mut progress).await;
        report.context("cannot read the store")
    })?;
    if arguments.json {
        let report = serde_json::json!({
            "is_sound": report.is_sound(),
            "events": report.events,
            "records": report.records,
            "goldens": report.goldens,
            "issues": report.issues,
            "findings": report.findings,
        });
        println!("{report}");
    } else {
        print_report(&report);
    }
    Ok(ExitCode::from(if report.is_sound() { 0 } else { 1 }))
}

fn print_report(report: &pipeline::verify::Report) {
    for finding in &report.findings {
        println!("WRONG: {finding}");
    }
    let (events, records, goldens) = (report.events, report.records, report.goldens);
    println!(
        "{events} events, {records} records, {goldens} golden records, {} issues",
        report.issues
    );
    match report.findings.len() {
        0 => println!("All is as it should be."),
        count => println!("{count} findings. Keep a copy of the data folder before anything else."),
    }
}

/// Opens a store that is there already.
pub(crate) async fn open_existing(url: &str) -> anyhow::Result<Arc<dyn store::Store>> {
    check_there(url).await?;
    store::open(url).await.context("cannot open the store")
}

/// Refuses to go on where no store is. Opening would make an empty one, which is always sound: a
/// reassuring wrong answer.
pub(crate) async fn check_there(url: &str) -> anyhow::Result<()> {
    if !store::is_there(url).await.context("cannot look for the store")? {
        let place = match url.strip_prefix("sqlite:") {
            Some(path) => path.to_owned(),
            None => without_password(url),
        };
        return Err(usage(format!("there is no store at {place}; name it by --data or --store")));
    }
    Ok(())
}

/// `--data` and `--store` as configuration keys.
pub(crate) fn store_overrides(
    data: &Option<PathBuf>,
    store: &Option<String>,
) -> Vec<(&'static str, String)> {
    let mut overrides = Vec::new();
    if let Some(folder) = data {
        overrides.push(("OPENCR__DATA__FOLDER", folder.display().to_string()));
        // A folder on the command line outranks a configured store.
        overrides.push(("OPENCR__STORE__URL", String::new()));
    }
    if let Some(url) = store {
        overrides.push(("OPENCR__STORE__URL", url.clone()));
    }
    overrides
}
