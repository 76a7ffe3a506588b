//! The database is killed, fails over, is cut off, falls silent, gets slow.

use std::{path::Path, time::Duration};

use serde_json::json;

use super::{
    cluster::Cluster,
    crowd::Crowd,
    line::{Line, Mode},
};
use crate::{
    kill::scramble,
    process::{Client, Server, opencr, run},
};

/// What the registry waits for by itself in these tests: a statement, a lock, a connection.
const WAITS: &str = "sslmode=disable&statement_timeout=3&lock_timeout=2&connect_timeout=2";
/// One statement and two connections, and what waited in the queue before it.
const BOUND: Duration = Duration::from_secs(30);
/// Until it goes on by itself.
const RECOVERY: Duration = Duration::from_secs(30);

fn url(hosts: &str) -> String {
    format!("postgres://postgres@{hosts}/postgres?{WAITS}")
}

fn host(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn node(folder: &Path, name: &str, url: &str) -> Server {
    Server::start_with(&folder.join(name), &["--store", url])
}

/// Everything promised is there, and the registry finds nothing wrong with itself; tells what
/// there was.
fn check(crowd: &Crowd, server: Server, url: &str, what: &str) -> String {
    let kept = crowd.check(server.base());
    server.stop();
    let output = run(opencr().args(["verify", "--decisions", "--store", url]));
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&told));
    format!("{what}: {}; {kept} checked", crowd.told())
}

#[test]
fn database_killed_and_started_again_under_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = Cluster::primary(false);
    let url = url(&host(cluster.port()));
    let server = node(folder.path(), "node", &url);
    let crowd = Crowd::new(BOUND);
    crowd.work(8, &[server.base()], || {
        for _ in 0..3 {
            crowd.await_more(50, RECOVERY);
            cluster.kill();
            crowd.await_count(503, 8, RECOVERY);
            cluster.start();
        }
        crowd.await_more(50, RECOVERY);
    });
    println!("{}", check(&crowd, server, &url, "database killed 3 times"));
}

#[test]
fn failover_to_a_streaming_standby_under_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let primary = Cluster::primary(true);
    let standby = primary.standby();
    let url = url(&format!("{},{}", host(primary.port()), host(standby.port())));
    let server = node(folder.path(), "node", &url);
    let crowd = Crowd::new(BOUND);
    crowd.work(8, &[server.base()], || {
        crowd.await_more(100, RECOVERY);
        primary.kill();
        crowd.await_count(503, 8, RECOVERY);
        standby.promote();
        crowd.await_more(100, RECOVERY);
    });
    println!("{}", check(&crowd, server, &url, "failover to a standby"));
}

#[test]
fn line_to_the_database_cut_at_random_moments() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = Cluster::primary(false);
    let line = Line::to(cluster.port());
    let url = url(&host(line.port()));
    let server = node(folder.path(), "node", &url);
    let crowd = Crowd::new(BOUND);
    crowd.work(8, &[server.base()], || {
        for moment in 0..30 {
            crowd.await_more(1, RECOVERY);
            std::thread::park_timeout(Duration::from_millis(scramble(moment) % 200));
            line.cut();
        }
        crowd.await_more(20, RECOVERY);
    });
    println!("{}", check(&crowd, server, &url, "line cut 30 times"));
}

/// A node that is cut off neither keeps the others from working, nor does what it had under way
/// harm anybody when it arrives late.
#[test]
fn one_of_two_nodes_loses_the_database_and_finds_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = Cluster::primary(false);
    let line = Line::to(cluster.port());
    let (direct, far) = (url(&host(cluster.port())), url(&host(line.port())));
    let here = node(folder.path(), "here", &direct);
    let there = node(folder.path(), "there", &far);
    let crowd = Crowd::new(BOUND);
    crowd.work(8, &[here.base(), there.base()], || {
        for _ in 0..2 {
            crowd.await_more(50, RECOVERY);
            line.set(Mode::Silent);
            crowd.await_count(503, 8, RECOVERY);
            // The other node goes on, although the first may have gone with the head in its hands.
            crowd.await_more(20, RECOVERY);
            line.set(Mode::Open);
        }
        crowd.await_more(50, RECOVERY);
    });
    there.stop();
    println!("{}", check(&crowd, here, &direct, "one of two nodes cut off twice"));
}

#[test]
fn database_that_takes_half_a_second_for_each_statement() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = Cluster::primary(false);
    let line = Line::to(cluster.port());
    let url = url(&host(line.port()));
    let server = node(folder.path(), "node", &url);
    let crowd = Crowd::new(BOUND);
    crowd.work(8, &[server.base()], || {
        crowd.await_more(50, RECOVERY);
        line.set(Mode::Slow(Duration::from_millis(500)));
        std::thread::park_timeout(Duration::from_secs(10));
        line.set(Mode::Open);
        crowd.await_more(50, RECOVERY);
    });
    println!("{}", check(&crowd, server, &url, "database slow by 500 ms a message"));
}

/// Point-in-time recovery with PostgreSQL's own means: a base backup and the archive of its log
/// give the registry as it was at a moment, sound, and it goes on from there.
#[test]
fn recovery_to_a_moment_before_a_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = Cluster::archiving();
    let server = node(folder.path(), "node", &url(&host(cluster.port())));
    let before = Crowd::new(BOUND);
    before.work(4, &[server.base()], || before.await_more(50, RECOVERY));
    let base = cluster.base_backup();
    before.work(4, &[server.base()], || before.await_more(50, RECOVERY));
    let moment = cluster.now();
    let mistake = json!({
        "resourceType": "Patient",
        "identifier": [{ "system": "http://clientregistry.org/openmrs", "value": "mistake" }],
    });
    let answer = Client::new(&server, "openmrs").post("/Patient", &mistake).expect("it answers");
    assert_eq!(answer.status, 201, "{}", answer.body);
    server.stop();
    cluster.archive_all();
    let recovered = cluster.recover(base, &moment);
    let url = url(&host(recovered.port()));
    let server = node(folder.path(), "recovered", &url);
    let client = Client::new(&server, "openmrs");
    let total = |path| client.get(path).expect("it answers").body["total"].as_u64();
    assert_eq!(total("/Patient?identifier=mistake&_summary=count"), Some(0));
    assert!(total("/Patient?_summary=count").is_some_and(|total| total > 0));
    before.work(4, &[server.base()], || before.await_more(20, RECOVERY));
    println!("{}", check(&before, server, &url, "recovered to a moment"));
}
