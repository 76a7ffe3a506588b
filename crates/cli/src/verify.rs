//! `opencr verify`: is everything in the store as it was promised?

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use pipeline::{moving, retrace};
use serde_json::{Value, json};

use crate::{ConfigFile, backup::open_to_read, config::without_password, usage, wiring};

/// Differences between two stores that are told if nothing else is asked for.
pub(crate) const TOLD_DEFAULT: usize = 100;

/// Check a registry: the event chain, that replaying the events gives the state, every
/// invariant and every stored content; with --decisions, that the rules decide the same again.
/// Nothing is changed.
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
    /// Also decide all submissions once more, one after another, and compare. Run it with the
    /// configuration that the registry has; it takes memory as the registry does.
    #[arg(long)]
    decisions: bool,
    /// Instead compare with another store: whether both hold the same registry. This one may be
    /// open in a server, which must not write meanwhile.
    #[arg(long, value_name = "URL", conflicts_with = "decisions")]
    compare: Option<String>,
    /// Differences told at the most.
    #[arg(long, value_name = "COUNT", default_value_t = TOLD_DEFAULT, requires = "compare")]
    at_most: usize,
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
    if let Some(other) = &arguments.compare {
        return compare(&url, other, &arguments);
    }
    let settings = wiring::settings(&config);
    let extractor =
        arguments.decisions.then(|| wiring::extractor(&config, None)).transpose()?.map(Arc::new);
    let (report, again) = wiring::runtime()?.block_on(async {
        let store = open_existing(&url).await?;
        let mut progress = |line: &str| eprintln!("{line}");
        let reader: &dyn store::Reader = &*store;
        let report = pipeline::verify::verify(reader, &settings.vocabulary, &mut progress).await;
        let report = report.context("cannot read the store")?;
        // On a broken chain nothing can be decided.
        let Some(extractor) = extractor.filter(|_| report.is_sound()) else {
            return anyhow::Ok((report, None));
        };
        progress("deciding all submissions once more");
        let again = retrace::retrace(reader, extractor, &settings, &mut progress).await?;
        Ok((report, Some(again)))
    })?;
    if arguments.json {
        println!("{}", to_json(&report, again.as_ref()));
    } else {
        print_report(&report);
        again.iter().for_each(print_again);
    }
    let is_same = again.is_none_or(|again| again.is_same());
    Ok(ExitCode::from(if report.is_sound() && is_same { 0 } else { 1 }))
}

fn compare(url: &str, other: &str, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let found = wiring::runtime()?.block_on(async {
        let (a, b) = (open_to_read(url).await?, open_to_read(other).await?);
        let mut progress = |line: &str| eprintln!("{line}");
        let found = moving::compare(&a, &b, arguments.at_most, &mut progress).await;
        a.store.close().await;
        b.store.close().await;
        found.context("cannot read the stores")
    })?;
    if !arguments.json {
        return Ok(print_comparison(&found));
    }
    let told = |difference: &moving::Difference| json!({"kind": difference.kind, "name": difference.name, "what": difference.what});
    let differences: Vec<Value> = found.differences.iter().map(told).collect();
    let (is_equal, total) = (found.is_equal(), found.total);
    println!("{}", json!({"is_equal": is_equal, "total": total, "differences": differences}));
    Ok(ExitCode::from(u8::from(!is_equal)))
}

/// Prints what differs; the code says whether anything does.
pub(crate) fn print_comparison(found: &moving::Comparison) -> ExitCode {
    for difference in &found.differences {
        println!("DIFFERS: {difference}");
    }
    if found.is_equal() {
        println!("The stores are equal: {} things compared.", found.compared);
        return ExitCode::SUCCESS;
    }
    println!("{} differences.", found.total);
    ExitCode::FAILURE
}

fn to_json(report: &pipeline::verify::Report, again: Option<&retrace::Report>) -> Value {
    let mut told = json!({
        "is_sound": report.is_sound(),
        "events": report.events,
        "records": report.records,
        "goldens": report.goldens,
        "issues": report.issues,
        "findings": report.findings,
    });
    if let Some(again) = again {
        told["decisions"] = json!({
            "is_same": again.is_same(),
            "decided": again.decided,
            "by_people": again.by_people,
            "by_other_rules": again.by_other_rules,
            "findings": again.findings,
        });
    }
    told
}

fn print_again(again: &retrace::Report) {
    for finding in &again.findings {
        println!("DIFFERS: {finding}");
    }
    println!(
        "{} submissions and withdrawals decided again; taken over: {} decisions of people, {} by other \
         rules",
        again.decided, again.by_people, again.by_other_rules
    );
    match again.findings.len() {
        0 => println!("Each is decided as it was."),
        count => println!(
            "{count} would be decided otherwise: by another configuration, another release or a fault."
        ),
    }
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
