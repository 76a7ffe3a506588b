//! The port: free, or ours already.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use super::Finding;
use crate::{
    config::Config,
    http::{self, Trust},
};

const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn port(config: &Config) -> Finding {
    let what = "port";
    let address = SocketAddr::new(config.server.address, config.server.port);
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(what, format!("{address} is free")),
        Err(_) if lives(address, config.tls.is_on()) => {
            Finding::ok(what, format!("{address} is served by a registry already"))
        }
        Err(error) => Finding::fail(
            what,
            format!("{address} cannot be used: {error}; end what serves there, or set server.port"),
        ),
    }
}

/// Whether a registry answers there, whatever its certificate.
fn lives(address: SocketAddr, is_tls: bool) -> bool {
    let scheme = if is_tls { "https" } else { "http" };
    let Ok(agent) = http::agent(&Trust::Anybody, PATIENCE) else { return false };
    let answer = agent.get(format!("{scheme}://{address}/healthz")).call();
    let text = answer
        .ok()
        .and_then(|mut answer| answer.body_mut().with_config().limit(4096).read_to_string().ok());
    text.is_some_and(|text| text == r#"{"status":"alive"}"#)
}
