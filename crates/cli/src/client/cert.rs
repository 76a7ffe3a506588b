//! `opencr client cert`: certificates that name a client.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use rcgen::{Certificate, KeyPair, SubjectPublicKeyInfo};
use time::OffsetDateTime;
use x509_parser::{
    certification_request::X509CertificationRequest, prelude::FromDer as _, public_key::PublicKey,
};

use super::find;
use crate::{
    ca::{Authority, Order, Place, Purpose, bundle, files},
    usage,
};

/// Smallest RSA key that is as strong as P-256 (NIST SP 800-57, part 1, table 2).
const RSA_BITS_MIN: usize = 3072;

/// Smallest key on an elliptic curve.
const CURVE_BITS_MIN: usize = 256;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key and a certificate.
    Issue(New),
    /// Sign a request that the client made, so that its key stays where it is.
    SignCsr(SignCsr),
    /// Make another key and certificate; the old ones stay good until they end or are revoked.
    Renew(New),
    /// Take certificates back: a running server refuses them from the next request on.
    Revoke(Revoke),
}

#[derive(Args)]
struct New {
    /// The client's id.
    id: String,
    /// The folder that <id>.pem and <id>.key are written to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Write <id>.p12 (PKCS#12) too, under the password in this file's first line.
    #[arg(long = "p12-password-file", value_name = "FILE")]
    password: Option<PathBuf>,
    /// Encrypt the PKCS#12 file so weakly that Java before 8u301 and Windows before 2019 read it.
    #[arg(long, requires = "password")]
    p12_for_old_clients: bool,
    #[command(flatten)]
    validity: Validity,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct SignCsr {
    /// The client's id; the request's own names are not taken over.
    id: String,
    /// The request (PKCS#10), in PEM.
    request: PathBuf,
    /// The folder that <id>.pem is written to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    validity: Validity,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Revoke {
    /// The client's id.
    id: String,
    /// Only the certificate with this serial number, as `opencr client show` has it.
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Validity {
    /// How many days the certificate is good.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
}

/// Does what was asked for.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Issue(arguments) => issue(arguments),
        Command::SignCsr(arguments) => sign_csr(arguments),
        Command::Renew(arguments) => renew(arguments),
        Command::Revoke(arguments) => revoke(arguments),
    }
}

/// The CA, once it is known that there is such a client.
fn authority(place: &Place, id: &str) -> anyhow::Result<Authority> {
    let config = place.config()?;
    let client = find(&config, id)?;
    if !crate::clients_file::is_id(&client.id) {
        return Err(usage(format!("{id:?} cannot be the name of a certificate and of a file")));
    }
    Authority::open(&place.folder(&config))
}

fn order(id: &str, days: i64) -> Order<'_> {
    Order { name: id, purpose: Purpose::Client, hosts: &[], days }
}

fn issue(arguments: &New) -> anyhow::Result<()> {
    let authority = authority(&arguments.place, &arguments.id)?;
    make(arguments, &authority)
}

fn renew(arguments: &New) -> anyhow::Result<()> {
    let id = &arguments.id;
    let authority = authority(&arguments.place, id)?;
    let now = OffsetDateTime::now_utc();
    let all = authority.issued()?;
    let has_one = all.iter().any(|one| one.name == *id && one.purpose == Purpose::Client);
    if !has_one {
        return Err(usage(format!("{id} has no certificate yet: opencr client cert issue {id}")));
    }
    make(arguments, &authority)?;
    for old in all.iter().filter(|one| one.name == *id && one.is_good(now)) {
        let serial = &old.serial;
        println!("Once the new one is in use: opencr client cert revoke {id} --serial {serial}");
    }
    Ok(())
}

