//! HTTP from this process to others: one agent, made the same way everywhere, and its faults in
//! words that hold neither names nor passwords.

use std::{fs, path::Path, time::Duration};

use ureq::{
    Agent,
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use crate::usage;

/// Whose certificates are taken.
pub(crate) enum Trust<'a> {
    /// Those that browsers know.
    Browsers,
    /// Those of the CA in this file, which the setting of this name gave.
    Ca(&'static str, &'a Path),
    /// Any.
    Anybody,
}

impl<'a> Trust<'a> {
    /// That of a file, if there is one.
    pub(crate) fn file(setting: &'static str, path: Option<&'a Path>) -> Self {
        path.map_or(Self::Browsers, |path| Self::Ca(setting, path))
    }
}

/// An agent that follows no redirects, gives every status back as it is, and waits no longer for
/// a whole exchange than `limit`.
pub(crate) fn agent(trust: &Trust<'_>, limit: Duration) -> anyhow::Result<Agent> {
    let tls = TlsConfig::builder();
    let tls = match trust {
        Trust::Browsers => tls,
        Trust::Ca(setting, path) => tls.root_certs(roots(setting, path)?),
        Trust::Anybody => tls.disable_verification(true),
    };
    let config = Agent::config_builder()
        .timeout_global(Some(limit))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(tls.build());
    Ok(config.build().into())
}

fn roots(setting: &str, path: &Path) -> anyhow::Result<RootCerts> {
    let pem =
        fs::read(path).map_err(|error| usage(format!("{setting}: {}: {error}", path.display())))?;
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(usage(format!("{setting}: {} holds no certificate", path.display())));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

/// Reads a password: the file's first line, or without a file the variable; `None` if it is
/// empty.
pub(crate) fn password(
    setting: &str,
    file: Option<&Path>,
    variable: &str,
) -> anyhow::Result<Option<String>> {
    let text = match file {
        None => std::env::var(variable).unwrap_or_default(),
        Some(file) => fs::read_to_string(file)
            .map_err(|error| usage(format!("{setting}: {}: {error}", file.display())))?,
    };
    let password = text.trim_end_matches(['\r', '\n']);
    Ok((!password.is_empty()).then(|| password.to_owned()))
}

/// Why nothing came back. The library's own texts may hold the URL, and so a user's name.
pub(crate) fn why(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it takes too long".to_owned(),
        ureq::Error::HostNotFound => "its name is not known".to_owned(),
        ureq::Error::Rustls(_) => "its certificate is not trusted".to_owned(),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            "its certificate is not trusted".to_owned()
        }
        ureq::Error::Io(error) => error.kind().to_string(),
        _ => "it does not speak HTTP as it should".to_owned(),
    }
}
