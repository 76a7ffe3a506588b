//! From a CA to a refused certificate, by the commands that operators type.

use std::{
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
    time::Duration,
};

use base64::Engine as _;
use rcgen::{CertificateParams, KeyPair};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::process::{Server, opencr, run};

/// A data folder with a CA, and a client `emr`.
struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn open() -> Self {
        let office = Self { folder: tempfile::tempdir().expect("a folder") };
        office.done(&["ca", "init"]);
        office.done(&["client", "add", "emr", "--name", "The EMR", "--access", "demographics"]);
        office
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).expect("the file is there")
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = opencr();
        command.args(words).arg("--data").arg(self.data()).current_dir(self.folder.path());
        run(&mut command)
    }

    /// Runs a command that succeeds; gives what it prints.
    fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a command that was called wrongly; gives what it says.
    fn refused(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        String::from_utf8(output.stderr).expect("text")
    }

    fn serve(&self) -> Server {
        self.done(&["ca", "server-cert", "127.0.0.1", "localhost"]);
        let path = |name: &str| self.file(name).display().to_string();
        let text = format!(
            "[tls]\ncertificate = '{}'\nkey = '{}'\nclient_ca = '{}'\nrevoked = '{}'\n\
             [callers]\ndevelopment = false\ntrusted_gateways = []\n",
            path("server.pem"),
            path("server.key"),
            path("data/ca/ca.pem"),
            path("data/ca/revoked.pem"),
        );
        std::fs::write(self.file("opencr.toml"), text).expect("the configuration is written");
        Server::start_with(&self.data(), &["--config", &path("opencr.toml")])
    }

    /// A client that keeps its connection open, with the certificate in `<name>.pem`.
    fn caller(&self, certificate: Option<(&str, &str)>) -> ureq::Agent {
        let ca = Certificate::from_pem(&self.read("data/ca/ca.pem")).expect("a certificate");
        let own = certificate.map(|(pem, key)| {
            let chain = Certificate::from_pem(&self.read(pem)).expect("a certificate");
            let key = PrivateKey::from_pem(&self.read(key)).expect("a key");
            ClientCert::new_with_certs(&[chain], key)
        });
        let roots = RootCerts::Specific(Arc::new(vec![ca]));
        let tls = TlsConfig::builder().root_certs(roots).client_cert(own).build();
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .tls_config(tls)
            .build()
            .into()
    }
}

fn ask(agent: &ureq::Agent, server: &Server) -> (u16, String) {
    let url = format!("{}/Patient", server.base());
    let mut answer = agent.get(url).call().expect("an answer");
    let text = answer.body_mut().read_to_string().expect("text");
    (answer.status().as_u16(), text)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("the file is there").permissions().mode() & 0o777
}

#[test]
fn certificate_is_good_until_it_is_revoked() {
    let office = Office::open();
    office.done(&["client", "cert", "issue", "emr"]);
    let server = office.serve();
    assert!(server.base().starts_with("https://"), "{}", server.base());
    assert_eq!(ask(&office.caller(None), &server).0, 401);
    let emr = office.caller(Some(("emr.pem", "emr.key")));
    assert_eq!(ask(&emr, &server).0, 200);
    office.done(&["client", "disable", "emr"]);
    let (status, text) = ask(&emr, &server);
    assert!(status == 403 && text.contains("disabled"), "{status} {text}");
    office.done(&["client", "enable", "emr"]);
    assert_eq!(ask(&emr, &server).0, 200);
    office.done(&["client", "add", "lab"]);
    office.done(&["client", "cert", "issue", "lab"]);
    let lab = office.caller(Some(("lab.pem", "lab.key")));
    assert_eq!(ask(&lab, &server).0, 200, "the running server knows the new client");
    office.done(&["client", "cert", "revoke", "emr"]);
    let (status, text) = ask(&emr, &server);
    assert!(status == 403 && text.contains("is revoked"), "{status} {text}");
    assert_eq!(ask(&lab, &server).0, 200);
    assert!(office.done(&["client", "show", "emr"]).contains(": revoked"));
    office.refused(&["client", "cert", "revoke", "emr"]);
    server.signal("HUP");
    assert_eq!(ask(&lab, &server).0, 200, "it reads its files again and goes on");
    server.stop();
}

