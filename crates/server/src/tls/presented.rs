//! [`Presented`]: the certificate of one connection, judged at each of its requests.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::pki_types::{CertificateDer, UnixTime};
use tokio::time::Instant;

use super::{Loaded, Tls};

/// How long a judgement counts, if the files stay as they are. Signatures cost a tenth of a
/// millisecond; what can change without a file is only that something in the chain ends.
const JUDGED_FOR: Duration = Duration::from_secs(30);

/// Whose a good certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateName {
    /// The subject's common name.
    pub(crate) name: Arc<str>,
    /// The last second at which it is good, of Unix time.
    pub(super) not_after: u64,
}

/// Why a certificate is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateRefusal {
    /// The CA of clients did not sign it.
    Untrusted,
    /// It is over.
    Expired,
    /// It has not begun.
    NotValidYet,
    /// The CA took it back.
    Revoked,
    /// Whether it is revoked cannot be known: its CA has no list, or a bad one.
    RevocationUnknown,
    /// It is not meant for clients.
    Purpose,
    /// Its subject has no common name, or several.
    NoName,
}

/// The certificate that the peer of a connection proved to have the key of.
pub(crate) struct Presented {
    tls: Tls,
    chain: Vec<CertificateDer<'static>>,
    judged: Mutex<Option<Judgement>>,
}

struct Judgement {
    by: Arc<Loaded>,
    at: Instant,
    name: CertificateName,
}

impl Presented {
    pub(crate) fn new(tls: Tls, chain: Vec<CertificateDer<'static>>) -> Self {
        Self { tls, chain, judged: Mutex::new(None) }
    }

    /// Whose the certificate is, by what the files say at this moment.
    pub(crate) fn judge(&self) -> Result<CertificateName, CertificateRefusal> {
        self.tls.refresh();
        let loaded = self.tls.current();
        let now = UnixTime::now();
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let known = judged
            .as_ref()
            .filter(|known| Arc::ptr_eq(&known.by, &loaded) && known.at.elapsed() < JUDGED_FOR);
        if let Some(known) = known {
            let is_over = now.as_secs() > known.name.not_after;
            return if is_over { Err(CertificateRefusal::Expired) } else { Ok(known.name.clone()) };
        }
        let Some(trust) = &loaded.trust else { return Err(CertificateRefusal::Untrusted) };
        let name = trust.judge(&self.chain, now)?;
        *judged =
            Some(Judgement { by: Arc::clone(&loaded), at: Instant::now(), name: name.clone() });
        Ok(name)
    }
}
