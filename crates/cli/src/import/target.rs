//! Where an import goes.

use std::fmt;

use super::Arguments;
use crate::config::Config;

/// A running server, or a store of nobody else.
pub(super) enum Target {
    /// The server's URL, up to but without `/fhir`.
    Server(String),
    /// The store's URL.
    Store(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Server(url) | Target::Store(url) => f.write_str(url),
        }
    }
}

/// Goes by the arguments, and without any to the server that the configuration describes.
pub(super) fn of(arguments: &Arguments, config: &Config) -> Target {
    if arguments.store.is_some() || arguments.data.is_some() {
        return Target::Store(config.store_url());
    }
    let url = arguments.server.clone().unwrap_or_else(|| {
        let address = std::net::SocketAddr::new(config.server.address, config.server.port);
        format!("http://{address}")
    });
    let url = url.trim_end_matches('/');
    Target::Server(url.strip_suffix("/fhir").unwrap_or(url).to_owned())
}
