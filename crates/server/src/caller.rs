//! [`Caller`]: who sends a request, established once, here, and nowhere else.
//!
//! A handler cannot make a `Caller`; it gets one from the request or the request is refused.
//! Nothing that a request says about its sender is believed unless its peer is known:
//! `X-Forwarded-For` says nothing about it, `X-OpenHIM-ClientID` only from a configured gateway.
//!
//! On TLS, a certificate of the CA of clients names its peer, and outranks where it calls from: the
//! header of a peer that is no gateway is ignored there (contract 1.1).
//!
//! What a caller may see (its access level, contract 7.3) and people with roles become fields of
//! [`Caller`], checked in this file.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{HeaderMap, request::Parts};
use registry::{actor::Actor, ids::ClientId};

use crate::{
    App,
    error::ApiError,
    settings::ServerSettings,
    tls::{CertificateName, CertificateRefusal},
};

mod certificate;
mod local;

pub(crate) use certificate::{Judged, refuse_bad as refuse_bad_certificates};

/// The header in which OpenHIM names the client it authenticated (contract 1.1).
pub(crate) const CLIENT_HEADER: &str = "x-openhim-clientid";

/// The authenticated sender of a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    client: ClientId,
    proof: Proof,
}

/// How the sender proved to be who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A trusted gateway vouches for it.
    Gateway,
    /// A certificate of the CA of clients.
    Certificate,
    /// It is on this machine, and the registry runs in development.
    Development,
}

/// Why a request's sender is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallerRefusal {
    /// It proves nothing.
    Unproven,
    /// It names a client, but comes from somewhere that nobody trusts.
    NotAGateway,
    /// It comes from this machine in development, but was sent to a name or by a page that is
    /// not ours.
    NotMeantForUs,
    /// It names a client twice, or unreadably.
    Malformed,
    /// The client is not one of the registry's.
    UnknownClient,
    /// The client is the registry's, and may not call for the time being.
    Disabled,
    /// It presented a certificate that is not good.
    Certificate(CertificateRefusal),
}

impl Caller {
    /// The system that sends.
    pub(crate) fn client(&self) -> &ClientId {
        &self.client
    }

    /// Who is accountable for what this request does.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Client(self.client.clone())
    }

    fn establish(
        peer: Option<IpAddr>,
        headers: &HeaderMap,
        certificate: Option<&CertificateName>,
        settings: &ServerSettings,
    ) -> Result<Self, CallerRefusal> {
        let is_gateway = match certificate {
            Some(certificate) => settings.gateway_names.iter().any(|it| **it == *certificate.name),
            None => is_gateway(peer, settings),
        };
        // Who calls over TLS has another way to say who it is, so a header that nobody vouches
        // for says nothing.
        let is_heard = is_gateway || settings.tls.is_none();
        let mut named = headers.get_all(CLIENT_HEADER).iter().filter(|_| is_heard);
        let caller = match (named.next(), named.next()) {
            (None, _) => match certificate {
                Some(certificate) => {
                    let client = ClientId::new(&*certificate.name);
                    Self { client, proof: Proof::Certificate }
                }
                None => Self::in_development(peer, settings).ok_or(CallerRefusal::Unproven)?,
            },
            (Some(_), _) if !is_gateway => return Err(CallerRefusal::NotAGateway),
            (Some(_), Some(_)) => return Err(CallerRefusal::Malformed),
            (Some(name), None) => {
                let name = name.to_str().map_err(|_| CallerRefusal::Malformed)?;
                Self { client: ClientId::new(name.trim()), proof: Proof::Gateway }
            }
        };
        // In production the gateway is what keeps other pages out; in development, names are.
        // A certificate is proof wherever it comes from.
        let is_in_doubt = settings.is_development && is_local(peer) && certificate.is_none();
        if is_in_doubt && !local::is_meant_for_us(headers, settings.base_url.as_deref()) {
            return Err(CallerRefusal::NotMeantForUs);
        }
        settings.clients.refresh();
        match settings.clients.find(&caller.client) {
            None => Err(CallerRefusal::UnknownClient),
            Some(client) if client.is_disabled => Err(CallerRefusal::Disabled),
            Some(_) => Ok(caller),
        }
    }

    fn in_development(peer: Option<IpAddr>, settings: &ServerSettings) -> Option<Self> {
        let client = settings.development_client.as_ref()?;
        (settings.is_development && is_local(peer))
            .then(|| Self { client: client.clone(), proof: Proof::Development })
    }
}

/// A peer that may read the figures of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watcher;

impl FromRequestParts<App> for Watcher {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Some(metrics) = &app.settings().metrics else { return Err(ApiError::no_route()) };
        let peer = peer(parts);
        let is_named =
            peer.is_some_and(|peer| metrics.allow.iter().any(|network| network.contains(peer)));
        // A page in a browser on this machine is no watcher.
        let base_url = app.settings().base_url.as_deref();
        let is_meant = !is_local(peer) || local::is_meant_for_us(&parts.headers, base_url);
        if is_named && is_meant { Ok(Self) } else { Err(ApiError::no_watcher()) }
    }
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// Whether a peer is on this machine.
fn is_local(peer: Option<IpAddr>) -> bool {
    peer.is_some_and(|peer| peer.to_canonical().is_loopback())
}

fn is_gateway(peer: Option<IpAddr>, settings: &ServerSettings) -> bool {
    peer.is_some_and(|peer| settings.gateways.iter().any(|network| network.contains(peer)))
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let certificate = certificate::find(parts)?;
        let settings = app.settings();
        let caller = Self::establish(peer(parts), &parts.headers, certificate, settings)?;
        let span = tracing::Span::current();
        span.record("client", caller.client.as_str());
        span.record("proof", tracing::field::debug(caller.proof));
        Ok(caller)
    }
}
