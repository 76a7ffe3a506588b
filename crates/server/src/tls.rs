//! TLS on the listener, and who a client's certificate says it is.
//!
//! The handshake asks for a certificate, proves that the client has its key, and lets it through:
//! a request can be told what is wrong with a certificate, a handshake cannot. [`Trust`] then
//! judges the certificate at every request, so that a revocation, an end of validity or a new CA
//! counts for connections that are open already. Nothing is served to a client whose certificate
//! is not good.
//!
//! The CA of clients is never the server's own certificate (contract S8).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{CertificateError, ServerConfig};
use thiserror::Error;

use crate::watched::{LoadError, Watched};

mod asking;
mod expiry;
mod load;
mod presented;
mod trust;

pub(crate) use expiry::Ending;
pub(crate) use presented::{CertificateName, CertificateRefusal, Presented};

use trust::Trust;

/// The files that TLS is made of; all PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, and after it those between it and its CA.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The CA of clients; without one, no certificate is asked for.
    pub client_ca: Option<PathBuf>,
    /// The lists of revoked certificates of that CA.
    pub revoked: Option<PathBuf>,
    /// The oldest version that is spoken.
    pub oldest: TlsVersion,
}

/// Versions of TLS that can be spoken; older ones are not implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    V12,
    /// TLS 1.3 (RFC 8446).
    V13,
}

/// Why the files cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {why}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// rustls refuses what the files say.
    #[error("certificate and key cannot be used together")]
    Rustls(#[from] rustls::Error),
}

impl TlsError {
    fn content(path: &Path, why: impl Into<String>) -> Self {
        Self::Content { path: path.to_owned(), why: why.into() }
    }
}

/// What the files say.
pub(crate) struct Loaded {
    /// For handshakes.
    pub(crate) config: Arc<ServerConfig>,
    /// Whom to believe; without it, nobody is asked.
    trust: Option<Trust>,
    expiries: Vec<expiry::Expiry>,
}

/// TLS as the files have it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Tls {
    watched: Arc<Watched<Loaded>>,
}

impl Tls {
    /// Reads the files, and follows them from here on.
    ///
    /// # Errors
    ///
    /// [`TlsError`]: the operator must mend the files.
    pub fn load(files: TlsFiles) -> Result<Self, LoadError> {
        let paths = [Some(&files.certificate), Some(&files.key)];
        let paths = paths.into_iter().chain([files.client_ca.as_ref(), files.revoked.as_ref()]);
        let paths = paths.flatten().cloned().collect();
        let load = move || load::load(&files).map_err(LoadError::from);
        let watched = Watched::new("tls", paths, load)?;
        let tls = Self { watched: Arc::new(watched) };
        tls.warn_of_expiry();
        Ok(tls)
    }

    /// Reads the files again if one of them changed.
    pub fn refresh(&self) {
        if self.watched.refresh() {
            self.warn_of_expiry();
        }
    }

    /// Reads the files again.
    pub fn reload(&self) {
        if self.watched.reload() {
            self.warn_of_expiry();
        }
    }

    /// Tells the log which of the server's own files end soon.
    pub fn warn_of_expiry(&self) {
        let now = rustls::pki_types::UnixTime::now().as_secs();
        for expiry in &self.current().expiries {
            expiry.warn(now);
        }
    }

    /// Those that are over or end soon.
    pub(crate) fn endings(&self) -> Vec<Ending> {
        let now = rustls::pki_types::UnixTime::now().as_secs();
        self.current().expiries.iter().filter_map(|expiry| expiry.ending(now)).collect()
    }

    pub(crate) fn current(&self) -> Arc<Loaded> {
        self.watched.current()
    }
}

/// What is wrong with a certificate, of the kinds that a caller can do something about.
fn refusal(error: &rustls::Error) -> CertificateRefusal {
    let rustls::Error::InvalidCertificate(error) = error else {
        // The list of revoked certificates cannot be used: nothing is known.
        return CertificateRefusal::RevocationUnknown;
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateRefusal::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateRefusal::NotValidYet
        }
        CertificateError::Revoked => CertificateRefusal::Revoked,
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => {
            CertificateRefusal::RevocationUnknown
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            CertificateRefusal::Purpose
        }
        // All others, and those of later releases: no chain to the CA.
        _ => CertificateRefusal::Untrusted,
    }
}
