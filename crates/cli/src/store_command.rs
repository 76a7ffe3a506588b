//! `opencr store`: a store brought to this release's shape, and a registry copied from one store to
//! another, as to a larger database.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use pipeline::moving;

use crate::{
    ConfigFile,
    backup::{open_to_read, pace::Pace},
    usage, verify, wiring,
};

/// Look after stores, and move a registry between them.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Copy what the second store lacks of the first, and compare the two.
    ///
    /// Broken off, or run again later, it goes on where it was. The first may serve meanwhile; stop
    /// it before the last run, so that nothing comes after that.
    Copy(Copy),
    /// Make the store if need be, and bring it to the shape that this release knows. Servers of this
    /// release and of the one before go on meanwhile, if they share a PostgreSQL.
    Migrate(Migrate),
}

#[derive(Args)]
struct Migrate {
    /// The data folder; without it the configured one.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The store's URL, such as postgres://opencr_owner@db.example.org/opencr.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
struct Copy {
    /// The URL of the store that is copied.
    #[arg(long, value_name = "URL")]
    from: String,
    /// The URL of the other: an empty store, or an earlier copy of the first.
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Copy(copy) => copy_store(copy),
        Command::Migrate(migrate) => migrate_store(migrate),
    }
}

/// Migrates, and says where, so that serving needs no right to change tables.
fn migrate_store(asked: Migrate) -> anyhow::Result<ExitCode> {
    let config = asked.config.load(verify::store_overrides(&asked.data, &asked.store))?;
    wiring::log(&config);
    let place = wiring::runtime()?.block_on(async {
        let store = store::open(&config.store_url()).await.context("cannot migrate the store")?;
        let place = store.location();
        store.close().await;
        anyhow::Ok(place)
    })?;
    println!("{place} has the shape that this release needs.");
    Ok(ExitCode::SUCCESS)
}

fn copy_store(copy: Copy) -> anyhow::Result<ExitCode> {
    let config = copy.config.load(verify::store_overrides(&None, &Some(copy.from.clone())))?;
    wiring::log(&config);
    if copy.to == "memory:" {
        return Err(usage("a copy in memory would be gone at once"));
    }
    let vocabulary = wiring::vocabulary(&config);
    wiring::runtime()?.block_on(async {
        let from = open_to_read(&copy.from).await?;
        let is_new = copy.to.strip_prefix("sqlite:").is_some_and(|path| !Path::new(path).exists());
        let to = store::open_all(&copy.to).await.context("cannot open the target")?;
        let mut pace = Pace::new("events copied");
        let mut progress = |done: u64, total: u64| pace.tell(done, total);
        let copied = moving::copy(&from, &to, &vocabulary, &mut progress).await?;
        if !is_new {
            println!("{} events were there already.", copied.events_before);
        }
        println!(
            "Copied {} events, {} audit entries and {} archived ones; looked at {} accounts.",
            copied.events, copied.audit_entries, copied.archived, copied.accounts
        );
        let (revision, there) =
            (from.store.head().await?.revision, to.store.head().await?.revision);
        let code = if revision == there {
            let found = moving::compare(&from, &to, verify::TOLD_DEFAULT, &mut |line| {
                eprintln!("{line}");
            })
            .await?;
            verify::print_comparison(&found)
        } else {
            println!("The first went on to event {revision} meanwhile: stop it and copy again.");
            ExitCode::FAILURE
        };
        from.store.close().await;
        to.store.close().await;
        Ok(code)
    })
}
