//! [`Trust`]: judges a client's certificate against the CA and its lists of revoked ones.

use std::{fmt, sync::Arc};

use rustls::{
    pki_types::{CertificateDer, UnixTime},
    server::danger::ClientCertVerifier,
};
use x509_parser::parse_x509_certificate;

use super::{CertificateName, CertificateRefusal, refusal};

/// Longest name that is taken for a client's; RFC 5280 allows a CN 64 characters.
const NAME_BYTES_MAX: usize = 256;

/// Who is believed.
pub(super) struct Trust {
    /// Checks the chain, the dates, the purpose and the revocation.
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
    /// The server's own certificate, which is nobody's proof.
    pub(super) own: CertificateDer<'static>,
}

impl Trust {
    /// Whose certificate the first of `chain` is, if it is good at `now`.
    pub(super) fn judge(
        &self,
        chain: &[CertificateDer<'static>],
        now: UnixTime,
    ) -> Result<CertificateName, CertificateRefusal> {
        let (certificate, between) = chain.split_first().ok_or(CertificateRefusal::Untrusted)?;
        if *certificate == self.own {
            return Err(CertificateRefusal::Untrusted);
        }
        let verified = self.verifier.verify_client_cert(certificate, between, now);
        verified.map_err(|error| refusal(&error))?;
        name(certificate)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

/// The subject's one common name, and when the certificate ends.
fn name(certificate: &CertificateDer<'_>) -> Result<CertificateName, CertificateRefusal> {
    let (_, parsed) =
        parse_x509_certificate(certificate).map_err(|_| CertificateRefusal::Untrusted)?;
    let mut names = parsed.subject().iter_common_name();
    let (Some(name), None) = (names.next(), names.next()) else {
        return Err(CertificateRefusal::NoName);
    };
    let name = name.as_str().map_err(|_| CertificateRefusal::NoName)?;
    let is_clean = !name.is_empty() && name.trim() == name && !name.contains(char::is_control);
    if !is_clean || name.len() > NAME_BYTES_MAX {
        return Err(CertificateRefusal::NoName);
    }
    let not_after = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    Ok(CertificateName { name: name.into(), not_after })
}
