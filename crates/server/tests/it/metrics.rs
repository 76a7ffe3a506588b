//! The figures for Prometheus: what they tell, to whom, and what they never hold.

use std::sync::Arc;

use pipeline::{ATOMIC_MAX, Meters, Operation, Settings, Work};
use server::{Exposition, MetricsSettings, ServerSettings};

use crate::app::{Answer, TestApp, amina, other};

fn gathered(server: &mut ServerSettings, pipeline: &mut Settings) {
    let exposition = Exposition::new("1.2.3");
    pipeline.meters = Arc::new(exposition.gather(Meters::register));
    let allow = vec!["127.0.0.1".parse().unwrap(), "10.9.0.0/16".parse().unwrap()];
    server.metrics = Some(MetricsSettings { exposition, allow });
}

async fn read_from(app: &TestApp, peer: Option<&str>, host: &str) -> Answer {
    let call = app.request("GET", "/metrics").without("x-openhim-clientid");
    call.from(peer).header("host", host).send().await
}

async fn read(app: &TestApp) -> String {
    let answer = read_from(app, Some("127.0.0.1:5000"), "localhost:3000").await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.text
}

#[tokio::test]
async fn figures_follow_what_the_registry_does() {
    let app = TestApp::with(gathered).await;
    app.submit(amina("http://clientregistry.org/openmrs", "1")).await;
    app.submit(other("Peter", "Mukasa", "2")).await;
    app.get("/fhir/Patient/none").await;
    let text = read(&app).await;
    for expected in [
        "# HELP opencr_operations_total ",
        "# TYPE opencr_operations_total counter",
        "opencr_operations_total{outcome=\"created\"} 2",
        "opencr_operations_total{outcome=\"updated\"} 0",
        "opencr_refusals_total{reason=\"id_taken\"} 0",
        "opencr_failures_total{reason=\"busy\"} 0",
        "opencr_batches_total 2",
        "opencr_batch_operations_sum 2",
        "opencr_batch_step_seconds_count{step=\"commit\"} 2",
        "opencr_search_seconds_count 2",
        "opencr_search_records_verified_bucket{le=\"0\"} 2",
        "opencr_candidates_cut_total 0",
        "opencr_queue_operations 0",
        "opencr_queue_operations_max 10000",
        "opencr_accepts_submissions 1",
        "opencr_index_records 2",
        "opencr_revision 2",
        "opencr_store_revision 2",
        "opencr_build_info{version=\"1.2.3\"} 1",
        "opencr_http_requests_total{route=\"/fhir/Patient\",method=\"POST\",status=\"2xx\"} 2",
        "route=\"/fhir/Patient/{id}\",method=\"GET\",status=\"4xx\"} 1",
        "opencr_http_request_seconds_count{route=\"/fhir/Patient\",method=\"POST\"} 2",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("opencr_index_bytes 0\n"), "{text}");
}

#[tokio::test]
async fn every_figure_says_what_it_is() {
    let app = TestApp::with(gathered).await;
    app.get("/healthz").await;
    let text = read(&app).await;
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap();
        assert!(name.starts_with("opencr_"), "{line}");
        assert!(text.contains(&format!("# HELP {name} ")), "{line}");
    }
}

#[tokio::test]
async fn labels_hold_nothing_of_people_or_clients() {
    let app = TestApp::with(gathered).await;
    let (id, cruid) = app.submit(other("Secreta", "Secretson", "secret-7")).await;
    app.get(&format!("/fhir/Patient/{id}")).await;
    app.get(&format!("/fhir/Patient/{id}/")).await;
    app.get(&format!("/fhir/Patient/{id}/_history/1")).await;
    app.get("/fhir/Patient?family=secretson").await;
    app.get("/fhir/secret").await;
    app.get("/secret").await;
    app.request("SECRET", "/fhir/Patient").send().await;
    let text = read(&app).await;
    for hidden in ["secret", &id, &cruid, "openmrs"] {
        assert!(!text.to_lowercase().contains(&hidden.to_lowercase()), "{hidden}: {text}");
    }
    assert!(text.contains("route=\"/fhir/Patient/{id}\",method=\"GET\",status=\"2xx\"} 2"));
    assert!(text.contains("route=\"unmatched\""));
    assert!(text.contains("method=\"other\""));
}

