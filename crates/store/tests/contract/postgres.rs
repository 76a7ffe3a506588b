//! What only a database beside the process can do: be shared, be opened again, be of another
//! release, refuse a role, go away.

use std::time::{Duration, Instant};

use registry::{ids::Revision, search::Param};
use store::{Accounts, PostgresStore, Reader, Store, StoreError, open};
use testkit::postgres::{cluster, schema};
use tokio_postgres::{Client, NoTls};

use crate::{
    commits::life,
    scribe::{Scribe, content, record, source_of, text},
    view::{ALL, assert_shows, view},
};

/// A schema of the test's own: its URL, and a connection of its owner's that is in it.
async fn place() -> (String, Client) {
    let schema = schema();
    let url = format!("{}&schema={schema}", cluster());
    let client = connect(cluster()).await;
    client.batch_execute(&format!("SET search_path = {schema}")).await.unwrap();
    (url, client)
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn reopened_store_shows_the_same() {
    let (url, _client) = place().await;
    assert!(!store::is_there(&url).await.unwrap());
    let store = PostgresStore::open(&url).await.unwrap();
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    let before = view(&store, &scribe).await;
    assert!(store::is_there(&url).await.unwrap());
    store.close().await;
    let error = store.head().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");

    let store = PostgresStore::open(&url).await.unwrap();
    assert_eq!(view(&store, &scribe).await, before);
    scribe.submit("r9", "g9", content("nine", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    assert_shows(&store, &scribe).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_open_a_new_schema_at_once_all_find_it_made() {
    let (url, _client) = place().await;
    let openings: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { PostgresStore::open(&url).await.unwrap() })
        })
        .collect();
    for opening in openings {
        assert_eq!(opening.await.unwrap().head().await.unwrap().revision, Revision(0));
    }
}

#[tokio::test]
async fn release_before_works_beside_what_a_later_one_added() {
    let (url, client) = place().await;
    PostgresStore::open(&url).await.unwrap();
    client.batch_execute("UPDATE schema_version SET migration = 99").await.unwrap();
    PostgresStore::open(&url).await.unwrap();
    client.batch_execute("UPDATE schema_version SET oldest = 99").await.unwrap();
    let error = PostgresStore::open(&url).await.err().unwrap();
    assert!(matches!(error, StoreError::Newer(_)), "{error}");
}

/// The shipped roles, under names of this test's own.
#[tokio::test]
async fn writer_serves_and_cannot_change_tables() {
    let own = schema();
    let script = include_str!("../../../../config/postgresql/roles.sql");
    let mut script = script.replace("opencr_", &format!("{own}_"));
    for (before, after) in [("SCHEMA opencr", "SCHEMA "), ("opencr.", "")] {
        let after = if after.is_empty() { format!("{own}.") } else { format!("{after}{own}") };
        script = script.replace(before, &after);
    }
    let admin = connect(cluster()).await;
    admin.batch_execute(&script).await.unwrap();
    let url = |role: &str| {
        let base = cluster().replace("//postgres@", &format!("//{own}_{role}@"));
        format!("{base}&schema={own}")
    };
    let error = PostgresStore::open(&url("writer")).await.err().unwrap().to_string();
    assert!(error.contains("opencr store migrate"), "{error}");
    PostgresStore::open(&url("owner")).await.unwrap();
    let grants: String = script
        .lines()
        .skip_while(|line| !line.starts_with("-- GRANT"))
        .map(|line| line.trim_start_matches("--"))
        .collect();
    admin.batch_execute(&grants).await.unwrap();

    let store = PostgresStore::open(&url("writer")).await.unwrap();
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    assert_shows(&store, &scribe).await;
    assert!(store.accounts(ALL).await.unwrap().0.is_empty());
    let writer = connect(&cluster().replace("//postgres@", &format!("//{own}_writer@"))).await;
    let denied = writer.batch_execute(&format!("DROP TABLE {own}.patient")).await.unwrap_err();
    assert_eq!(denied.code().unwrap().code(), "42501");

    let reader = connect(&cluster().replace("//postgres@", &format!("//{own}_reader@"))).await;
    let people = format!("SELECT 1 FROM {own}.patient");
    assert!(!reader.simple_query(&people).await.unwrap().is_empty());
    for denied in [format!("DELETE FROM {own}.patient"), format!("SELECT 1 FROM {own}.account")] {
        let error = reader.simple_query(&denied).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{denied}");
    }
}

/// Errors are logged; a log is no place for a person's name or number.
#[tokio::test]
async fn errors_hold_no_values() {
    let (url, client) = place().await;
    let store = PostgresStore::open(&url).await.unwrap();
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    scribe.submit("r2", "g2", content("two", vec![]));
    let mut commit = scribe.commit();
    commit.records[0].source = source_of("r1");
    let error = store.commit(commit).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    let told = format!("{error} {error:?}");
    assert!(told.contains("source_record_identity_key"), "{told}");
    assert!(!told.contains(&*source_of("r1").value), "{told}");

    let damage = "UPDATE source_record SET basis = 'Amina'";
    client.batch_execute(damage).await.unwrap();
    let error = store.records(&[record("r1")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("Amina"));
}

/// An index row holds 2.7 kB at the most.
#[tokio::test]
async fn long_texts_are_kept_and_found() {
    use registry::search::{Filter, StringParam, TextMode};
    let (url, _client) = place().await;
    let store = PostgresStore::open(&url).await.unwrap();
    let mut scribe = Scribe::default();
    let name = |end: &str| format!("{}{end}", "é".repeat(9_000));
    for (id, end) in [("r1", "a"), ("r2", "b")] {
        scribe.submit(id, "g1", content(id, vec![text(Param::Family, &name(end))]));
    }
    store.commit(scribe.commit()).await.unwrap();
    for (mode, wanted, expected) in [
        (TextMode::Exact, name("b"), vec!["r2"]),
        (TextMode::Starts, name("a"), vec!["r1"]),
        (TextMode::Starts, name(""), vec!["r1", "r2"]),
        (TextMode::Contains, "éa".to_owned(), vec!["r1"]),
    ] {
        let filter = Filter::Text { param: StringParam::Family, mode, any: vec![wanted] };
        assert_eq!(store.search(&[filter], &[], ALL).await.unwrap().ids, expected, "{mode:?}");
    }
}

#[tokio::test]
async fn damage_is_told() {
    let (url, client) = place().await;
    let store = PostgresStore::open(&url).await.unwrap();
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    let fault = "SET session_replication_role = replica; DELETE FROM content WHERE number = 0";
    client.batch_execute(fault).await.unwrap();
    let faults = store.check_structure().await.unwrap();
    assert!(faults.iter().any(|fault| fault.contains("content")), "{faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_of_another_node_is_heard_of() {
    let (url, _client) = place().await;
    let [one, other] = [PostgresStore::open(&url).await, PostgresStore::open(&url).await];
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.is_shared());
    let long = Duration::from_secs(60);
    // The first question begins to listen; until then it is a look.
    one.newest_after(Revision(0), Duration::from_millis(1)).await.unwrap();
    let mut scribe = Scribe::default();
    let began = Instant::now();
    for number in 0..20 {
        scribe.submit(&format!("r{number}"), "g1", content("x", vec![]));
        other.commit(scribe.commit()).await.unwrap();
    }
    let seen = Revision(scribe.head.revision.0 - 1);
    let heard = one.newest_after(seen, long);
    scribe.submit("last", "g1", content("x", vec![]));
    let (heard, committed) = tokio::join!(heard, other.commit(scribe.commit()));
    committed.unwrap();
    assert!(heard.unwrap() >= seen);
    assert!(began.elapsed() < long);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_that_is_not_given_is_busy_and_lost_connections_are_made_anew() {
    let (url, client) = place().await;
    let store = PostgresStore::open(&format!("{url}&lock_timeout=1&application_name={}", schema()))
        .await
        .unwrap();
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    let commit = scribe.commit();
    client.batch_execute("BEGIN; SELECT 1 FROM head FOR UPDATE").await.unwrap();
    let error = store.commit(commit.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
    client.batch_execute("ROLLBACK").await.unwrap();

    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE pid <> pg_backend_pid() AND query LIKE '%'";
    let own = format!("{kill} AND application_name = 'killed'");
    let store = PostgresStore::open(&format!("{url}&application_name=killed")).await.unwrap();
    client.batch_execute(&own).await.unwrap();
    // At the most, the first finds its connection gone: nothing was written, so it may come again.
    let written = match store.commit(commit.clone()).await {
        Err(StoreError::Unavailable(_)) => store.commit(commit).await,
        written => written,
    };
    written.unwrap();
    assert_shows(&store, &scribe).await;
}

#[tokio::test]
async fn server_that_is_not_there_is_unavailable() {
    let error = open("postgres://nobody@/nowhere?host=/nowhere").await.err().unwrap();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

/// Two nodes of one registry in which something stands, and who may commit next.
async fn two_nodes() -> (PostgresStore, PostgresStore, Client, Scribe) {
    let (url, client) = place().await;
    // The smallest pool: a turn takes one of the two connections that commits have.
    let url = format!("{url}&pool_max=4");
    let one = PostgresStore::open(&url).await.unwrap();
    let two = PostgresStore::open(&url).await.unwrap();
    let mut scribe = life(|_| {});
    one.commit(scribe.commit()).await.unwrap();
    (one, two, client, scribe)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_node_has_its_turn_only_it_commits() {
    let (one, two, _client, mut scribe) = two_nodes().await;
    let turn = one.turn().await.unwrap();
    scribe.submit("r9", "g9", content("nine", vec![]));
    let commit = scribe.commit();
    let late = tokio::spawn({
        let commit = commit.clone();
        async move { two.commit(commit).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!late.is_finished(), "it waits for its turn");
    one.commit(commit).await.unwrap();
    turn.end();
    let late = late.await.unwrap();
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    scribe.submit("r10", "g10", content("ten", vec![]));
    one.commit(scribe.commit()).await.unwrap();
    assert_shows(&one, &scribe).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turn_whose_connection_is_lost_keeps_nobody_waiting() {
    let (one, two, client, mut scribe) = two_nodes().await;
    let turn = one.turn().await.unwrap();
    let ended = client
        .execute(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' \
             AND l.granted AND l.pid IN (SELECT pid FROM pg_stat_activity \
             WHERE state = 'idle in transaction' AND query LIKE '%.turn%') \
             AND l.objid = (hashtextextended(current_schema() || '_commits.turn', 0) \
             & 4294967295)::oid",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(ended, 1, "the turn's connection is ended");
    scribe.submit("r9", "g9", content("nine", vec![]));
    let began = Instant::now();
    two.commit(scribe.commit()).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    drop(turn);
    let turn = one.turn().await.unwrap();
    scribe.submit("r10", "g10", content("ten", vec![]));
    one.commit(scribe.commit()).await.unwrap();
    turn.end();
    assert_shows(&two, &scribe).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turn_that_is_not_handed_on_delays_others_and_refuses_nobody() {
    let (one, two, _client, mut scribe) = two_nodes().await;
    let turn = one.turn().await.unwrap();
    scribe.submit("r9", "g9", content("nine", vec![]));
    two.commit(scribe.commit()).await.unwrap();
    assert_shows(&two, &scribe).await;
    drop(turn);
}
