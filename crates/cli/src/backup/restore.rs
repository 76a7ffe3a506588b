//! `opencr restore`: a registry again from a backup, whole or not at all.
//!
//! The file is read twice: once to check all of it, once to load it. A SQLite store is loaded
//! beside the place where it will lie, checked there, and gets its name last.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use age::secrecy::SecretString;
use anyhow::Context as _;
use clap::Args;
use pipeline::moving::{Loader, give_accounts, give_keys};
use registry::{
    audit::{ArchivedEvent, AuditHead, AuditRecord},
    event::{Event, Head},
    ids::{ContentHash, Revision, Timestamp},
};
use store::{Opened, Window};

use super::{
    files,
    format::Line,
    pace::Pace,
    passphrase::PassphraseFrom,
    read::{self, Lines},
    vocabulary,
    write::sync_folder,
};
use crate::{ConfigFile, config::Config, usage, verify, wiring};

/// Audit entries of one commit.
const ENTRIES_MAX: usize = 2_000;

/// Load a backup into an empty store; nothing is there before all of it is checked.
///
/// Files of the configuration, rules and keys are written to a folder of their own, for you to put
/// where they belong.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The backup.
    file: PathBuf,
    /// The data folder; without it the configured one.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// The store's URL, such as sqlite:./data/opencr.sqlite.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Where the files go; it must not exist. Without it `restored` in the data folder.
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseFrom,
    #[command(flatten)]
    config: ConfigFile,
}

/// Restores a backup.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let overrides = verify::store_overrides(&arguments.data, &arguments.store);
    let config = arguments.config.load(overrides)?;
    wiring::log(&config);
    let url = config.store_url();
    if url == "memory:" {
        return Err(usage(
            "a store in memory would be gone at once; name one by --data or --store",
        ));
    }
    let folder = arguments.files.unwrap_or_else(|| config.data.folder.join("restored"));
    if folder.exists() {
        let folder = folder.display();
        return Err(usage(format!("{folder} is there already; name another folder by --files")));
    }
    let is_encrypted = read::is_encrypted(&arguments.file)?;
    let passphrase = is_encrypted.then(|| arguments.passphrase.ask(false)).transpose()?;
    let backup = Backup { path: arguments.file, passphrase };
    wiring::runtime()?.block_on(async {
        eprintln!("checking {}", backup.path.display());
        let events = check(&backup)?;
        match url.strip_prefix("sqlite:") {
            Some(path) => restore_sqlite(&backup, Path::new(path), &folder, &config).await?,
            None => {
                let target = store::open_all(&url).await.context("cannot open the store")?;
                check_empty(&target, &url).await?;
                load_checked(&backup, &target, &folder, &config).await?;
                target.store.close().await;
            }
        }
        println!("Restored {events} events to {url}. Files are in {}.", folder.display());
        println!("Put those where they belong before you start the registry; sessions have ended.");
        Ok(ExitCode::SUCCESS)
    })
}

/// A file and what opens it.
struct Backup {
    path: PathBuf,
    passphrase: Option<SecretString>,
}

impl Backup {
    fn lines(&self) -> anyhow::Result<Lines> {
        Lines::open(&self.path, self.passphrase.as_ref())
    }
}

/// Reads all of a backup, following both chains; gives the number of events.
fn check(backup: &Backup) -> anyhow::Result<u64> {
    let mut lines = backup.lines()?;
    let header = lines.header().clone();
    let mut head = Head::start();
    let mut audit = anchor(&lines);
    let mut pace = Pace::new("events checked");
    loop {
        match lines.next()? {
            Line::Event(told) => {
                let event = Event {
                    revision: Revision(told.revision),
                    at: Timestamp(told.at),
                    body: told.body,
                    hash: ContentHash::new(told.hash),
                };
                head.follow(&event).context("the backup is damaged or was altered")?;
                pace.tell(head.revision.0, header.revision);
            }
            Line::Audit(entry) => {
                let followed = audit.follow(&AuditRecord::from(entry));
                followed.context("the backup is damaged or was altered")?;
            }
            Line::OpencrBackup(_) => anyhow::bail!("the backup is damaged: it begins twice"),
            Line::File(_) | Line::Account(_) | Line::TokenKey(_) | Line::Archived(_) => {}
            Line::End(_) => break,
        }
    }
    if head.revision.0 != header.revision || head.hash.as_str() != header.head {
        anyhow::bail!("the backup is damaged: it ends at another event than it says");
    }
    Ok(header.revision)
}

