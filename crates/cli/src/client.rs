//! `opencr client`: the systems that may call, and their certificates.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use server::Access;
use time::OffsetDateTime;

use crate::{
    ca::{Authority, Issued, Place, Purpose},
    clients_file,
    config::{Client, Config},
    usage,
};

mod cert;

/// Add, list and disable clients, and issue and revoke their certificates.
#[derive(Args)]
#[command(after_help = "\
Examples:
  opencr client add emr --name 'The EMR' --system http://example.org/emr
  opencr client cert issue emr --out for-emr
  opencr client cert revoke emr
  opencr client list

A running server follows all of this at once.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add a client.
    Add(Add),
    /// List all clients, and how long their certificates are good.
    List(Place),
    /// Show a client and its certificates.
    Show(One),
    /// Refuse a client from now on.
    Disable(One),
    /// Accept a client again.
    Enable(One),
    /// Issue, renew and revoke a client's certificates.
    Cert(cert::Arguments),
}

#[derive(Args)]
struct Add {
    /// The id, which its certificates have as common name.
    id: String,
    /// What people read; by default the id.
    #[arg(long)]
    name: Option<String>,
    /// What it may see: submit, own, identifiers or demographics.
    #[arg(long, default_value = "own", value_parser = access)]
    access: Access,
    /// An identifier system that it may assert; repeat for more, leave out for any.
    #[arg(long = "system", value_name = "URI")]
    systems: Vec<String>,
    /// An identifier system of others that it may be told by $ihe-pix; repeat for more.
    #[arg(long = "target-system", value_name = "URI")]
    target_systems: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct One {
    /// The client's id.
    id: String,
    #[command(flatten)]
    place: Place,
}

fn access(text: &str) -> Result<Access, String> {
    match text {
        "submit" => Ok(Access::Submit),
        "own" => Ok(Access::Own),
        "identifiers" => Ok(Access::Identifiers),
        "demographics" => Ok(Access::Demographics),
        _ => Err("it is submit, own, identifiers or demographics".to_owned()),
    }
}

/// Does what was asked for.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Add(arguments) => add(arguments)?,
        Command::List(place) => list(&place)?,
        Command::Show(arguments) => show(&arguments)?,
        Command::Disable(arguments) => set_disabled(&arguments, true)?,
        Command::Enable(arguments) => set_disabled(&arguments, false)?,
        Command::Cert(arguments) => cert::run(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn add(arguments: Add) -> anyhow::Result<()> {
    let config = arguments.place.config()?;
    let Add { id, name, access, systems, target_systems, .. } = arguments;
    if !clients_file::is_id(&id) {
        return Err(usage(format!(
            "{id:?} cannot be an id: it has 1 to 64 letters, digits, '-', '_' or '.'"
        )));
    }
    let name = name.unwrap_or_else(|| id.clone());
    clients_file::change(&path(&config)?, |clients| {
        if clients.iter().any(|client| client.id == id) {
            return Err(usage(format!(
                "there is a client {id} already: see opencr client show {id}"
            )));
        }
        clients.push(Client {
            id: id.clone(),
            name,
            disabled: false,
            access,
            systems,
            target_systems,
        });
        Ok(())
    })?;
    println!("Added {id}. Its certificate: opencr client cert issue {id}");
    Ok(())
}

fn set_disabled(arguments: &One, is_disabled: bool) -> anyhow::Result<()> {
    let config = arguments.place.config()?;
    let mut client = find(&config, &arguments.id)?;
    client.disabled = is_disabled;
    clients_file::change(&path(&config)?, |clients| {
        // A client of the configuration gets an entry, which goes over it.
        match clients.iter_mut().find(|kept| kept.id == client.id) {
            Some(kept) => kept.disabled = is_disabled,
            None => clients.push(client),
        }
        Ok(())
    })?;
    println!("{} is {}.", arguments.id, if is_disabled { "disabled" } else { "enabled" });
    Ok(())
}

fn list(place: &Place) -> anyhow::Result<()> {
    let config = place.config()?;
    let certificates = certificates(place, &config)?;
    let now = OffsetDateTime::now_utc();
    for client in all(&config)? {
        let own =
            certificates.iter().filter(|one| one.name == client.id && one.revoked_at.is_none());
        let state = own.max_by_key(|one| one.not_after).map(|one| one.state(now));
        let state = state.unwrap_or_else(|| "no certificate".to_owned());
        let disabled = if client.disabled { "DISABLED" } else { "enabled" };
        println!("{}\t{}\t{}\t{disabled}\t{state}", client.id, client.name, word(client.access));
    }
    Ok(())
}

fn show(arguments: &One) -> anyhow::Result<()> {
    let config = arguments.place.config()?;
    let client = find(&config, &arguments.id)?;
    print!("{}", toml::to_string_pretty(&client)?);
    let now = OffsetDateTime::now_utc();
    for one in certificates(&arguments.place, &config)?.iter().filter(|one| one.name == client.id) {
        println!("# certificate {}: {}", one.serial, one.state(now));
    }
    Ok(())
}

fn word(access: Access) -> &'static str {
    match access {
        Access::Submit => "submit",
        Access::Own => "own",
        Access::Identifiers => "identifiers",
        Access::Demographics => "demographics",
    }
}

/// What the CA signed for clients; nothing if there is no CA here.
fn certificates(place: &Place, config: &Config) -> anyhow::Result<Vec<Issued>> {
    let folder = place.folder(config);
    if !folder.join("ca.pem").exists() {
        return Ok(Vec::new());
    }
    let mut all = Authority::open(&folder)?.issued()?;
    all.retain(|one| one.purpose == Purpose::Client);
    Ok(all)
}

/// All clients, those of the file over those of the configuration.
fn all(config: &Config) -> anyhow::Result<Vec<Client>> {
    let mut all = clients_file::read(&path(config)?)?;
    let fixed = config.clients.iter().filter(|one| all.iter().all(|kept| kept.id != one.id));
    let fixed: Vec<_> = fixed.cloned().collect();
    all.extend(fixed);
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

/// The client with that id.
fn find(config: &Config, id: &str) -> anyhow::Result<Client> {
    all(config)?.into_iter().find(|client| client.id == id).ok_or_else(|| {
        usage(format!("there is no client {id}: `opencr client list` shows all, `add` makes one"))
    })
}

fn path(config: &Config) -> anyhow::Result<std::path::PathBuf> {
    config.clients_path().ok_or_else(|| {
        usage("callers.clients_file is empty: name a file, or keep clients in the configuration")
    })
}
