//! CSV uploads and their reports (contract 1.7, 2.7, 3.16).

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use registry::{
    actor::Actor,
    audit::{Act, Ending},
};
use testkit::person;

use super::*;

const SYSTEM: &str = "http://openclientregistry.org/fhir/tag/csv";

/// Somebody of an upload, with all six fields of OpenCR's rules.
fn uploaded(id: &str, phone: &str, family: &str, upload: Option<&str>) -> Value {
    let patient = person("Marie").given("Ann").family(family).gender("female").born("1980-02-03");
    let patient = patient.phone(phone).national_id("CF1").art_number("KMC-1").id("openmrs", id);
    let mut patient = Value::from(patient);
    if let Some(code) = upload {
        let tag = json!({ "system": SYSTEM, "code": code, "display": format!("{code}.csv") });
        patient["meta"] = json!({ "tag": [tag] });
    }
    patient
}

async fn submit(plane: &Plane, patient: &Value) -> String {
    let call = plane.call("POST", "/fhir/Patient").json(patient);
    let answer = call.header("x-openhim-clientid", "openmrs").from("10.0.0.1:1").send().await;
    assert!(answer.status.is_success(), "{answer:?}");
    answer.header("locationcruid").to_owned()
}

fn sheet(book: &mut Xlsx<Cursor<Vec<u8>>>, name: &str) -> Vec<Vec<Data>> {
    book.worksheet_range(name).unwrap().rows().map(<[Data]>::to_vec).collect()
}

/// Asks for the report as OpenCR's UI does and follows the link without a token.
async fn fetch(plane: &Plane, token: &str, report: &str) -> (String, Answer) {
    let link = plane.get(&format!("/ocrux/csv/getCSVReport/{report}"), token).await;
    assert_eq!(link.status, 200, "{link:?}");
    assert!(link.text.starts_with(&format!("/crux/tmp/{report}-")), "{link:?}");
    let answer = plane.call("GET", &link.text).send().await;
    (link.text, answer)
}

#[tokio::test]
async fn upload_is_listed_and_its_report_has_four_sheets() {
    let plane = Plane::start().await;
    let cruid = submit(&plane, &uploaded("a1", "0772000001", "Kintu", Some("labs"))).await;
    // The same person, one who may be, and one of no upload who is.
    assert_eq!(cruid, submit(&plane, &uploaded("a2", "0772000001", "Kintu", Some("labs"))).await);
    submit(&plane, &uploaded("a3", "0772000009", "=Kintu", Some("labs"))).await;
    assert_eq!(cruid, submit(&plane, &uploaded("a4", "0772000001", "Kintu", None)).await);
    submit(&plane, &uploaded("b1", "1", "Other", Some("other"))).await;

    let token = plane.token(Role::Steward).await;
    let list = plane.get("/ocrux/csv/getCSVUpload", &token).await.body;
    let rows = list.as_array().unwrap();
    assert_eq!(rows.len(), 2, "{list}");
    let labs = rows.iter().find(|row| row["uuid"] == "labs").unwrap();
    assert_eq!(labs["name"], "labs.csv");
    assert!(labs["date"].as_str().unwrap().ends_with('Z'), "{labs}");
    let (_, answer) = fetch(&plane, &token, labs["reportId"].as_str().unwrap()).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
    assert!(answer.header("content-disposition").starts_with("attachment"), "{answer:?}");

    let mut book = Xlsx::new(Cursor::new(answer.bytes)).unwrap();
    assert_eq!(
        book.sheet_names(),
        ["Summary", "Matches", "Potential Matches", "Imported Patients"]
    );
    let summary = sheet(&mut book, "Summary");
    assert_eq!((&summary[0][0], &summary[1][1]), (&"Import Summary".into(), &Data::Float(3.0)));
    let imported = sheet(&mut book, "Imported Patients");
    assert_eq!(imported.len(), 4);
    assert_eq!(imported[0][0], "OpenCR_UID");
    assert_eq!(imported[1][0], cruid.as_str());
    assert_eq!((&imported[1][2], &imported[1][3]), (&"openmrs".into(), &"a1".into()));
    assert_eq!(imported[1][4], "Marie Ann Kintu");
    // Linked with the second and the one that was not uploaded; doubted with the third and the
    // one of the other upload, who has the same numbers.
    assert_eq!(imported[1][11..13], [Data::Float(2.0), Data::Float(2.0)]);
    let matches = sheet(&mut book, "Matches");
    assert_eq!((matches.len(), matches[0].len()), (5, 24));
    assert_eq!(matches[1][11..13], [Data::Float(6.0), Data::Float(6.0)]);
    assert_eq!(matches[1][13], cruid.as_str());
    let potentials = sheet(&mut book, "Potential Matches");
    assert!(potentials.len() > 1, "{potentials:?}");
    assert_eq!(summary[4][..2], [Data::Float(4.0), Data::Float((potentials.len() - 1) as f64)]);
    assert_eq!(summary[7][0], Data::Float(2.0));
}

