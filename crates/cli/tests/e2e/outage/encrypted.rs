//! The line to a database that takes encrypted connections only: whom the registry trusts, and how it
//! proves who it is.

use std::path::Path;

use super::cluster::Cluster;
use crate::process::{opencr, run};

/// Runs `opencr` on the folder, which has to succeed.
fn done(folder: &Path, words: &[&str]) {
    let mut command = opencr();
    let output = run(command.args(words).arg("--data").arg(folder).current_dir(folder));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What `opencr store migrate` says, if it fails.
fn reached(place: &str, query: &str) -> Result<(), String> {
    let url = format!("postgres://{place}/postgres?{query}");
    let output = run(opencr().args(["store", "migrate", "--store", &url]));
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn database_is_trusted_by_its_certificate_and_trusts_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, others) = (folder.path().join("ours"), folder.path().join("others"));
    for place in [&ours, &others] {
        std::fs::create_dir(place).expect("made");
        done(place, &["ca", "init"]);
    }
    done(&ours, &["ca", "server-cert", "localhost"]);
    done(&ours, &["client", "add", "registry"]);
    done(&ours, &["client", "cert", "issue", "registry"]);
    let cluster = Cluster::encrypted(&ours);
    let port = cluster.port();
    let (named, by_number) = (format!("anna@localhost:{port}"), format!("anna@127.0.0.1:{port}"));
    let file = |folder: &Path, name: &str| folder.join(name).display().to_string();
    let ca = file(&ours, "ca/ca.pem");
    let trusting = format!("sslrootcert={ca}");
    let deceived = format!("sslrootcert={}", file(&others, "ca/ca.pem"));

    assert_eq!(reached(&named, &trusting), Ok(()));
    assert_eq!(reached(&by_number, &format!("sslmode=verify-ca&{trusting}")), Ok(()));
    assert_eq!(reached(&by_number, "sslmode=require"), Ok(()));
    for (place, query, why) in [
        (&by_number, format!("sslmode=verify-full&{trusting}"), "not valid for"),
        (&named, deceived.clone(), "invalid peer certificate"),
        (&named, format!("sslmode=verify-ca&{deceived}"), "invalid peer certificate"),
        (&named, "sslmode=disable".to_owned(), "no encryption"),
    ] {
        let told = reached(place, &query).expect_err(why);
        assert!(told.contains(why), "{query}: {told}");
    }

    let certified = format!("certified@localhost:{port}");
    let told = reached(&certified, &trusting).expect_err("a certificate is asked for");
    assert!(told.contains("certificate"), "{told}");
    let (pem, key) = (file(&ours, "registry.pem"), file(&ours, "registry.key"));
    assert_eq!(reached(&certified, &format!("{trusting}&sslcert={pem}&sslkey={key}")), Ok(()));
}
