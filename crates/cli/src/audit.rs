//! The audit log for the operator: its start with the server, `opencr audit verify`, and
//! `opencr audit export`.

mod key;

use std::{
    io::{BufWriter, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use pipeline::{Clock, Pipeline};
use registry::{
    actor::Actor,
    audit::{Act, AuditBody, AuditEntry, AuditError, AuditHead, Who, audit_event},
    ids::ContentHash,
};
use server::{AuditSettings, Auditor};
use store::Store;

use crate::{ConfigFile, chain, config::Config, verify, wiring};

/// Entries read at once.
const CHUNK: u32 = 1_000;

/// Check or hand out the audit log. The server has to be stopped first.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that no entry was changed, left out or added. Exit code 1 if one was.
    Verify(Place),
    /// Write the entries to standard output as FHIR AuditEvents, one a line (NDJSON).
    ///
    /// The export is written to the log as well.
    Export {
        /// Only entries with a number above this one.
        #[arg(long, value_name = "N", default_value_t = 0)]
        after: u64,
        #[command(flatten)]
        place: Place,
    },
}

/// Where the log is.
#[derive(Args)]
struct Place {
    /// The data folder; without it the configured one.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The store's URL, such as sqlite:./data/opencr.sqlite.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

impl Place {
    fn load(&self) -> anyhow::Result<Config> {
        let config = self.config.load(verify::store_overrides(&self.data, &self.store))?;
        wiring::log(&config);
        Ok(config)
    }
}

/// Checks or exports.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Verify(place) => {
            let config = place.load()?;
            wiring::runtime()?.block_on(check(&config))
        }
        Command::Export { after, place } => {
            let config = place.load()?;
            wiring::runtime()?.block_on(export(&config, after))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Starts the auditor of a server, and has it take down what is in force from now on.
pub(crate) async fn start(
    config: &Config,
    store: Arc<dyn Store>,
    pipeline: &Pipeline,
) -> anyhow::Result<Auditor> {
    let mut settings = AuditSettings::new(key::of(config)?);
    if !config.audit.hash_terms {
        settings.term_key = None;
    }
    let days = config.audit.keep_days;
    settings.keep = (days > 0).then(|| Duration::from_secs(days * 86_400));
    let clock = pipeline.settings().clock.clone();
    let auditor =
        Auditor::start(store, clock, settings).await.context("cannot read the audit log")?;
    let in_force = ContentHash::of(&config.describe());
    let rules = &pipeline.extractor().ruleset().hash;
    let mut entry = AuditEntry::new(Act::Configure, of_job("opencr serve"));
    entry.detail = Some(format!("started; configuration {in_force}, rules {rules}"));
    auditor.record(entry)?;
    Ok(auditor)
}

fn of_job(name: &str) -> Who {
    Who { actor: Some(Actor::Job(name.to_owned())), proof: None }
}

async fn check(config: &Config) -> anyhow::Result<ExitCode> {
    let store = verify::open_existing(&config.store_url()).await?;
    let (anchor, newest) = store.audit_ends().await.context("cannot read the audit log")?;
    let wrong = walk(&*store, anchor.clone(), |_| Ok(())).await?;
    store.close().await;
    if let Some(error) = wrong {
        println!("WRONG: {}", chain(&error));
        println!("Keep a copy of the data folder before anything else.");
        return Ok(ExitCode::from(1));
    }
    if anchor.number > 0 {
        println!("The first {} entries were cut off; the rest follows on them.", anchor.number);
    }
    println!(
        "{} entries, {} to {}",
        newest.number - anchor.number,
        anchor.number + 1,
        newest.number
    );
    println!("All is as it should be. The newest entry's hash is {}", newest.hash);
    println!("Kept elsewhere, it shows later whether entries at the end were taken away.");
    Ok(ExitCode::SUCCESS)
}

async fn export(config: &Config, after: u64) -> anyhow::Result<()> {
    let store = verify::open_existing(&config.store_url()).await?;
    let (anchor, mut newest) = store.audit_ends().await.context("cannot read the audit log")?;
    let observer = match config.server.base_url.as_str() {
        "" => "OpenCR",
        url => url,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let wrong = walk(&*store, anchor, |body| {
        if body.number > after {
            writeln!(out, "{}", audit_event(body, observer)).context("cannot write the export")?;
        }
        Ok(())
    })
    .await?;
    out.flush().context("cannot write the export")?;
    let mut entry = AuditEntry::new(Act::Export, of_job("opencr audit export"));
    entry.detail = Some(format!("audit log, entries {} to {}", after + 1, newest.number));
    let record = newest.append(Clock::system().now(), entry);
    store.append_audit(vec![record]).await.context("cannot write down the export")?;
    store.close().await;
    match wrong {
        Some(error) => Err(error).context("the audit log was changed; export ends before that"),
        None => Ok(()),
    }
}

/// Follows the chain from `head` on; gives what breaks it, if anything does.
async fn walk(
    store: &dyn Store,
    mut head: AuditHead,
    mut each: impl FnMut(&AuditBody) -> anyhow::Result<()>,
) -> anyhow::Result<Option<AuditError>> {
    loop {
        let records = store.audit_after(head.number, CHUNK).await;
        let records = records.context("cannot read the audit log")?;
        if records.is_empty() {
            return Ok(None);
        }
        for record in &records {
            match head.follow(record) {
                Ok(body) => each(&body)?,
                Err(error) => return Ok(Some(error)),
            }
        }
    }
}
