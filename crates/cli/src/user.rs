//! `opencr user`: accounts of people, for who runs the installation. The server has to be stopped.

use std::{io::Read as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use pipeline::Clock;
use registry::account::{
    Account, AccountChange, AccountName, AccountStatus, PasswordHash, Role, is_name, is_username,
};
use serde_json::Value;
use server::people::{
    NewAccount, Password, PasswordCost, Passwords, account_of_person, is_long_enough,
};
use store::{Accounts, Changed, Opened, Window};

use crate::{ConfigFile, config::Config, usage, verify, wiring};

/// Make, list, disable and reset the accounts of people who sign in.
///
/// Works on the store itself, so the server has to be stopped. While it runs, administrators
/// manage accounts by /ocrux/user.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an account, and print its password unless one is given.
    Add(Add),
    /// List all accounts.
    List(Place),
    /// Keep somebody out: the account stays, and all its sessions end.
    Disable(Named),
    /// Let somebody in again.
    Enable(Named),
    /// Take over accounts of OpenCR: a file of Persons as a Bundle, an array, or one a line.
    Import(Import),
    /// Give an account another password, unlock it and end all its sessions.
    Reset(Reset),
}

/// Where the accounts are.
#[derive(clap::Args)]
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

#[derive(clap::Args)]
struct Named {
    /// The user name.
    username: String,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Add {
    /// The user name.
    username: String,
    /// viewer, deduplication (or steward), supervisor, data-manager, rules-manager, auditor, admin.
    #[arg(long, value_parser = role)]
    role: Role,
    /// The first given name.
    #[arg(long, default_value = "")]
    first_name: String,
    /// Further given names.
    #[arg(long, default_value = "")]
    other_names: String,
    /// The surname.
    #[arg(long, default_value = "")]
    surname: String,
    /// Read the password from standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Import {
    /// The file.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Reset {
    /// Read the password from standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    named: Named,
}

fn role(text: &str) -> Result<Role, String> {
    let known = || Role::ALL.map(Role::as_str).join(", ");
    Role::parse(text).ok_or_else(|| format!("must be one of {}", known()))
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let runtime = wiring::runtime()?;
    runtime.block_on(async {
        match arguments.command {
            Command::Add(asked) => add(asked).await,
            Command::List(place) => list(place).await,
            Command::Disable(named) => switch(named, AccountStatus::Inactive).await,
            Command::Enable(named) => switch(named, AccountStatus::Active).await,
            Command::Import(asked) => import(asked).await,
            Command::Reset(asked) => reset(asked).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the store of an installation; a new one only if something is to be put into it.
async fn open(place: Place, may_be_new: bool) -> anyhow::Result<(Config, Opened)> {
    let overrides = verify::store_overrides(&place.data, &place.store);
    let config = place.config.load(overrides)?;
    wiring::log(&config);
    let url = config.store_url();
    if url == "memory:" {
        return Err(usage("a store in memory keeps no accounts; name one by --data or --store"));
    }
    if !may_be_new {
        verify::check_there(&url).await?;
    }
    let opened = store::open_all(&url).await.context("cannot open the store")?;
    Ok((config, opened))
}

async fn add(asked: Add) -> anyhow::Result<()> {
    let Add { username, role, first_name, other_names, surname, password_stdin, place } = asked;
    if !is_username(&username) {
        return Err(usage("a user name has 1 to 128 characters and no blanks among them"));
    }
    let name = AccountName { first: first_name, other: other_names, surname };
    if ![&name.first, &name.other, &name.surname].into_iter().all(|name| is_name(name)) {
        return Err(usage("a name may have 256 characters, all of them printable"));
    }
    let (config, opened) = open(place, true).await?;
    let (hash, shown) = password(&config, password_stdin).await?;
    let account = NewAccount { username, name, role }.with(hash, Clock::system().now());
    let is_added = opened.accounts.add_account(&account).await?;
    opened.store.close().await;
    if !is_added {
        return Err(usage(format!("there is an account {} already", account.username)));
    }
    println!("Added {} with the role {}.", account.username, account.role.as_str());
    tell(shown.as_deref());
    Ok(())
}

async fn list(place: Place) -> anyhow::Result<()> {
    let (_, opened) = open(place, false).await?;
    let all = Window { offset: 0, limit: u64::MAX };
    let (accounts, total) = opened.accounts.accounts(all).await?;
    for account in &accounts {
        let (role, status) = (account.role.as_str(), account.status.as_str());
        println!("{}\t{role}\t{status}\t{}", account.username, account.created_at.to_instant());
    }
    println!("{total} accounts");
    opened.store.close().await;
    Ok(())
}

async fn switch(named: Named, status: AccountStatus) -> anyhow::Result<()> {
    let (_, opened) = open(named.place, false).await?;
    let account = find(&*opened.accounts, &named.username).await?;
    let change = AccountChange { name: account.name, role: account.role, status };
    let changed = opened.accounts.change_account(&account.id, &change).await?;
    opened.store.close().await;
    match changed {
        Changed::Done => println!("{} is {}.", named.username, status.as_str()),
        Changed::Unknown => return Err(unknown(&named.username)),
        Changed::LastAdmin => {
            return Err(usage(format!(
                "{} is the last active administrator; add another one first",
                named.username
            )));
        }
    }
    Ok(())
}

async fn reset(asked: Reset) -> anyhow::Result<()> {
    let (config, opened) = open(asked.named.place, false).await?;
    let account = find(&*opened.accounts, &asked.named.username).await?;
    let (hash, shown) = password(&config, asked.password_stdin).await?;
    opened.accounts.set_password(&account.id, &hash, None).await?;
    opened.store.close().await;
    println!("{} has another password; all sessions ended.", account.username);
    tell(shown.as_deref());
    Ok(())
}

async fn import(asked: Import) -> anyhow::Result<()> {
    let file = asked.file.display();
    let text = std::fs::read_to_string(&asked.file)
        .map_err(|error| usage(format!("cannot read {file}: {error}")))?;
    let persons = persons(&text).map_err(|error| usage(format!("{file}: {error}")))?;
    let (_, opened) = open(asked.place, true).await?;
    let now = Clock::system().now();
    let mut added = 0;
    for (number, person) in (1..).zip(&persons) {
        match account_of_person(person, now) {
            Ok(account) if opened.accounts.add_account(&account).await? => added += 1,
            Ok(_) => eprintln!("left out number {number}: its id or user name is taken"),
            Err(error) => eprintln!("left out number {number}: {error}"),
        }
    }
    opened.store.close().await;
    println!("Added {added} of {} accounts.", persons.len());
    Ok(())
}

/// The resources of a Bundle, of an array, or of lines.
fn persons(text: &str) -> Result<Vec<Value>, serde_json::Error> {
    let whole: Result<Value, _> = serde_json::from_str(text);
    let Ok(mut whole) = whole else {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        return lines.map(serde_json::from_str).collect();
    };
    if let Value::Array(persons) = whole {
        return Ok(persons);
    }
    match whole["entry"].as_array_mut() {
        Some(entries) => Ok(entries.iter_mut().map(|entry| entry["resource"].take()).collect()),
        None => Ok(vec![whole]),
    }
}

async fn find(accounts: &dyn Accounts, username: &str) -> anyhow::Result<Account> {
    accounts.account_named(username).await?.ok_or_else(|| unknown(username))
}

fn unknown(username: &str) -> anyhow::Error {
    usage(format!("there is no account {username}; `opencr user list` shows all"))
}

fn tell(shown: Option<&str>) {
    if let Some(password) = shown {
        println!("Password (shown once): {password}");
    }
}

/// The hash of a password from standard input, or of a fresh one, which is given to be shown.
async fn password(
    config: &Config,
    is_given: bool,
) -> anyhow::Result<(PasswordHash, Option<String>)> {
    let text = if is_given {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        text.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        server::people::fresh_password()
    };
    let chars_min = config.people.password_chars_min;
    let password = Password::new(text.clone());
    let password = password
        .filter(|password| is_long_enough(password, chars_min))
        .ok_or_else(|| usage(format!("a password needs at least {chars_min} characters")))?;
    let hash = Passwords::new(PasswordCost::STANDARD).hash(&password).await;
    Ok((hash, (!is_given).then_some(text)))
}
