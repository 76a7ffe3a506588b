//! TLS to the database, by rustls: whom to trust, and who we are.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::location::{Location, Tls};
use crate::StoreError;

/// What connects with encryption as `location` says; unused where it says none.
///
/// # Errors
///
/// [`StoreError::Location`] if a certificate or key cannot be used.
pub(super) fn connector(location: &Location) -> Result<MakeRustlsConnect, StoreError> {
    let config = config(location)
        .map_err(|reason| StoreError::Location { url: location.shown.clone(), reason })?;
    Ok(MakeRustlsConnect::new(config))
}

fn config(location: &Location) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let roots = match &location.root {
        Some(path) => roots(path)?,
        None => RootCertStore::empty(),
    };
    let builder = match location.tls {
        Tls::Disable | Tls::VerifyFull => builder.with_root_certificates(roots),
        Tls::Require if location.root.is_none() => {
            let anybody = Arc::new(Lenient { chain: None, provider });
            builder.dangerous().with_custom_certificate_verifier(anybody)
        }
        // As libpq: who names a CA wants it looked at.
        Tls::Require | Tls::VerifyCa => {
            let chain =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                    .build()
                    .map_err(|error| error.to_string())?;
            let any_name = Arc::new(Lenient { chain: Some(chain), provider });
            builder.dangerous().with_custom_certificate_verifier(any_name)
        }
    };
    let Some((certificate, key)) = &location.own else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| format!("cannot use {}: {error}", key.display()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| format!("sslcert: {error}"))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot = |error| format!("cannot use {}: {error}", path.display());
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(cannot)?.collect();
    let read = read.map_err(cannot)?;
    if read.is_empty() { Err(format!("{} holds no certificate", path.display())) } else { Ok(read) }
}

fn roots(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|error| format!("cannot use {}: {error}", path.display()))?;
    }
    Ok(roots)
}

/// Takes a certificate whatever its name, or (without a chain to check) whosever it is; that its
/// holder has the key is checked all the same.
#[derive(Debug)]
struct Lenient {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let verified =
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is the last thing that is checked.
            Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