#[tokio::test]
async fn s15_link_works_once_and_is_taken_down_with_who_asked() {
    let plane = Plane::start().await;
    submit(&plane, &uploaded("a1", "0772000001", "Kintu", Some("labs"))).await;
    let token = plane.token(Role::Steward).await;
    let list = plane.get("/ocrux/csv/getCSVUpload", &token).await.body;
    let report = list[0]["reportId"].as_str().unwrap().to_owned();
    let (link, answer) = fetch(&plane, &token, &report).await;
    assert_eq!(answer.status, 200);
    assert_eq!(plane.call("GET", &link).send().await.status, 404);
    let guessed = format!("/crux/tmp/{report}-0123456789.xlsx");
    assert_eq!(plane.call("GET", &guessed).send().await.status, 404);
    let straight = plane.get(&format!("/ocrux/csv/report/{report}"), &token).await;
    assert_eq!(straight.status, 200);
    for unknown in ["x", "00000000-0000-0000-0000-000000000000"] {
        let path = format!("/ocrux/csv/getCSVReport/{unknown}");
        assert_eq!(plane.get(&path, &token).await.status, 404);
    }

    let entries = plane.audit().await;
    let exports: Vec<_> = entries.iter().filter(|entry| entry.act == Act::Export).collect();
    assert_eq!(exports.len(), 4);
    let steward = Some(Actor::User(Role::Steward.as_str().to_owned()));
    assert_eq!((&exports[0].who.actor, exports[0].ending), (&steward, Ending::Done));
    assert_eq!(exports[0].who.proof.as_deref(), Some("one-time link"));
    assert_eq!(exports[0].what.len(), 1);
    assert_eq!((&exports[1].who.actor, exports[1].ending), (&None, Ending::Failed));
    assert_eq!(exports[3].who.actor, steward);
    assert!(!format!("{entries:?}").contains(&link), "the link is no secret any more");
}

#[tokio::test]
async fn text_that_looks_like_a_formula_stays_a_text() {
    let plane = Plane::start().await;
    let mut patient = uploaded("=1+1", "@SUM(1)", "-Kintu", Some("labs"));
    patient["name"][0]["given"] = json!(["=HYPERLINK(\"http://evil.test\")"]);
    submit(&plane, &patient).await;
    let token = plane.token(Role::Steward).await;
    let list = plane.get("/ocrux/csv/getCSVUpload", &token).await.body;
    let (_, answer) = fetch(&plane, &token, list[0]["reportId"].as_str().unwrap()).await;
    let mut book = Xlsx::new(Cursor::new(answer.bytes)).unwrap();
    assert!(book.worksheet_formula("Imported Patients").unwrap().is_empty());
    let imported = sheet(&mut book, "Imported Patients");
    assert_eq!(imported[1][3], "=1+1");
    assert_eq!(imported[1][4], "=HYPERLINK(\"http://evil.test\") -Kintu");
}
