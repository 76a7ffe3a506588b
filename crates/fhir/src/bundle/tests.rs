//! Reading and building of Bundles.

use proptest::prelude::*;

use super::*;
use crate::outcome::OperationOutcome;

fn patient() -> Resource {
    Resource::parse(br#"{"resourceType":"Patient","id":"a"}"#).unwrap()
}

#[test]
fn transaction_is_read_entry_by_entry() {
    let text = br#"{"resourceType":"Bundle","type":"transaction","entry":[
        {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"},
         "request":{"method":"PUT","url":"Patient/a","ifMatch":"W/\"1\"","ifNoneExist":"identifier=x"}},
        {"request":{"method":"DELETE","url":"Patient/b"}}]}"#;
    let bundle = Bundle::parse(text).unwrap();
    assert_eq!(bundle.kind, BundleType::Transaction);
    let request = bundle.entries[0].request.as_ref().unwrap();
    assert_eq!((request.method, request.url.as_str()), (Method::Put, "Patient/a"));
    assert_eq!(request.if_match.as_deref(), Some("W/\"1\""));
    assert_eq!(request.if_none_exist.as_deref(), Some("identifier=x"));
    assert_eq!(bundle.entries[0].full_url.as_deref(), Some("urn:uuid:1"));
    assert!(bundle.entries[1].resource.is_none());
    assert!(!bundle.entries.iter().any(BundleEntry::has_error));
}

#[test]
fn wrong_entry_keeps_its_issues_to_itself() {
    let text = br#"{"resourceType":"Bundle","type":"batch","entry":[
        {"resource":{"resourceType":"Patient"}},
        {"resource":{"name":1}}, 7,
        {"request":{"method":"get"}},
        {"request":{"method":"PUT","url":"Patient/a","ifMatch":1}}]}"#;
    let bundle = Bundle::parse(text).unwrap();
    let places: Vec<Vec<&str>> = bundle
        .entries
        .iter()
        .map(|entry| entry.issues.iter().map(|issue| issue.expression[0].as_str()).collect())
        .collect();
    assert_eq!(
        places,
        [
            vec![],
            vec!["Bundle.entry[1].resource"],
            vec!["Bundle.entry[2]"],
            vec!["Bundle.entry[3].request.method", "Bundle.entry[3].request.url"],
            vec!["Bundle.entry[4].request.ifMatch"],
        ]
    );
    assert!(bundle.entries[4].has_error());
}

#[test]
fn unusable_envelopes_are_refused() {
    let many = vec!["{}"; ENTRIES_MAX + 1].join(",");
    let many = format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{many}]}}"#);
    for (text, expected) in [
        (r#"{"resourceType":"Patient"}"#, BundleError::NotABundle),
        (r#"{"resourceType":"Bundle"}"#, BundleError::Type),
        (r#"{"resourceType":"Bundle","type":"Batch"}"#, BundleError::Type),
        (r#"{"resourceType":"Bundle","type":"batch","entry":{}}"#, BundleError::Entries),
        (many.as_str(), BundleError::TooManyEntries { count: ENTRIES_MAX + 1 }),
        ("[]", BundleError::Parse(ParseError::NotAnObject)),
    ] {
        assert_eq!(Bundle::parse(text.as_bytes()), Err(expected));
    }
}

#[test]
fn codes_read_back() {
    for (kind, code) in BUNDLE_TYPES {
        assert_eq!((kind.code(), BundleType::from_code(code)), (code, Some(kind)));
    }
    for (method, code) in METHODS {
        assert_eq!((method.code(), Method::from_code(code)), (code, Some(method)));
    }
}

#[test]
fn empty_searchset_still_has_entry() {
    let answer = Searchset { total: Some(0), ..Searchset::default() }.into_resource();
    assert_eq!(
        answer.to_json(),
        r#"{"resourceType":"Bundle","type":"searchset","total":0,"entry":[]}"#
    );
}

#[test]
fn searchset_tells_why_each_entry_is_there() {
    let mut found = SearchEntry::new("http://x/Patient/a", patient(), SearchMode::Match);
    found.score = Some(0.5);
    found.extensions = vec![serde_json::json!({ "url": "urn:grade", "valueCode": "certain" })];
    let outcome = OperationOutcome::new(Vec::new());
    let answer = Searchset {
        id: Some("s".to_owned()),
        last_updated: Some("2026-01-01T00:00:00Z".to_owned()),
        total: Some(1),
        links: vec![("self".to_owned(), "http://x/Patient?_id=a".to_owned())],
        entries: vec![found, SearchEntry::outcome(&outcome)],
    };
    let answer = answer.into_resource();
    assert_eq!(
        answer.to_json(),
        r#"{"resourceType":"Bundle","id":"s","meta":{"lastUpdated":"2026-01-01T00:00:00Z"},"type":"searchset","total":1,"link":[{"relation":"self","url":"http://x/Patient?_id=a"}],"entry":[{"fullUrl":"http://x/Patient/a","resource":{"resourceType":"Patient","id":"a"},"search":{"extension":[{"url":"urn:grade","valueCode":"certain"}],"mode":"match","score":0.5}},{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","details":{"text":"all OK"},"diagnostics":"all OK"}]},"search":{"mode":"outcome"}}]}"#
    );
    assert!(Bundle::from_resource(answer).is_ok());
}

#[test]
fn responses_answer_in_kind() {
    let response = EntryResponse {
        location: Some("Patient/a/_history/1".to_owned()),
        etag: Some("W/\"1\"".to_owned()),
        last_modified: Some("2026-01-01T00:00:00Z".to_owned()),
        resource: Some(patient()),
        ..EntryResponse::status("201 Created")
    };
    let answer = response_bundle(BundleType::Transaction, vec![response.clone()]);
    assert_eq!(answer.value()["type"], "transaction-response");
    assert_eq!(answer.value()["entry"][0]["response"]["etag"], "W/\"1\"");
    assert_eq!(answer.value()["entry"][0]["resource"]["id"], "a");
    let answer = response_bundle(BundleType::Collection, vec![]);
    assert_eq!(answer.to_json(), r#"{"resourceType":"Bundle","type":"batch-response","entry":[]}"#);

    let deleted = HistoryEntry {
        full_url: "http://x/Patient/a".to_owned(),
        resource: None,
        method: Method::Delete,
        url: "Patient/a".to_owned(),
        response: EntryResponse::status("204"),
    };
    let answer = history(1, &[], vec![deleted]);
    assert_eq!(
        answer.to_json(),
        r#"{"resourceType":"Bundle","type":"history","total":1,"entry":[{"fullUrl":"http://x/Patient/a","request":{"method":"DELETE","url":"Patient/a"},"response":{"status":"204"}}]}"#
    );
}

#[test]
fn debug_hides_what_a_request_searches_for() {
    let text = br#"{"resourceType":"Bundle","type":"batch","entry":[
        {"request":{"method":"GET","url":"Patient?family=Secret"}}]}"#;
    assert!(!format!("{:?}", Bundle::parse(text).unwrap()).contains("Secret"));
}

proptest! {
    #[test]
    fn fuzz_bytes_as_a_bundle_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Bundle::parse(&bytes);
    }

    #[test]
    fn any_entries_are_answered(text in r#"[\{\}\[\],:"a1 ]{0,40}"#, member in "request|resource|fullUrl") {
        let body = format!(
            r#"{{"resourceType":"Bundle","type":"batch","entry":[{{"{member}":{text}}}]}}"#
        );
        let _ = Bundle::parse(body.as_bytes());
    }
}
