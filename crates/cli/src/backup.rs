//! `opencr backup`: the registry, its accounts, audit log, configuration, rules and keys in one file.
//!
//! Taken while the registry serves: what is told up to a revision never changes. Backup and
//! restore share the file's form (`format`), its reading (`read`) and writing (`write`).

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use pipeline::{Clock, moving};
use store::{Opened, StoreError, Window};

use crate::{ConfigFile, config::Config, usage, verify, wiring};

mod files;
mod format;
pub(crate) mod pace;
mod passphrase;
mod read;
mod restore;
mod write;

pub(crate) use restore::{Arguments as RestoreArguments, run as run_restore};

use format::{End, Header, Line};
use pace::Pace;
use passphrase::PassphraseFrom;
use write::BackupFile;

/// Write everything that the registry is made of to one file, also while it serves.
///
/// The file holds records with all versions, events, issues, accounts, the audit log,
/// configuration, rules and keys. Without a passphrase it is not encrypted: keep it as the data
/// folder itself. `opencr restore` reads it.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The file to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// The data folder; without it the configured one.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The store's URL, such as sqlite:./data/opencr.sqlite.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Encrypt the file with a passphrase: of OPENCR_BACKUP_PASSPHRASE, or asked for.
    #[arg(long)]
    encrypt: bool,
    #[command(flatten)]
    passphrase: PassphraseFrom,
    #[command(flatten)]
    config: ConfigFile,
}

/// Writes a backup.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config_path = arguments.config.path.clone();
    let overrides = verify::store_overrides(&arguments.data, &arguments.store);
    let config = arguments.config.load(overrides)?;
    wiring::log(&config);
    if arguments.to.exists() {
        let path = arguments.to.display();
        return Err(usage(format!("{path} is there already; backups are not written over")));
    }
    let is_encrypted = arguments.encrypt || arguments.passphrase.is_named();
    let passphrase = is_encrypted.then(|| arguments.passphrase.ask(true)).transpose()?;
    if passphrase.is_none() {
        eprintln!("the backup is not encrypted (--encrypt), and holds patients' data and keys");
    }
    let files = files::gather(&config, config_path.as_deref())?;
    wiring::runtime()?.block_on(async {
        let opened = open_to_read(&config.store_url()).await?;
        let mut file = BackupFile::create(&arguments.to, passphrase)?;
        let end = write_all(&opened, files, &mut file).await?;
        file.finish()?;
        opened.store.close().await;
        println!(
            "Wrote {}: {} events, {} audit entries, {} archived ones, {} accounts, {} files.",
            arguments.to.display(),
            end.events,
            end.audit_entries,
            end.archived,
            end.accounts,
            end.files
        );
        Ok(ExitCode::SUCCESS)
    })
}

/// Opens a store that is there to read it, also while a server has it open.
pub(crate) async fn open_to_read(url: &str) -> anyhow::Result<Opened> {
    if url == "memory:" {
        return Err(usage(
            "a store in memory is gone with its process; name one by --data or --store",
        ));
    }
    if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !Path::new(path).exists()) {
        return Err(usage(format!("there is no store at {path}; name it by --data or --store")));
    }
    match store::open_all(url).await {
        Err(StoreError::InUse(_)) => store::open_beside(url).await,
        opened => opened,
    }
    .context("cannot open the store")
}

async fn write_all(
    opened: &Opened,
    files: Vec<format::File>,
    to: &mut BackupFile,
) -> anyhow::Result<End> {
    let start = registry::ids::Revision(0);
    let mut events = moving::Teller::new(&*opened.store, start).await?;
    let mut audit = moving::AuditTeller::new(&*opened.store).await?;
    let all = Window { offset: 0, limit: moving::ACCOUNTS_MAX };
    let (accounts, count) = opened.accounts.accounts(all).await?;
    anyhow::ensure!(count <= moving::ACCOUNTS_MAX, "{count} accounts are too many for a backup");
    let keys = opened.accounts.token_keys().await?;
    let (head, anchor) = (events.until().clone(), audit.anchor().clone());
    to.write(&Line::OpencrBackup(Header {
        format: format::FORMAT,
        release: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: Clock::system().now().to_instant(),
        revision: head.revision.0,
        head: head.hash.to_string(),
        audit_anchor: anchor.number,
        audit_anchor_hash: anchor.hash.to_string(),
    }))?;
    let mut end = End { files: files.len() as u64, accounts: count, ..End::default() };
    for file in files {
        to.write(&Line::File(file))?;
    }
    for account in accounts {
        to.write(&Line::Account(account.into()))?;
    }
    for key in keys {
        to.write(&Line::TokenKey(key.into()))?;
    }
    let mut pace = Pace::new("events written");
    loop {
        let page = events.next().await?;
        if page.is_empty() {
            break;
        }
        end.events += page.len() as u64;
        for told in page {
            to.write(&Line::Event(told))?;
        }
        pace.tell(end.events, head.revision.0);
    }
    loop {
        let page = audit.next().await?;
        if page.is_empty() {
            break;
        }
        end.audit_entries += page.len() as u64;
        for record in page {
            to.write(&Line::Audit(record.into()))?;
        }
    }
    let mut archive = moving::ArchiveTeller::new(&*opened.store);
    loop {
        let page = archive.next().await?;
        if page.is_empty() {
            break;
        }
        end.archived += page.len() as u64;
        for event in page {
            to.write(&Line::Archived(serde_json::from_str(&event.body)?))?;
        }
    }
    to.write_end(end.clone())?;
    Ok(end)
}

/// The tags' spelling and so on, as the configuration has it.
fn vocabulary(config: &Config) -> registry::vocabulary::Vocabulary {
    wiring::vocabulary(config)
}
