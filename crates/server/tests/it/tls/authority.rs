//! A CA of the tests' own, and the certificates that clients show.

use std::{path::Path, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use time::{Duration, OffsetDateTime};

/// A CA that signs what it is asked to.
pub(crate) struct Authority {
    pub(crate) pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) pem: String,
    pub(crate) key_pem: String,
    pub(crate) serial: u8,
    der: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer }
    }

    /// A CA that has the certificate's name and key: what a server's own certificate as CA is.
    pub(crate) fn of(identity: &Identity, name: &str) -> Self {
        let key = KeyPair::from_pem(&identity.key_pem).unwrap();
        let issuer = Issuer::new(params(name), key);
        Self { pem: identity.pem.clone(), der: identity.der.clone(), issuer }
    }

    pub(crate) fn client(&self, name: &str, serial: u8) -> Identity {
        self.sign(params(name), ExtendedKeyUsagePurpose::ClientAuth, serial)
    }

    pub(crate) fn client_with(
        &self,
        serial: u8,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params = params("openmrs");
        change(&mut params);
        self.sign(params, ExtendedKeyUsagePurpose::ClientAuth, serial)
    }

    pub(crate) fn server(&self, serial: u8) -> Identity {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut server = params("localhost");
        server.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
        self.sign(server, ExtendedKeyUsagePurpose::ServerAuth, serial)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        purpose: ExtendedKeyUsagePurpose,
        serial: u8,
    ) -> Identity {
        let key = KeyPair::generate().unwrap();
        params.serial_number = Some(SerialNumber::from_slice(&[serial]));
        params.extended_key_usages = vec![purpose];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        identity(&certificate, &key, serial)
    }

    /// The list of revoked certificates, as PEM.
    pub(crate) fn revoke(&self, serials: &[u8]) -> String {
        let now = OffsetDateTime::now_utc();
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[*serial]),
            revocation_time: now,
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: now - Duration::hours(1),
            next_update: now + Duration::days(30),
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// What a client believes of servers and shows them.
    pub(crate) fn client_config(&self, identity: Option<&Identity>) -> Arc<ClientConfig> {
        self.client_speaking(identity, rustls::DEFAULT_VERSIONS)
    }

    pub(crate) fn client_speaking(
        &self,
        identity: Option<&Identity>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        Arc::new(match identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::Pkcs8(identity.key.clone_key());
                config.with_client_auth_cert(vec![identity.der.clone()], key).unwrap()
            }
        })
    }
}

/// A certificate that nobody but its holder signed.
pub(crate) fn self_signed(name: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = params(name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.self_signed(&key).unwrap();
    identity(&certificate, &key, 1)
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn identity(certificate: &rcgen::Certificate, key: &KeyPair, serial: u8) -> Identity {
    Identity {
        pem: certificate.pem(),
        key_pem: key.serialize_pem(),
        serial,
        der: certificate.der().clone(),
        key: PrivatePkcs8KeyDer::from(key.serialize_der()),
    }
}

fn params(name: &str) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    let mut params = CertificateParams::default();
    params.not_before = now - Duration::days(2);
    params.not_after = now + Duration::days(10);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}
