//! `opencr store migrate`: brings a store to this release's shape, so that serving needs no right to
//! change tables.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use crate::{ConfigFile, verify, wiring};

/// Look after the store itself.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make the store if need be, and bring it to the shape that this release knows. Servers of this
    /// release and of the one before go on meanwhile, if they share a PostgreSQL.
    Migrate {
        /// The data folder; without it the configured one.
        #[arg(long, value_name = "DIR", conflicts_with = "store")]
        data: Option<PathBuf>,
        /// The store's URL, such as postgres://opencr_owner@db.example.org/opencr.
        #[arg(long, value_name = "URL")]
        store: Option<String>,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Migrates, and says where.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Command::Migrate { data, store, config } = arguments.command;
    let config = config.load(verify::store_overrides(&data, &store))?;
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
