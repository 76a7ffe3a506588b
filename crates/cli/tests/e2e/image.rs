//! The index image over restarts of the real process, as its log tells.

use std::path::Path;

use crate::{
    process::{Client, Server, verify},
    steps::amina,
};

/// Serves until one patient was submitted; gives its CRUID and the log.
fn live(data: &Path, number: &str) -> (String, String) {
    let server = Server::start_logging(data);
    let client = Client::new(&server, "openmrs");
    let answer = client.post("/Patient", &amina("openmrs", number, "Amina")).expect("answered");
    assert_eq!(answer.status, 201);
    (answer.cruid.expect("a CRUID"), server.stop_and_read_log())
}

#[test]
fn a_restart_loads_the_index_image_and_discards_a_damaged_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, log) = live(folder.path(), "1");
    assert!(log.contains("wrote the index image"), "{log}");
    assert!(!log.contains("loaded the match index"), "{log}");

    let (second, log) = live(folder.path(), "2");
    assert!(log.contains("loaded the match index from its image"), "{log}");
    assert_eq!(second, first);

    let image = folder.path().join("opencr.sqlite.index");
    let mut bytes = std::fs::read(&image).expect("an image");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&image, bytes).expect("written");
    let (third, log) = live(folder.path(), "3");
    assert!(log.contains("discarded the index image"), "{log}");
    assert_eq!(third, first);
    for value in ["Okello", "okello", "Amina", "amina", "CF90123456ABCD", "1990-02-14"] {
        assert!(!log.contains(value), "{log}");
    }

    let (fourth, log) = live(folder.path(), "4");
    assert!(log.contains("loaded the match index from its image"), "{log}");
    assert_eq!(fourth, first);
    verify(folder.path()).expect("the store is sound");
}
