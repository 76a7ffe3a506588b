//! What the History tab of OpenCR's web UI is given (contract 2.5, 5.3 row 14, 5.4).

use base64::{Engine, engine::general_purpose::STANDARD};
use pipeline::review::Case;
use registry::{
    actor::Actor,
    adjudicate::{Adjudication, Grouping},
    ids::RecordId,
};
use serde_json::Value;
use server::opencr_history;

use crate::app::{TestApp, amina, other};

/// The names that the UI asks for.
const NAMES: [&str; 5] =
    ["submittedResource", "breakTo", "breakFrom", "unBreak", "unBreakFromResource"];

fn names(event: &Value) -> Vec<&str> {
    let entities = event["entity"].as_array().unwrap();
    entities.iter().map(|entity| entity["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn submissions_and_breaks_are_told_as_the_history_tab_reads_them() {
    let app = TestApp::start().await;
    let (first, cruid) = app.submit(amina("openmrs", "1")).await;
    app.submit(other("Okot", "Ladu", "9")).await;
    let (second, _) = app.submit(amina("openmrs", "2")).await;
    let adjudication = Adjudication::Break {
        records: [RecordId::new(second.as_str())].into(),
        grouping: Grouping::Together,
    };
    let case = Case::new(adjudication, Actor::User("steward".to_owned()));
    assert!(app.pipeline.adjudicate(case).await.unwrap().is_ok());

    let reader = &**app.pipeline.reader();
    let told = opencr_history(reader, &second, &NAMES).await.unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(names(&told[0]), ["break", "oldCRUID", "breakFrom"]);
    assert_eq!(told[0]["entity"][1]["what"]["reference"], format!("Patient/{cruid}"));
    assert_eq!(told[0]["agent"][0]["altId"], "steward");
    assert_eq!(names(&told[1]), ["CRUID", "match", "submittedResource"]);
    assert_eq!(told[1]["entity"][0]["what"]["reference"], format!("Patient/{cruid}"));
    assert_eq!(told[1]["entity"][1]["what"]["reference"], format!("Patient/{first}"));
    let details = told[1]["entity"][2]["detail"].as_array().unwrap();
    let patient: Value = serde_json::from_str(details[0]["valueString"].as_str().unwrap()).unwrap();
    assert_eq!(patient["resourceType"], "Patient");
    let payload = STANDARD.decode(details[1]["valueBase64Binary"].as_str().unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(payload["rule"]["matchingType"], "deterministic");
    assert!(payload["rule"]["fields"]["given"]["algorithm"].is_string(), "{payload}");
    assert_eq!(payload["autoMatches"][0]["_id"], first.as_str());

    let left = opencr_history(reader, &first, &NAMES).await.unwrap();
    let is_left_behind = |event: &&Value| names(event).contains(&"breakFrom");
    assert_eq!(left.iter().filter(is_left_behind).count(), 1, "who is left behind is told, too");
    assert!(opencr_history(reader, "nobody", &NAMES).await.unwrap().is_empty());
    assert!(opencr_history(reader, &first, &["unBreak"]).await.unwrap().is_empty());
}
