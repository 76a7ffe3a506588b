//! What is taken from a submitted Patient, and what is not.

use super::*;

fn decode(json: &str) -> Result<SourceRecord, Vec<Issue>> {
    let resource = Resource::parse(json.as_bytes()).unwrap();
    SourceRecord::decode(resource, None, &ClientId::new("openmrs"), &Vocabulary::default())
}

const IDENTITY: &str =
    r#""identifier":[{"system":"http://clientregistry.org/openmrs","value":"17"}]"#;

#[test]
fn registry_facts_in_a_submission_are_dropped_and_the_rest_is_kept() {
    let record = decode(&format!(
        r#"{{"resourceType":"Patient","id":"a1",{IDENTITY},
        "meta":{{"versionId":"7","lastUpdated":"2020-01-01T00:00:00Z","tag":[
          {{"system":"http://openclientregistry.org/fhir/clientid","code":"lims"}},
          {{"system":"http://openclientregistry.org/fhir/humanAdjudication","code":"humanAdjudication"}},
          {{"code":"5c827da5-4858-4f3d-a50c-62ece001efea"}},
          {{"system":"http://example.org/mine","code":"keep"}}]}},
        "link":[{{"other":{{"reference":"Patient/x"}},"type":"refer"}}],
        "extension":[
          {{"url":"http://clientregistry.org/brokenMatch","valueReference":{{"reference":"Patient/x"}}}},
          {{"url":"http://example.org/weight","valueDecimal":1.10}}]}}"#
    ))
    .unwrap();
    assert_eq!(
        record.content.text,
        format!(
            "{{\"resourceType\":\"Patient\",{IDENTITY},\"meta\":{{\"tag\":[{{\"system\":\
             \"http://example.org/mine\",\"code\":\"keep\"}}]}},\"extension\":[{{\"url\":\
             \"http://example.org/weight\",\"valueDecimal\":1.10}}]}}"
        )
    );
    assert_eq!(record.requested_id, Some(RecordId::new("a1")));
    assert_eq!(record.content.tags.len(), 1);
}

#[test]
fn identity_is_the_first_known_identifier_with_a_value() {
    let record = decode(
        r#"{"resourceType":"Patient","identifier":[
        {"system":"http://example.org/other","value":"1"},
        {"system":"http://clientregistry.org/dhis2"},
        {"system":"http://clientregistry.org/lims","value":"3=&|,"},
        {"system":"http://clientregistry.org/openmrs","value":"4"}]}"#,
    )
    .unwrap();
    assert_eq!(&*record.source.system, "http://clientregistry.org/lims");
    assert_eq!(&*record.source.value, "3=&|,");
}

#[test]
fn without_a_known_identifier_the_known_systems_are_named() {
    let issues = decode(r#"{"resourceType":"Patient"}"#).unwrap_err();
    assert_eq!(issues[0].expression, ["Patient.identifier"]);
    assert!(issues[0].diagnostics.contains("http://clientregistry.org/dhis2"));
}

#[test]
fn every_problem_is_reported_at_once() {
    let issues =
        decode(r#"{"resourceType":"Patient","gender":"f","birthDate":"1990-02-31"}"#).unwrap_err();
    assert_eq!(issues.len(), 3);
}

#[test]
fn the_id_must_fit_the_url() {
    let json = format!(r#"{{"resourceType":"Patient","id":"a1",{IDENTITY}}}"#);
    let resource = Resource::parse(json.as_bytes()).unwrap();
    let client = ClientId::new("openmrs");
    let url = Some(RecordId::new("a2"));
    let issues = SourceRecord::decode(resource, url, &client, &Vocabulary::default()).unwrap_err();
    assert_eq!(issues[0].expression, ["Patient.id"]);
}

#[test]
fn another_type_of_resource_is_refused() {
    assert!(decode(r#"{"resourceType":"Person"}"#).is_err());
}
