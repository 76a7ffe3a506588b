//! The nine scenarios of the original's feature files, with the outcomes that make sense.

use fhir::resource::Resource;
use pipeline::scores::{Asked, Class};
use registry::{
    adjudicate::{Adjudication, Grouping, Target},
    ids::{ClientId, RecordId},
    stored::StoredPatient,
};
use serde_json::json;

use crate::harness::{AMINA, BRIAN, LIKE_AMINA, Registry, breaking, pair, patient, resolving};

#[tokio::test(flavor = "multi_thread")]
async fn a_single_patient_is_added() {
    let registry = Registry::new().await;
    let receipt = registry.submit("a", AMINA).await;
    assert_eq!((receipt.record.as_str(), receipt.version), ("a", 1));
    assert_eq!(receipt.golden, registry.home("a").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_patients_are_added() {
    let registry = Registry::new().await;
    let a = registry.submit("a", AMINA).await;
    let b = registry.submit("b", AMINA).await;
    let c = registry.submit("c", BRIAN).await;
    assert_eq!(a.golden, b.golden);
    assert_ne!(a.golden, c.golden);
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_patient_is_refused() {
    let registry = Registry::new().await;
    let mut nobody = patient("a", AMINA);
    nobody["identifier"] = json!([{"system": "http://elsewhere.example", "value": "1"}]);
    let resource = Resource::from_value(nobody).unwrap();
    let client = ClientId::new("openmrs");
    assert!(registry.pipeline.decode(resource, &client, None).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_read() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    let ids = ["a".to_owned(), "nobody".to_owned()];
    let patients = registry.pipeline.reader().patients(&ids).await.unwrap();
    let [StoredPatient::Source(source)] = &patients[..] else { panic!("one source record") };
    assert!(source.content.contains("Okello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn potential_matches_are_shown() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    let asked = Asked::Stored(RecordId::new("b"));
    let matrix = registry.pipeline.score_matrix(&asked, false).await.unwrap().unwrap();
    let classes: Vec<Class> = matrix.rows.iter().map(|row| row.class).collect();
    assert_eq!(classes, [Class::Asked, Class::Potential]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_issue_is_resolved() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    let home = registry.home("a").await;
    let resolve = resolving("b", vec![("b", Target::Golden(home.clone()))]);
    registry.judge(Adjudication::Resolve(resolve)).await.unwrap();
    assert_eq!(registry.home("b").await, home);
    assert_eq!(registry.issues().await, Vec::<String>::new());
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_is_broken_and_each_gets_a_new_cruid() {
    let registry = Registry::new().await;
    for id in ["a", "b", "c"] {
        registry.submit(id, AMINA).await;
    }
    let old = registry.home("a").await;
    let verdict = registry.judge(breaking(&["b", "c"], Grouping::Apart)).await.unwrap();
    assert_eq!((verdict.created.len(), verdict.broken.len()), (2, 3));
    assert_eq!(registry.home("a").await, old);
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_is_reverted() {
    let registry = Registry::new().await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    registry.judge(breaking(&["b"], Grouping::Together)).await.unwrap();
    let unbreak = Adjudication::Unbreak { pairs: vec![pair("a", "b")] };
    registry.judge(unbreak).await.unwrap();
    assert_eq!(registry.home("a").await, registry.home("b").await);
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_added_after_all_that() {
    let registry = Registry::new().await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    registry.judge(breaking(&["b"], Grouping::Together)).await.unwrap();
    let receipt = registry.submit("c", AMINA).await;
    assert_eq!(receipt.golden, registry.home("a").await, "the older of two equal persons");
    registry.check().await;
}
