//! [`Caller`]: who sends a request, established once, here, and nowhere else.
//!
//! A handler cannot make a `Caller`; it gets one from the request or the request is refused.
//! Nothing that a request says about its sender is believed unless its peer is known:
//! `X-Forwarded-For` says nothing about it, `X-OpenHIM-ClientID` only from a configured gateway.
//!
//! On TLS, a certificate of the CA of clients names its peer, and outranks where it calls from: the
//! header of a peer that is no gateway is ignored there (contract 1.1).
//!
//! What a caller may see (its access level, contract 7.3) is looked up here and kept to by `access`.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{HeaderMap, request::Parts};
use registry::{
    actor::Actor,
    audit::Who,
    ids::{AccountId, ClientId},
};

use crate::{
    App,
    access::Sight,
    audit::Notes,
    error::ApiError,
    settings::{Access, AccessMode, ClientAccess, ServerSettings},
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
    notes: Notes,
    rights: ClientAccess,
    mode: AccessMode,
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
    /// A person is signed in.
    Session,
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

    /// What the audit log will hold of this request.
    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    /// What it sees of the registry.
    pub(crate) fn sight(&self) -> Sight<'_> {
        Sight::new(&self.client, self.rights.access, self.mode)
    }

    /// What it may see and assert, as configured.
    pub(crate) fn rights(&self) -> &ClientAccess {
        &self.rights
    }

    /// A person who reads and searches as the gate of the people plane allows: all Patients,
    /// without the bounds of systems. The name owns what is given page by page; ids of systems
    /// hold no blank.
    pub(crate) fn person(id: &AccountId, notes: Notes) -> Self {
        let mut caller = Self::of(ClientId::new(format!("person {id}")), Proof::Session);
        caller.notes = notes;
        caller.rights.access = Access::Demographics;
        caller
    }

    /// Whether it is a person.
    pub(crate) fn is_person(&self) -> bool {
        self.proof == Proof::Session
    }

    /// A sender with the least rights, until its own are looked up.
    fn of(client: ClientId, proof: Proof) -> Self {
        let rights = ClientAccess { access: Access::Submit, ..ClientAccess::default() };
        Self { client, proof, notes: Notes::default(), rights, mode: AccessMode::Enforce }
    }

    /// The same, with how it was proved.
    fn who(&self) -> Who {
        let proof = match self.proof {
            Proof::Gateway => "gateway",
            Proof::Certificate => "certificate",
            Proof::Session => "session",
            Proof::Development => "development",
        };
        Who { actor: Some(self.actor()), proof: Some(proof.to_owned()) }
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
        let mut caller = match (named.next(), named.next()) {
            (None, _) => match certificate {
                Some(certificate) => {
                    let client = ClientId::new(&*certificate.name);
                    Self::of(client, Proof::Certificate)
                }
                None => Self::in_development(peer, settings).ok_or(CallerRefusal::Unproven)?,
            },
            (Some(_), _) if !is_gateway => return Err(CallerRefusal::NotAGateway),
            (Some(_), Some(_)) => return Err(CallerRefusal::Malformed),
            (Some(name), None) => {
                let name = name.to_str().map_err(|_| CallerRefusal::Malformed)?;
                let client = ClientId::new(name.trim());
                Self::of(client, Proof::Gateway)
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
            Some(client) => {
                caller.rights = client.rights;
                caller.mode = settings.access_mode;
                Ok(caller)
            }
        }
    }

    fn in_development(peer: Option<IpAddr>, settings: &ServerSettings) -> Option<Self> {
        let client = settings.development_client.as_ref()?;
        (settings.is_development && is_local(peer))
            .then(|| Self::of(client.clone(), Proof::Development))
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
        let mut caller = Self::establish(peer(parts), &parts.headers, certificate, settings)?;
        if let Some(notes) = parts.extensions.get::<Notes>() {
            notes.sent_by(caller.who());
            caller.notes = notes.clone();
        }
        let span = tracing::Span::current();
        span.record("client", caller.client.as_str());
        span.record("proof", tracing::field::debug(caller.proof));
        Ok(caller)
    }
}
