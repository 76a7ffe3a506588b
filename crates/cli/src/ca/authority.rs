//! [`Authority`]: the CA of clients, a key in a folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, PublicKeyData, RevokedCertParams, SerialNumber,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    files,
    issued::{self, Issued, Purpose, WARN_DAYS},
};
use crate::usage;

/// Clocks differ; a certificate made here is good there at once.
const CLOCKS_DIFFER: Duration = Duration::hours(1);

/// The CA in a folder.
pub(crate) struct Authority {
    folder: PathBuf,
    pem: String,
    not_after: OffsetDateTime,
}

/// What is signed.
pub(crate) struct Order<'a> {
    pub(crate) name: &'a str,
    pub(crate) purpose: Purpose,
    /// Names and addresses of a server.
    pub(crate) hosts: &'a [String],
    pub(crate) days: i64,
}

impl Authority {
    /// Makes a CA in `folder`, where none is yet.
    pub(crate) fn init(folder: &Path, name: &str, days: i64) -> anyhow::Result<Self> {
        files::make_folder(folder)?;
        let paths = ["ca.pem", "ca.key", "revoked.pem", "issued.toml"].map(|it| folder.join(it));
        paths.iter().try_for_each(|path| files::check_free(path))?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
        let mut params = params(name, days)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key)?.pem();
        files::write_secret(&folder.join("ca.key"), key.serialize_pem().as_bytes())?;
        files::write_public(&folder.join("ca.pem"), pem.as_bytes())?;
        let authority = Self { folder: folder.to_owned(), pem, not_after: params.not_after };
        authority.keep(Vec::new())?;
        Ok(authority)
    }

    /// The CA that is in `folder`.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("ca.pem");
        let pem = std::fs::read_to_string(&path).map_err(|error| {
            usage(format!(
                "there is no CA in {} ({error}): make one with `opencr ca init`",
                folder.display()
            ))
        })?;
        let wrong = || format!("{} is no certificate", path.display());
        let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).with_context(wrong)?;
        let parsed = block.parse_x509().with_context(wrong)?;
        let not_after = parsed.validity().not_after.to_datetime();
        Ok(Self { folder: folder.to_owned(), pem, not_after })
    }

    /// Its certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// All that it signed, the oldest first.
    pub(crate) fn issued(&self) -> anyhow::Result<Vec<Issued>> {
        issued::read(&self.file("issued.toml"))
    }

    /// Signs a certificate for a key, and remembers it.
    pub(crate) fn sign(
        &self,
        order: &Order<'_>,
        key: &impl PublicKeyData,
    ) -> anyhow::Result<Certificate> {
        let _lock = files::lock(&self.file("lock"))?;
        let mut params = params(order.name, order.days)?;
        if params.not_after > self.not_after {
            return Err(usage(format!(
                "the CA itself ends on {}: take fewer --days, or make another CA",
                self.not_after.date()
            )));
        }
        let serial = serial();
        params.subject_alt_names = CertificateParams::new(order.hosts)?.subject_alt_names;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![match order.purpose {
            Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
            Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        let certificate = params.signed_by(key, &self.issuer()?)?;
        let mut all = self.issued()?;
        all.push(Issued {
            serial: hex(&serial),
            name: order.name.to_owned(),
            purpose: order.purpose,
            not_after: params.not_after.unix_timestamp(),
            revoked_at: None,
        });
        // Remembered before anybody has it: what is not remembered cannot be revoked.
        issued::write(&self.file("issued.toml"), all)?;
        Ok(certificate)
    }

    /// Takes back the certificates that `is_meant`; gives their serial numbers.
    pub(crate) fn revoke(&self, is_meant: impl Fn(&Issued) -> bool) -> anyhow::Result<Vec<String>> {
        let _lock = files::lock(&self.file("lock"))?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let mut all = self.issued()?;
        let mut serials = Vec::new();
        for one in all.iter_mut().filter(|one| one.revoked_at.is_none()) {
            if is_meant(one) {
                one.revoked_at = Some(now);
                serials.push(one.serial.clone());
            }
        }
        self.keep(all)?;
        Ok(serials)
    }

    /// Tells the log which certificates of clients end soon.
    pub(crate) fn warn_of_expiry(&self) {
        let now = OffsetDateTime::now_utc();
        let all = match self.issued() {
            Ok(all) => all,
            Err(error) => return tracing::warn!("{error:#}"),
        };
        for one in all.iter().filter(|one| one.is_good(now) && one.days_left(now) < WARN_DAYS) {
            let has_later = all.iter().any(|other| {
                other.name == one.name && other.is_good(now) && other.not_after > one.not_after
            });
            if !has_later {
                let days = one.days_left(now);
                tracing::warn!(name = one.name, serial = one.serial, days, "certificate ends soon");
            }
        }
    }

    /// Writes what was signed, and the list of what was taken back.
    fn keep(&self, all: Vec<Issued>) -> anyhow::Result<()> {
        let now = OffsetDateTime::now_utc();
        let revoked = all.iter().filter_map(|one| {
            let at = OffsetDateTime::from_unix_timestamp(one.revoked_at?).ok()?;
            Some(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&bytes(&one.serial)?),
                revocation_time: at,
                reason_code: None,
                invalidity_date: None,
            })
        });
        let number = u64::try_from(now.unix_timestamp()).unwrap_or(0).to_be_bytes();
        let list = CertificateRevocationListParams {
            this_update: now - CLOCKS_DIFFER,
            // Each revocation writes another; the server reads this file and no other source.
            next_update: self.not_after,
            crl_number: SerialNumber::from_slice(&number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer()?)?.pem()?;
        issued::write(&self.file("issued.toml"), all)?;
        files::replace(&self.file("revoked.pem"), list.as_bytes())
    }

    fn issuer(&self) -> anyhow::Result<Issuer<'static, KeyPair>> {
        let path = self.file("ca.key");
        let pem = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the CA's key {}", path.display()))?;
        // Errors of the parser could repeat what the file holds.
        let key = KeyPair::from_pem(&pem)
            .map_err(|_| anyhow::anyhow!("{} is no private key in PEM", path.display()))?;
        Ok(Issuer::from_ca_cert_pem(&self.pem, key)?)
    }
}

fn params(name: &str, days: i64) -> anyhow::Result<CertificateParams> {
    let now = OffsetDateTime::now_utc();
    let end = now.checked_add(Duration::days(days)).context("--days is too large")?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    let mut params = CertificateParams::default();
    params.not_before = now - CLOCKS_DIFFER;
    params.not_after = end;
    params.distinguished_name = subject;
    Ok(params)
}

/// 16 bytes by chance, positive and without a leading zero (RFC 5280 section 4.1.2.2).
fn serial() -> [u8; 16] {
    let mut serial = Uuid::new_v4().into_bytes();
    serial[0] = serial[0] & 0x3f | 0x40;
    serial
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
