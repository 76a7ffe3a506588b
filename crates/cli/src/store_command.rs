//! `opencr store copy`: a registry from one store to another, as to a larger database.

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use pipeline::moving;

use crate::{
    ConfigFile,
    backup::{open_to_read, pace::Pace},
    usage, verify, wiring,
};

/// Move a registry between stores.
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

/// Copies a store.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Command::Copy(copy) = arguments.command;
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
            "Copied {} events and {} audit entries; looked at {} accounts.",
            copied.events, copied.audit_entries, copied.accounts
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