#[tokio::test]
async fn only_the_named_may_read() {
    let app = TestApp::with(gathered).await;
    for (peer, host, expected) in [
        (Some("127.0.0.1:5000"), "127.0.0.1:3000", 200),
        (Some("10.9.1.1:5000"), "registry.example.org", 200),
        // The gateway may submit for others, but it is not named here.
        (Some("10.0.0.1:5000"), "registry.test", 403),
        (Some("[::1]:5000"), "localhost", 403),
        // A page that calls itself something else.
        (Some("127.0.0.1:5000"), "evil.example", 403),
        (None, "localhost", 403),
    ] {
        let answer = read_from(&app, peer, host).await;
        assert_eq!(answer.status.as_u16(), expected, "{peer:?} {host}");
        if expected == 403 {
            assert_eq!(answer.refusal(), (403, "forbidden", ""));
        }
    }
}

#[tokio::test]
async fn nothing_is_there_where_metrics_are_off() {
    let app = TestApp::start().await;
    let answer = read_from(&app, Some("127.0.0.1:5000"), "localhost").await;
    assert_eq!(answer.refusal(), (404, "not-found", ""));
}

#[tokio::test]
async fn cut_candidates_are_told_to_the_sender_and_counted() {
    let app = TestApp::with(|server, pipeline| {
        gathered(server, pipeline);
        pipeline.potential_max = 1;
        pipeline.policy.doubts_max = 1;
    })
    .await;
    let like_amina = |id: &str, family: &str| {
        let person = testkit::person("Amina").family(family).female().born("1990-02-11");
        person.phone("0772000111").national_id("CM90001").id("openmrs", id)
    };
    for (id, family) in [("1", "Okello"), ("2", "Mukasa")] {
        app.submit(like_amina(id, family)).await;
    }
    let call = app.request("POST", "/fhir/Patient").header("prefer", "return=OperationOutcome");
    let answer = call.json(like_amina("3", "Wanjiru")).send().await;
    assert_eq!(answer.status, 201);
    let issue = &answer.body["issue"][1];
    assert_eq!(issue["severity"], "warning");
    let text = issue["diagnostics"].as_str().unwrap();
    assert!(text.contains("has 2 potential or conflicting matches, more than are kept"), "{text}");
    assert!(read(&app).await.contains("opencr_candidates_cut_total 1\n"));

    let entry = serde_json::json!({
        "resource": serde_json::Value::from(like_amina("4", "Otieno")),
        "request": {"method": "POST", "url": "Patient"},
    });
    let bundle = serde_json::json!({"resourceType": "Bundle", "type": "batch", "entry": [entry]});
    let answer = app.post("/fhir", bundle).await;
    let outcome = &answer.body["entry"][0]["response"]["outcome"];
    assert_eq!(outcome["issue"][1]["severity"], "warning", "{answer:?}");
}

#[tokio::test]
async fn what_never_meets_the_linker_is_counted() {
    let app = TestApp::with(gathered).await;
    let record = registry::ids::RecordId::new("none");
    let operation = Operation::Withdraw { record, if_match: None };
    let operations = vec![operation; ATOMIC_MAX + 1];
    let actor = registry::actor::Actor::Job("test".into());
    let work = Work { operations, actor, is_atomic: true, once: None };
    assert!(app.pipeline.submit(work.clone()).await.is_err());
    assert!(read(&app).await.contains("opencr_failures_total{reason=\"too_many\"} 1\n"));
    app.pipeline.stop().await;
    assert!(app.pipeline.submit(Work { is_atomic: false, ..work }).await.is_err());
    let text = read(&app).await;
    assert!(text.contains("opencr_failures_total{reason=\"stopping\"} 1\n"), "{text}");
    assert!(text.contains("opencr_accepts_submissions 0\n"), "{text}");
}