#[test]
fn renewed_and_requested_certificates_are_good() {
    let office = Office::open();
    let said = office.refused(&["client", "cert", "renew", "emr"]);
    assert!(said.contains("no certificate yet"), "{said}");
    office.done(&["client", "cert", "issue", "emr", "--days", "10"]);
    let listed = office.done(&["client", "list"]);
    assert!(listed.contains("emr\tThe EMR\tdemographics\tenabled\tENDS IN"), "{listed}");
    let said = office.done(&["client", "cert", "renew", "emr", "--out", "next"]);
    let (_, serial) = said.split_once("--serial ").expect("it names the old one");
    let key = KeyPair::generate().expect("a key");
    let request = CertificateParams::default().serialize_request(&key).expect("a request");
    std::fs::write(office.file("emr.csr"), request.pem().expect("PEM")).expect("it is written");
    std::fs::write(office.file("asked.key"), key.serialize_pem()).expect("it is written");
    office.done(&["client", "cert", "sign-csr", "emr", "emr.csr", "--out", "asked"]);
    let server = office.serve();
    office.done(&["client", "cert", "revoke", "emr", "--serial", serial.trim()]);
    for (pem, key, expected) in [
        ("emr.pem", "emr.key", 403),
        ("next/emr.pem", "next/emr.key", 200),
        ("asked/emr.pem", "asked.key", 200),
    ] {
        assert_eq!(ask(&office.caller(Some((pem, key))), &server).0, expected, "{pem}");
    }
    server.stop();
}

#[test]
fn forged_and_weak_requests_are_refused() {
    let office = Office::open();
    let key = KeyPair::generate().expect("a key");
    let request = CertificateParams::default().serialize_request(&key).expect("a request");
    let mut der = request.der().to_vec();
    let last = der.len() - 1;
    der[last] ^= 1;
    let pem = request_pem(&der);
    std::fs::write(office.file("forged.csr"), pem).expect("it is written");
    let said = office.refused(&["client", "cert", "sign-csr", "emr", "forged.csr"]);
    assert!(said.contains("signature"), "{said}");
    let weak = [include_str!("rsa2048.csr"), include_str!("p224.csr")];
    for request in weak {
        std::fs::write(office.file("weak.csr"), request).expect("it is written");
        let said = office.refused(&["client", "cert", "sign-csr", "emr", "weak.csr"]);
        assert!(said.contains("too weak"), "{said}");
    }
    std::fs::write(office.file("no.csr"), "x").expect("it is written");
    let said = office.refused(&["client", "cert", "sign-csr", "emr", "no.csr"]);
    assert!(said.contains("not PEM"), "{said}");
}

fn request_pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n")
}

#[test]
fn keys_are_their_owners_and_nothing_is_overwritten() {
    let office = Office::open();
    std::fs::write(office.file("password"), "a long password\n").expect("it is written");
    std::fs::write(office.file("short"), "short\n").expect("it is written");
    let issue = ["client", "cert", "issue", "emr", "--p12-password-file"];
    let said = office.refused(&[&issue[..], &["short"]].concat());
    assert!(said.contains("12 characters"), "{said}");
    office.done(&[&issue[..], &["password"]].concat());
    office.done(&[&issue[..], &["password", "--p12-for-old-clients", "--out", "old"]].concat());
    for name in ["emr.p12", "old/emr.p12"] {
        let bytes = office.read(name);
        let policy = p12_keystore::Pkcs12ImportPolicy::Strict;
        let store = p12_keystore::KeyStore::from_pkcs12(&bytes, "a long password", policy);
        let store = store.expect("the password opens it");
        let (_, chain) = store.private_key_chain().expect("a key");
        assert_eq!(chain.certs().len(), 2, "with the CA's certificate");
    }
    #[cfg(unix)]
    for name in ["emr.key", "emr.p12", "data/ca/ca.key", "data/clients.toml"] {
        assert_eq!(mode(&office.file(name)), 0o600, "{name}");
    }
    for words in [&["ca", "init"][..], &issue[..4]] {
        let said = office.refused(words);
        assert!(said.contains("nothing is overwritten"), "{said}");
    }
    let said = office.refused(&["client", "add", "emr"]);
    assert!(said.contains("already"), "{said}");
    for (words, expected) in [
        (&["client", "add", "../x"][..], "cannot be an id"),
        (&["client", "show", "nobody"], "no client nobody"),
        (&["client", "cert", "issue", "nobody"], "no client nobody"),
        (&["client", "cert", "issue", "emr", "--days", "3650", "--out", "x"], "fewer --days"),
    ] {
        let said = office.refused(words);
        assert!(said.contains(expected), "{said}");
    }
}
