//! The score matrix.

use fhir::resource::Resource;
use pipeline::scores::{Asked, Class, Matrix, Row};
use registry::{
    adjudicate::{Adjudication, Grouping},
    ids::{RecordId, SourceKey},
};
use serde_json::json;

use crate::harness::{AMINA, BRIAN, LIKE_AMINA, Registry, SYSTEM, breaking, pair, patient};

/// Each row as `id class other=score …`.
fn told(matrix: &Matrix) -> Vec<String> {
    let rows = matrix.rows.iter().map(|row| {
        let id = row.state.as_ref().map_or("-", |state| state.id.as_str());
        let score = |(source, scored): (&SourceKey, &pipeline::scores::Scored)| {
            format!(" {}={}", source.value, scored.score.as_f64())
        };
        format!("{id} {:?}{}", row.class, row.scores.iter().map(score).collect::<String>())
    });
    rows.collect()
}

async fn stored(registry: &Registry, id: &str, is_recursive: bool) -> Option<Matrix> {
    let asked = Asked::Stored(RecordId::new(id));
    registry.pipeline.score_matrix(&asked, is_recursive).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_asked_record_comes_first_then_auto_potential_and_conflict() {
    let registry = Registry::new().await;
    for id in ["a", "b", "c"] {
        registry.submit(id, AMINA).await;
    }
    registry.submit("d", LIKE_AMINA).await;
    registry.judge(breaking(&["c"], Grouping::Together)).await.unwrap();
    registry.judge(Adjudication::Unbreak { pairs: vec![pair("a", "c")] }).await.unwrap();
    let matrix = stored(&registry, "a", false).await.unwrap();
    // What is said of b and c, which are still declared different, is not in c's scores.
    let rows = told(&matrix);
    assert!(rows[0].starts_with("a Asked"), "{rows:?}");
    let classes: Vec<Class> = matrix.rows.iter().map(|row| row.class).collect();
    let mut sorted = classes.clone();
    sorted.sort();
    assert_eq!(classes, sorted);
    assert!(rows.contains(&"d Potential a=3 b=3 c=3".to_owned()), "{rows:?}");
    assert!(matrix.rows.iter().all(|row| row.content.contains("Amina")));
}

#[tokio::test(flavor = "multi_thread")]
async fn matches_of_matches_come_only_if_asked_for() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    registry.submit("c", ["Zawadi", "Mushi", "1985-06-07", "0733000222"]).await;
    let near = told(&stored(&registry, "a", false).await.unwrap());
    assert_eq!(near, ["a Asked b=3", "b Potential a=3 c=3"]);
    let far = told(&stored(&registry, "a", true).await.unwrap());
    assert_eq!(far, ["a Asked b=3", "b Potential a=3 c=3", "c Potential b=3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d34_equal_numbers_of_two_systems_do_not_collide() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    let mut twin = patient("b", LIKE_AMINA);
    twin["identifier"] = json!([{"system": "http://clientregistry.org/dhis2", "value": "a"}]);
    registry.submit_patient(twin).await;
    let mut third = patient("c", LIKE_AMINA);
    third["birthDate"] = json!("2001-01-01");
    registry.submit_patient(third).await;
    let matrix = stored(&registry, "c", false).await.unwrap();
    assert_eq!(matrix.rows.len(), 3);
    assert_eq!(matrix.rows[0].scores.len(), 2, "two records with the number `a`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_need_not_be_stored_and_one_that_is_matches_itself() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("z", BRIAN).await;
    let head = registry.pipeline.reader().head().await.unwrap();
    let matrix = async |patient| {
        let resource = Resource::from_value(patient).unwrap();
        let asked = registry.pipeline.asked(&resource).unwrap();
        registry.pipeline.score_matrix(&asked, false).await.unwrap().unwrap()
    };
    assert_eq!(told(&matrix(patient("new", AMINA)).await), ["- Asked a=5", "a Auto"]);
    let itself = matrix(patient("a", AMINA)).await;
    assert_eq!(told(&itself), ["- Asked a=5", "a Auto"]);
    let key = SourceKey { system: SYSTEM.into(), value: "a".into() };
    assert_eq!(itself.rows[0].source, Some(key));
    let nobody = json!({"resourceType": "Patient", "gender": "female"});
    assert_eq!(told(&matrix(nobody).await), ["- Asked"]);
    assert_eq!(registry.pipeline.reader().head().await.unwrap(), head, "nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_record_has_no_matrix() {
    let registry = Registry::new().await;
    assert!(stored(&registry, "nobody", true).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn native_rules_give_a_matrix_as_well() {
    let registry = Registry::native().await;
    for id in ["a", "b", "c"] {
        registry.submit(id, AMINA).await;
    }
    registry.submit("z", BRIAN).await;
    registry.judge(breaking(&["c"], Grouping::Together)).await.unwrap();
    let rows = |matrix: Matrix| {
        let row = |row: &Row| (row.state.as_ref().unwrap().id.to_string(), row.class);
        matrix.rows.iter().map(row).collect::<Vec<_>>()
    };
    // c was declared different from both.
    let of_a = rows(stored(&registry, "a", false).await.unwrap());
    assert_eq!(of_a, [("a".to_owned(), Class::Asked), ("b".to_owned(), Class::Auto)]);
    assert_eq!(rows(stored(&registry, "c", false).await.unwrap()).len(), 1);
    registry.check().await;
}
