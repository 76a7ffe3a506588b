//! The FHIR face of registry facts.

use std::collections::BTreeSet;

use super::*;
use crate::{
    ids::{ClientId, ContentHash, GoldenNumber, RecordNumber, Revision, SourceKey},
    state::{BasisKind, LinkBasis},
};

fn source() -> SourcePatient {
    SourcePatient {
        state: RecordState {
            id: RecordId::new("a1"),
            number: RecordNumber(0),
            source: SourceKey { system: "s".into(), value: "v".into() },
            client: ClientId::new("openmrs"),
            version: 3,
            updated_at: Timestamp(1_000_001),
            content: ContentHash::of(""),
            is_withdrawn: false,
            golden: Cruid::new("g1"),
            basis: LinkBasis { kind: BasisKind::Alone, revision: Revision(1), evidence: None },
            is_adjudicated: true,
        },
        content: r#"{"resourceType":"Patient","meta":{"tag":[{"code":"own"}]},"active":true}"#
            .to_owned(),
        issues: BTreeSet::from([IssueKind::Potential]),
        broken: vec![RecordId::new("b1")],
    }
}

#[test]
fn a_source_record_shows_its_content_with_the_registrys_facts() {
    let patient = source_patient(&source(), &Vocabulary::default()).unwrap();
    let expected = r#"{"resourceType":"Patient","id":"a1","meta":{"versionId":"3","lastUpdated":"1970-01-01T00:00:01.000001Z","tag":[{"system":"http://openclientregistry.org/fhir/clientid","code":"openmrs","display":""},{"system":"http://openclientregistry.org/fhir/matchIssues","code":"potentialMatches","display":"Potential Matches"},{"system":"http://openclientregistry.org/fhir/humanAdjudication","code":"humanAdjudication","display":"Matched By Human"},{"code":"own"}]},"active":true,"extension":[{"url":"http://clientregistry.org/brokenMatch","valueReference":{"reference":"Patient/b1"}}],"link":[{"other":{"reference":"Patient/g1"},"type":"refer"}]}"#;
    assert_eq!(patient.to_json(), expected);
}

#[test]
fn a_golden_record_shows_links_and_no_demographics() {
    let mut golden = GoldenState {
        id: Cruid::new("g1"),
        number: GoldenNumber(0),
        version: 1,
        updated_at: Timestamp(0),
        members: BTreeSet::from([RecordId::new("a1")]),
        status: GoldenStatus::Live,
    };
    let live = golden_patient(&golden, &Vocabulary::default());
    assert_eq!(
        live.value().pointer("/meta/tag/0/code").and_then(Value::as_str),
        Some("5c827da5-4858-4f3d-a50c-62ece001efea")
    );
    assert_eq!(live.value()["link"], json!([link("a1", "seealso")]));
    golden.status = GoldenStatus::Replaced(Cruid::new("g2"));
    let replaced = golden_patient(&golden, &Vocabulary::default());
    assert_eq!(replaced.value()["link"], json!([link("g2", "replaced-by")]));
    assert_eq!(replaced.value()["active"], json!(false));
}

#[test]
fn damaged_content_is_an_error_and_not_an_empty_patient() {
    let mut damaged = source();
    damaged.content = "[]".to_owned();
    assert!(source_patient(&damaged, &Vocabulary::default()).is_err());
}
