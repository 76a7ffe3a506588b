//! What a running server is told of TLS, certificates and clients.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use server::{ClientMap, Clients, LoadError, ServerSettings, Tls, TlsFiles, TlsVersion, Watched};

use crate::{ca, chain, clients_file, config::Config, usage};

/// Puts TLS, gateways by name and the clients into the server's settings.
pub(crate) fn apply(config: &Config, settings: &mut ServerSettings) -> anyhow::Result<()> {
    settings.clients = clients(config)?;
    settings.gateway_names = config.callers.gateway_certificates.clone();
    if config.tls.is_on() {
        let tls = Tls::load(files(config));
        let tls = tls.map_err(|error| usage(format!("tls: {}", chain(error.as_ref()))))?;
        settings.tls = Some(tls);
    }
    if let Ok(authority) = ca::Authority::open(&ca::folder(config, None)) {
        authority.warn_of_expiry();
    }
    Ok(())
}

fn files(config: &Config) -> TlsFiles {
    let tls = &config.tls;
    let given = |path: &Path| (!path.as_os_str().is_empty()).then(|| path.to_owned());
    TlsFiles {
        certificate: tls.certificate.clone(),
        key: tls.key.clone(),
        client_ca: given(&tls.client_ca),
        revoked: given(&tls.revoked),
        oldest: if tls.min_version == "1.3" { TlsVersion::V13 } else { TlsVersion::V12 },
    }
}

/// The clients of the configuration, and over them those of the file, which is followed.
fn clients(config: &Config) -> anyhow::Result<Clients> {
    let clients = Clients::new(clients_file::map(config.clients.clone()));
    let Some(path) = config.clients_path() else { return Ok(clients) };
    let file = follow(path.clone()).map_err(anyhow::Error::from_boxed);
    let file = file.with_context(|| format!("the file of clients {}", path.display()));
    Ok(clients.with_file(file.map_err(|error| usage(format!("{error:#}")))?))
}

fn follow(path: PathBuf) -> Result<Watched<ClientMap>, LoadError> {
    let read = path.clone();
    Watched::new("clients", vec![path], move || Ok(clients_file::map(clients_file::read(&read)?)))
}
