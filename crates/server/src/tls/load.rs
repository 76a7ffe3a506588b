//! From files to [`Loaded`]: read, checked against each other, and refused if they are unsafe.

use std::{path::Path, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
        pem::{Error as PemError, PemObject},
    },
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use x509_parser::{parse_x509_certificate, parse_x509_crl};

use super::{Loaded, TlsError, TlsFiles, TlsVersion, asking::Asking, expiry::Expiry, trust::Trust};

/// Longest file that is read; a list with a hundred thousand serial numbers takes about 4 MB.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// Reads the files and checks that they fit.
pub(super) fn load(files: &TlsFiles) -> Result<Loaded, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let chain: Vec<CertificateDer<'static>> = pem(&files.certificate, "certificate")?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)
        .map_err(|error| unreadable(&files.key, "private key", &error))?;
    let mut expiries = Vec::new();
    let own = chain[0].clone();
    expiries.push(expiry("the server's certificate", &files.certificate, &own)?);
    let versions = match files.oldest {
        TlsVersion::V12 => &VERSIONS[..],
        TlsVersion::V13 => &VERSIONS[..1],
    };
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)?;
    let trust = match &files.client_ca {
        Some(path) => Some(trust(path, files, &own, &provider)?),
        None => None,
    };
    let config = match &trust {
        Some((_, hints, _)) => {
            let algorithms = provider.signature_verification_algorithms;
            let asking = Asking { hints: hints.clone(), algorithms };
            config.with_client_cert_verifier(Arc::new(asking))
        }
        None => config.with_no_client_auth(),
    };
    let mut config = config.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let trust = trust.map(|(trust, _, ends)| {
        expiries.extend(ends);
        trust
    });
    Ok(Loaded { config: Arc::new(config), trust, expiries })
}

type Trusted = (Trust, Vec<rustls::DistinguishedName>, Vec<Expiry>);

fn trust(
    path: &Path,
    files: &TlsFiles,
    own: &CertificateDer<'static>,
    provider: &Arc<CryptoProvider>,
) -> Result<Trusted, TlsError> {
    let authorities: Vec<CertificateDer<'static>> = pem(path, "certificate")?;
    let mut roots = RootCertStore::empty();
    let mut expiries = Vec::new();
    for authority in authorities {
        check_authority(path, &authority, own)?;
        expiries.push(expiry("the CA of clients", path, &authority)?);
        roots.add(authority).map_err(|error| TlsError::content(path, error.to_string()))?;
    }
    let hints = roots.subjects();
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match &files.revoked {
        None => builder,
        Some(path) => {
            let lists: Vec<CertificateRevocationListDer<'static>> = pem(path, "list (X509 CRL)")?;
            for list in &lists {
                expiries.extend(check_list(path, list, &hints)?);
            }
            builder.with_crls(lists).only_check_end_entity_revocation()
        }
    };
    let verifier = builder
        .build()
        .map_err(|error| TlsError::content(path, format!("cannot be used: {error}")))?;
    Ok((Trust { verifier, own: own.clone() }, hints, expiries))
}

/// The server's own certificate is no CA of clients, nor is anybody else's that is none
/// (contract S8): who has the server's key could make himself any client.
fn check_authority(
    path: &Path,
    authority: &CertificateDer<'_>,
    own: &CertificateDer<'_>,
) -> Result<(), TlsError> {
    let wrong = |why: &str| Err(TlsError::content(path, why));
    let (_, parsed) = parse_x509_certificate(authority)
        .map_err(|_| TlsError::content(path, "a certificate cannot be read"))?;
    let (_, server) = parse_x509_certificate(own)
        .map_err(|_| TlsError::content(path, "the server's certificate cannot be read"))?;
    if authority == own || parsed.public_key().raw == server.public_key().raw {
        return wrong(
            "the CA of clients is the server's own certificate, or has its key: whoever holds \
             the server's key could be any client. Make a CA of its own: opencr ca init",
        );
    }
    let is_authority =
        parsed.basic_constraints().ok().flatten().is_some_and(|found| found.value.ca);
    if !is_authority {
        return wrong("a certificate in it is not a CA's (basic constraints, CA: true)");
    }
    Ok(())
}

/// A list of another CA says nothing about our clients.
fn check_list(
    path: &Path,
    list: &CertificateRevocationListDer<'_>,
    authorities: &[rustls::DistinguishedName],
) -> Result<Option<Expiry>, TlsError> {
    let (_, parsed) = parse_x509_crl(list.as_ref())
        .map_err(|_| TlsError::content(path, "a list of revoked certificates cannot be read"))?;
    let issuer = parsed.issuer().as_raw();
    if !authorities.iter().any(|authority| authority.as_ref() == issuer) {
        return Err(TlsError::content(path, "a list is not of the CA of clients"));
    }
    let end = parsed.next_update().and_then(|time| u64::try_from(time.timestamp()).ok());
    let what = format!("the list of revoked certificates ({})", path.display());
    Ok(end.map(|at| Expiry { what, at }))
}

fn expiry(what: &str, path: &Path, certificate: &CertificateDer<'_>) -> Result<Expiry, TlsError> {
    let (_, parsed) = parse_x509_certificate(certificate)
        .map_err(|_| TlsError::content(path, "a certificate cannot be read"))?;
    let at = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    Ok(Expiry { what: format!("{what} ({})", path.display()), at })
}

/// All PEM sections of a kind; at least one.
fn pem<T: PemObject>(path: &Path, kind: &str) -> Result<Vec<T>, TlsError> {
    let bytes = read(path)?;
    let found: Result<Vec<T>, PemError> = T::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unreadable(path, kind, &PemError::NoItemsFound)),
        Err(error) => Err(unreadable(path, kind, &error)),
    }
}

fn unreadable(path: &Path, kind: &str, error: &PemError) -> TlsError {
    match error {
        PemError::NoItemsFound => TlsError::content(path, format!("holds no {kind} in PEM")),
        // Other errors may repeat what a file holds, which may be a key.
        _ => TlsError::content(path, format!("holds a {kind} that is not valid PEM")),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let wrong = |source| TlsError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(wrong)?.len() > FILE_BYTES_MAX {
        return Err(TlsError::content(path, format!("is longer than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read(path).map_err(wrong)
}
