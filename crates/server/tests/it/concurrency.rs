//! Simultaneous submissions: what the original split in two stays one (contract 3.7, D1).

use std::collections::BTreeSet;

use crate::app::{TestApp, amina, other};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_simultaneous_submissions_of_one_person_give_one_cruid() {
    let app = TestApp::start().await;
    let send = |id: &'static str| app.post("/fhir/Patient", amina("openmrs", id));
    let (a, b, c, d) = tokio::join!(send("1"), send("2"), send("3"), send("4"));
    let answers = [a, b, c, d];
    assert!(answers.iter().all(|answer| answer.status == 201));
    let cruids: BTreeSet<String> = answers.iter().map(|answer| answer.cruid()).collect();
    let records: BTreeSet<String> = answers.iter().map(|answer| answer.record()).collect();
    assert_eq!((cruids.len(), records.len()), (1, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_identity_sent_twice_at_once_is_one_record_with_two_versions() {
    let app = TestApp::start().await;
    let send = |born: &str| app.post("/fhir/Patient", other("Amina", "Okello", "1").born(born));
    let (first, second) = tokio::join!(send("1990"), send("1991"));
    assert_eq!(first.record(), second.record());
    let mut outcomes = [first, second].map(|answer| {
        let version = answer.body["meta"]["versionId"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("etag"), Some(format!("W/\"{version}\"").as_str()));
        (answer.status.as_u16(), version)
    });
    outcomes.sort();
    assert_eq!(outcomes, [(200, "2".to_owned()), (201, "1".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_conditional_updates_make_one_record() {
    let app = TestApp::start().await;
    let path = "/fhir/Patient?identifier=http://clientregistry.org/openmrs|1";
    let send = |born: &str| app.put(path, other("Amina", "Okello", "1").born(born));
    let (first, second) = tokio::join!(send("1990"), send("1991"));
    assert_eq!(first.record(), second.record());
    assert_eq!(app.get("/fhir/Patient?family=okello").await.body["total"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_conditional_creates_make_one_record() {
    let app = TestApp::start().await;
    let send = |born: &str| {
        let call = app.request("POST", "/fhir/Patient");
        let criteria = "identifier=http://clientregistry.org/openmrs|1";
        let person = other("Amina", "Okello", "1").born(born);
        call.header("if-none-exist", criteria).json(person).send()
    };
    let (first, second) = tokio::join!(send("1990"), send("1991"));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    assert_eq!(first.body, second.body, "the second is answered what the first created");
}

#[tokio::test]
async fn full_queue_is_told_to_come_back() {
    const PLACES: usize = 300;
    let app = TestApp::with(|_, pipeline| pipeline.queue_max = PLACES).await;
    let people = |count: usize| {
        let ids: Vec<String> = (0..count).map(|id| format!("{id}")).collect();
        testkit::transaction(ids.iter().map(|id| other("Amina", "Okello", id)).collect::<Vec<_>>())
    };
    assert_eq!(app.post("/fhir", people(PLACES + 1)).await.refusal().0, 413);
    // The first takes all places and is decided for much longer than it takes to read the second.
    let second = async {
        while app.pipeline.queued() < PLACES {
            tokio::task::yield_now().await;
        }
        app.post("/fhir/Patient", other("Okot", "Ladu", "one more")).await
    };
    let (first, second) = tokio::join!(app.post("/fhir", people(PLACES)), second);
    assert_eq!(first.status, 200);
    assert_eq!(second.refusal().0, 503);
    assert_eq!(second.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn stopping_registry_refuses_writes_and_still_reads() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Amina", "Okello", "1")).await;
    app.pipeline.stop().await;
    let refused = app.post("/fhir/Patient", other("Okot", "Ladu", "2")).await;
    assert_eq!(refused.refusal().0, 503);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(app.get(&format!("/fhir/Patient/{id}")).await.status, 200);
    assert_eq!(app.get("/readyz").await.status, 503);
}
