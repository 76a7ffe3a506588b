//! `opencr ca`: the CA of clients, and certificates for servers.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use rcgen::KeyPair;

use crate::{ConfigFile, config::Config, usage};

mod authority;
pub(crate) mod bundle;
pub(crate) mod files;
mod issued;

pub(crate) use authority::{Authority, Order};
pub(crate) use issued::{Issued, Purpose};

/// Names of one server's certificate.
const HOSTS_MAX: usize = 50;

/// Make the CA of clients, and certificates for servers.
#[derive(Args)]
#[command(after_help = "\
Examples:
  opencr ca init
  opencr ca server-cert registry.example.org 10.0.0.5")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a CA, its key and an empty list of revoked certificates.
    Init(Init),
    /// Make a key and a certificate for a server with these names and addresses.
    ServerCert(ServerCert),
}

#[derive(Args)]
struct Init {
    /// The CA's name, which people read in certificates.
    #[arg(long, default_value = "OpenCR clients")]
    name: String,
    /// How many days the CA is good.
    #[arg(long, default_value_t = 3650, value_parser = clap::value_parser!(i64).range(1..=10_950))]
    days: i64,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct ServerCert {
    /// DNS names and IP addresses under which clients reach the server.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// The folder that server.pem and server.key are written to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// How many days the certificate is good.
    #[arg(long, default_value_t = 397, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
    #[command(flatten)]
    place: Place,
}

/// Where the CA is; shared by the commands.
#[derive(Args)]
pub(crate) struct Place {
    /// The CA's folder; by default `ca` in the data folder.
    #[arg(long, value_name = "DIR")]
    ca: Option<PathBuf>,
    /// The data folder; outranks the configured one.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

impl Place {
    /// Loads the configuration.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let data =
            self.data.iter().map(|data| ("OPENCR__DATA__FOLDER", data.display().to_string()));
        self.config.load(data.collect())
    }

    /// The CA's folder.
    pub(crate) fn folder(&self, config: &Config) -> PathBuf {
        folder(config, self.ca.as_deref())
    }
}

/// The CA's folder: what was asked for, else the one beside the data.
pub(crate) fn folder(config: &Config, asked: Option<&Path>) -> PathBuf {
    asked.map_or_else(|| config.data.folder.join("ca"), Path::to_owned)
}

/// Does what was asked for.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Init(arguments) => init(&arguments)?,
        Command::ServerCert(arguments) => server_cert(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init(arguments: &Init) -> anyhow::Result<()> {
    let folder = arguments.place.folder(&arguments.place.config()?);
    let authority = Authority::init(&folder, &arguments.name, arguments.days)?;
    println!("Made a CA. Its key never leaves this folder; whoever has it can be any client.");
    println!("Clients need {} to know the server.", authority.file("ca.pem").display());
    println!("\nFor the configuration:\n\n[tls]");
    println!("client_ca = {}", quoted(&authority.file("ca.pem")));
    println!("revoked = {}", quoted(&authority.file("revoked.pem")));
    Ok(())
}

fn server_cert(arguments: &ServerCert) -> anyhow::Result<()> {
    let authority = Authority::open(&arguments.place.folder(&arguments.place.config()?))?;
    if arguments.names.len() > HOSTS_MAX {
        return Err(usage(format!("a certificate takes at most {HOSTS_MAX} names")));
    }
    files::make_folder(&arguments.out)?;
    let paths = ["server.pem", "server.key"].map(|name| arguments.out.join(name));
    paths.iter().try_for_each(|path| files::check_free(path))?;
    let key = KeyPair::generate()?;
    let order = Order {
        name: &arguments.names[0],
        purpose: Purpose::Server,
        hosts: &arguments.names,
        days: arguments.days,
    };
    let certificate = authority.sign(&order, &key)?;
    files::write_secret(&paths[1], key.serialize_pem().as_bytes())?;
    files::write_public(&paths[0], certificate.pem().as_bytes())?;
    println!("For the configuration:\n\n[tls]");
    println!("certificate = {}", quoted(&paths[0]));
    println!("key = {}", quoted(&paths[1]));
    Ok(())
}

/// A path as TOML has it.
fn quoted(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    toml::Value::String(path.display().to_string()).to_string()
}
