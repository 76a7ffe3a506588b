//! What the server is told at its start. Reading it from files is the command line's business.

use std::time::Duration;

use fhir::search::SearchLimits;
use registry::ids::ClientId;

mod access;
mod clients;
mod network;

pub use access::{Access, AccessMode, ClientAccess, SearchBounds};
pub use clients::{Client, ClientMap, Clients};
pub use network::{Network, NetworkError};

use crate::{Exposition, tls::Tls};

/// The server's settings; [`ServerSettings::new`] has the documented defaults.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The URL under which clients see the server, such as `https://registry.example.org`.
    /// Without it, links follow the `Host` header with scheme `http`.
    pub base_url: Option<String>,
    /// Longest request body.
    pub body_max_bytes: usize,
    /// How long all bodies of over 64 kB together may be that are worked on at once; parsed,
    /// they take several times as much memory. More wait, then get a 503.
    pub bodies_max_bytes: usize,
    /// Most stored content in one answer; a page that would hold more ends early.
    pub answer_max_bytes: usize,
    /// Within this time a request's whole header must arrive; an idle connection is closed
    /// after it, too.
    pub header_timeout: Duration,
    /// Within this time a request's whole body must arrive.
    pub body_timeout: Duration,
    /// Within this time a request must be answered once its body has arrived.
    pub request_timeout: Duration,
    /// A connection whose peer takes no byte of its answer for so long is closed.
    pub write_timeout: Duration,
    /// How long the index may stand still although the store has more, until the node is not ready. A node
    /// hears of what others commit within a second; but it may be waiting for its turn to
    /// commit, or have a long batch in hand.
    pub standstill_max: Duration,
    /// How long a stop waits for requests in flight.
    pub stop_timeout: Duration,
    /// Connections at once; more wait until one is closed.
    pub connections_max: usize,
    /// The bounds of searches.
    pub search: SearchLimits,
    /// Peers whose `X-OpenHIM-ClientID` header is believed.
    pub gateways: Vec<Network>,
    /// Names (CN) of certificates that are gateways'.
    pub gateway_names: Vec<String>,
    /// TLS on the listener; without it, plain HTTP.
    pub tls: Option<Tls>,
    /// Systems that may call. Others are refused (contract S18).
    pub clients: Clients,
    /// Whether access levels are kept to.
    pub access_mode: AccessMode,
    /// Bounds of what clients with [`Access::Demographics`] search.
    pub search_bounds: SearchBounds,
    /// Identifier systems that are known beside those of the clients and of source records, such
    /// as a national id's: `$ihe-pix` tells an unknown system from an unknown identifier.
    pub domains: Vec<String>,
    /// In development, who a caller on this machine is that does not say so.
    pub development_client: Option<ClientId>,
    /// Development: callers on this machine need no proof of who they are.
    pub is_development: bool,
    /// The software's version, for `metadata`.
    pub version: String,
    /// The figures at `/metrics`; without it there is nothing at that address.
    pub metrics: Option<MetricsSettings>,
}

/// What is told at `/metrics`, and to whom.
#[derive(Clone, Debug)]
pub struct MetricsSettings {
    /// The figures.
    pub exposition: Exposition,
    /// Peers that may read them. They hold nothing of people, but tell how busy a registry is.
    pub allow: Vec<Network>,
}

impl ServerSettings {
    /// The documented defaults: nobody is trusted, nobody is known.
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            base_url: None,
            // OpenCR's limit (contract 1.2).
            body_max_bytes: 10 * 1024 * 1024,
            bodies_max_bytes: 64 * 1024 * 1024,
            answer_max_bytes: 32 * 1024 * 1024,
            header_timeout: Duration::from_secs(30),
            // The largest body at 64 kB/s: thin links must be able to send a Bundle.
            body_timeout: Duration::from_secs(160),
            request_timeout: Duration::from_secs(60),
            standstill_max: Duration::from_secs(15),
            write_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(30),
            connections_max: 1024,
            search: SearchLimits::STANDARD,
            gateways: Vec::new(),
            gateway_names: Vec::new(),
            tls: None,
            clients: Clients::default(),
            domains: Vec::new(),
            access_mode: AccessMode::Enforce,
            search_bounds: SearchBounds::default(),
            development_client: None,
            is_development: false,
            version: version.into(),
            metrics: None,
        }
    }
}
