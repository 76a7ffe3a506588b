//! The audit log of the real binary: taken down, checked, exported.

use serde_json::Value;

use crate::{
    commands::{check, opencr},
    process::{Client, Server},
};

#[test]
fn audit_log_is_checked_and_exported_and_the_export_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let client = Client::new(&server, "openmrs");
    assert_eq!(client.get("/Patient?family=Okello").unwrap().status, 200);
    server.stop();

    let told = check(folder.path(), &["audit", "verify", "--data", "data"]);
    assert!(told.contains("2 entries, 1 to 2"), "{told}");
    let first = check(folder.path(), &["audit", "export", "--data", "data"]);
    let events: Vec<Value> =
        first.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().all(|event| event["resourceType"] == "AuditEvent"));
    assert_eq!(events[0]["type"]["code"], "110129", "the start and its configuration");
    assert_eq!(events[1]["subtype"][0]["code"], "search");
    assert!(!first.contains("Okello"));
    let second = check(folder.path(), &["audit", "export", "--after", "2", "--data", "data"]);
    assert_eq!(second.lines().count(), 1);
    assert!(second.contains("opencr audit export"), "{second}");
    let missing = opencr(folder.path(), &["audit", "verify", "--data", "elsewhere"]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn two_nodes_that_read_at_once_write_one_unbroken_chain() {
    const READERS: usize = 4;
    const READS: usize = 25;
    let folder = tempfile::tempdir().unwrap();
    let url = testkit::postgres::url();
    let more = ["--store", url.as_str()];
    let nodes = ["one", "two"].map(|name| Server::start_with(&folder.path().join(name), &more));
    std::thread::scope(|scope| {
        for node in &nodes {
            for reader in 0..READERS {
                scope.spawn(move || {
                    let client = Client::new(node, "openmrs");
                    for read in 0..READS {
                        let path = format!("/Patient?family=Okello{reader}x{read}");
                        assert_eq!(client.get(&path).unwrap().status, 200);
                    }
                });
            }
        }
    });
    nodes.into_iter().for_each(Server::stop);

    let told = check(folder.path(), &["audit", "verify", "--store", &url]);
    // Each search, and the start of each node.
    let entries = 2 * READERS * READS + 2;
    assert!(told.contains(&format!("{entries} entries, 1 to {entries}")), "{told}");
    let all = check(folder.path(), &["audit", "export", "--store", &url]);
    let searches = all.lines().filter(|line| line.contains(r#""code":"search""#)).count();
    assert_eq!(searches, 2 * READERS * READS);
}