fn anchor(lines: &Lines) -> AuditHead {
    let header = lines.header();
    let hash = ContentHash::new(header.audit_anchor_hash.as_str());
    AuditHead { number: header.audit_anchor, hash }
}

/// Refuses a store that holds anything.
async fn check_empty(target: &Opened, url: &str) -> anyhow::Result<()> {
    let (_, newest) = target.store.audit_ends().await?;
    let (_, accounts) = target.accounts.accounts(Window { offset: 0, limit: 0 }).await?;
    let is_empty = target.store.head().await?.revision == Revision(0)
        && newest == AuditHead::start()
        && accounts == 0;
    if is_empty {
        return Ok(());
    }
    Err(usage(format!("{url} is not empty: a backup is restored into an empty store only")))
}

async fn restore_sqlite(
    backup: &Backup,
    path: &Path,
    folder: &Path,
    config: &Config,
) -> anyhow::Result<()> {
    // Open until the end, so that no server begins on it meanwhile.
    let empty = match path.exists() {
        true => Some(store::open_all(&format!("sqlite:{}", path.display())).await?),
        false => None,
    };
    if let Some(empty) = &empty {
        check_empty(empty, &format!("sqlite:{}", path.display())).await?;
    }
    let part = beside(path, ".restoring");
    // What an earlier restore left when it was broken off.
    remove(&part);
    let done = async {
        let opened = store::open_all(&format!("sqlite:{}", part.display())).await;
        let opened = opened.context("cannot make the store")?;
        let loaded = load_checked(backup, &opened, folder, config).await;
        opened.store.close().await;
        loaded
    }
    .await;
    if let Err(error) = done {
        remove(&part);
        let _ = fs::remove_dir_all(folder);
        return Err(error);
    }
    if let Some(empty) = empty {
        empty.store.close().await;
    }
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside(path, suffix));
    }
    fs::File::open(&part)?.sync_all()?;
    fs::rename(&part, path).with_context(|| format!("cannot make {}", path.display()))?;
    sync_folder(path)?;
    remove(&part);
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes a database and its companions, as far as they are there.
fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let _ = fs::remove_file(beside(path, suffix));
    }
}

/// Loads everything, and checks the store as `opencr verify` does.
async fn load_checked(
    backup: &Backup,
    to: &Opened,
    folder: &Path,
    config: &Config,
) -> anyhow::Result<()> {
    load(backup, to, folder, config).await?;
    let mut progress = |line: &str| eprintln!("{line}");
    let report = pipeline::verify::verify(&*to.store, &vocabulary(config), &mut progress).await?;
    if let Some(finding) = report.findings.first() {
        anyhow::bail!("the restored registry is not sound: {finding}");
    }
    Ok(())
}

async fn load(backup: &Backup, to: &Opened, folder: &Path, config: &Config) -> anyhow::Result<()> {
    let mut lines = backup.lines()?;
    let vocabulary = vocabulary(config);
    let mut loader = Loader::new(&*to.store, &vocabulary).await?;
    let (total, start) = (lines.header().revision, anchor(&lines));
    if start != AuditHead::start() {
        to.store.begin_audit_at(start).await?;
    }
    let (mut entries, mut archived): (Vec<AuditRecord>, Vec<ArchivedEvent>) = Default::default();
    let mut pace = Pace::new("events restored");
    let wrong = "an account or key in the backup cannot be read";
    loop {
        match lines.next()? {
            Line::Event(told) => {
                let revision = told.revision;
                loader.add(told).await?;
                pace.tell(revision, total);
            }
            Line::Audit(entry) => {
                entries.push(entry.into());
                if entries.len() >= ENTRIES_MAX {
                    to.store.append_audit(std::mem::take(&mut entries)).await?;
                }
            }
            Line::Archived(event) => {
                let event = ArchivedEvent::of(event);
                archived.push(event.context("an archived event in the backup cannot be read")?);
                if archived.len() >= ENTRIES_MAX / 10 {
                    to.store.archive(std::mem::take(&mut archived)).await?;
                }
            }
            Line::Account(account) => {
                give_accounts(&*to.accounts, &[account.account().context(wrong)?]).await?;
            }
            Line::TokenKey(key) => give_keys(&*to.accounts, &[key.key().context(wrong)?]).await?,
            Line::File(file) => files::put(folder, &file)?,
            Line::OpencrBackup(_) => anyhow::bail!("the backup is damaged: it begins twice"),
            Line::End(_) => break,
        }
    }
    loader.finish().await?;
    to.store.append_audit(entries).await?;
    to.store.archive(archived).await?;
    Ok(())
}