fn make(arguments: &New, authority: &Authority) -> anyhow::Result<()> {
    let New { id, out, password, .. } = arguments;
    let password = password.as_deref().map(bundle::password).transpose()?;
    files::make_folder(out)?;
    let [pem, key_file, p12] = ["pem", "key", "p12"].map(|kind| out.join(format!("{id}.{kind}")));
    files::check_free(&pem)?;
    files::check_free(&key_file)?;
    if password.is_some() {
        files::check_free(&p12)?;
    }
    let key = KeyPair::generate()?;
    let certificate = authority.sign(&order(id, arguments.validity.days), &key)?;
    files::write_secret(&key_file, key.serialize_pem().as_bytes())?;
    write(&pem, &certificate)?;
    println!("The client needs {}, {} and {}", pem.display(), key_file.display(), ca(authority));
    if let Some(password) = password {
        let (_, own) = x509_parser::pem::parse_x509_pem(authority.pem().as_bytes())?;
        let chain = [&certificate.der()[..], &own.contents[..]];
        let how = (password.as_str(), arguments.p12_for_old_clients);
        let bytes = bundle::encode(id, &key.serialize_der(), &chain, how)?;
        files::write_secret(&p12, &bytes)?;
        println!("or {} alone.", p12.display());
    }
    Ok(())
}

fn write(path: &Path, certificate: &Certificate) -> anyhow::Result<()> {
    files::write_public(path, certificate.pem().as_bytes())
}

fn ca(authority: &Authority) -> String {
    authority.file("ca.pem").display().to_string()
}

fn sign_csr(arguments: &SignCsr) -> anyhow::Result<()> {
    let SignCsr { id, request, out, .. } = arguments;
    let authority = authority(&arguments.place, id)?;
    let text = std::fs::read(request)
        .with_context(|| format!("cannot read the request {}", request.display()))?;
    let key = requested_key(&text)
        .map_err(|why| usage(format!("{} is refused: {why}", request.display())))?;
    files::make_folder(out)?;
    let pem = out.join(format!("{id}.pem"));
    files::check_free(&pem)?;
    write(&pem, &authority.sign(&order(id, arguments.validity.days), &key)?)?;
    println!("The client needs {} and {}", pem.display(), ca(&authority));
    Ok(())
}

/// The key of a request, if its holder signed it and it is strong enough.
fn requested_key(text: &[u8]) -> Result<SubjectPublicKeyInfo, String> {
    let (_, block) =
        x509_parser::pem::parse_x509_pem(text).map_err(|_| "it is not PEM".to_owned())?;
    let (_, request) = X509CertificationRequest::from_der(&block.contents)
        .map_err(|_| "it is no certificate request (PKCS#10)".to_owned())?;
    let info = &request.certification_request_info.subject_pki;
    let is_strong = match info.parsed() {
        Ok(PublicKey::RSA(key)) => key.key_size() >= RSA_BITS_MIN,
        Ok(PublicKey::EC(point)) => point.key_size() >= CURVE_BITS_MIN,
        // Ed25519, or what its signature cannot be checked with below.
        Ok(_) => true,
        Err(_) => false,
    };
    if !is_strong {
        return Err(format!(
            "its key is too weak: at least P-256, Ed25519 or RSA with {RSA_BITS_MIN} bits"
        ));
    }
    let unsigned = "its signature is not its key's, or of a kind that is not known here";
    request.verify_signature().map_err(|_| unsigned.to_owned())?;
    SubjectPublicKeyInfo::from_der(info.raw)
        .map_err(|_| "its key is of a kind that is not signed here".to_owned())
}

fn revoke(arguments: &Revoke) -> anyhow::Result<()> {
    let Revoke { id, serial, place } = arguments;
    // A client may be gone while its certificates are not.
    let authority = Authority::open(&place.folder(&place.config()?))?;
    let revoked = authority.revoke(|one| {
        let is_meant = serial.as_ref().is_none_or(|serial| one.serial.eq_ignore_ascii_case(serial));
        one.purpose == Purpose::Client && one.name == *id && is_meant
    })?;
    if revoked.is_empty() {
        return Err(usage(format!("{id} has no such certificate that is not revoked already")));
    }
    for serial in revoked {
        println!("Revoked {serial}.");
    }
    Ok(())
}
