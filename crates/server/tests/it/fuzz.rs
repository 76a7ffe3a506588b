//! Arbitrary bytes through the real router: never a 500, never an error that is no
//! OperationOutcome (checked by `Call::send`), never a panic.
//!
//! More cases: `PROPTEST_CASES=100000 cargo test -p server --test it fuzz`.

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::app::{TestApp, other};

/// Runs one property on one registry, so that what was stored meets what comes.
fn check<S: Strategy>(strategy: S, run: impl AsyncFn(&TestApp, S::Value)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::start());
    runtime.block_on(app.submit(other("Amina", "Okello", "1").resource_id("a")));
    let mut runner = proptest::test_runner::TestRunner::default();
    let tested = runner.run(&strategy, |value| {
        runtime.block_on(async {
            run(&app, value).await;
            // One thread does all: what works behind the requests gets its turn here.
            tokio::task::yield_now().await;
        });
        Ok(())
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}

/// Characters that a request line may hold.
fn target() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("fhir".to_owned()),
        Just("Patient".to_owned()),
        Just("_history".to_owned()),
        Just("_search".to_owned()),
        Just("a".to_owned()),
        "[-A-Za-z0-9._~%$&'()*+,;=:@!]{0,8}",
    ];
    let name = prop_oneof![
        "(_id|identifier|family|given|name|birthdate|gender|telecom|_tag|link|_lastUpdated|_count|\
         _sort|_summary|_elements|_include|_getpages|_format|_pretty|address|deceased)(:[a-z]{1,8})?",
        "[-A-Za-z0-9._%]{0,8}",
    ];
    let value = "[-A-Za-z0-9._~%$'()*+,;:@/?!|]{0,12}".prop_map(|text| text.replace('|', "%7C"));
    let pair = (name, value).prop_map(|(name, value)| format!("{name}={value}"));
    (prop::collection::vec(part, 0..6), prop::collection::vec(pair, 0..5)).prop_map(
        |(parts, pairs)| {
            let mark = if pairs.is_empty() { "" } else { "?" };
            format!("/{}{mark}{}", parts.join("/"), pairs.join("&"))
        },
    )
}

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    let name = prop::sample::select(vec![
        "accept",
        "prefer",
        "if-match",
        "if-none-match",
        "if-none-exist",
        "host",
        "content-type",
        "content-length",
        "x-request-id",
        "x-openhim-clientid",
        "x-forwarded-for",
    ]);
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        "(W/)?\"[0-9]{0,12}\"".prop_map(String::into_bytes),
        "[a-z+/;=,*0-9. ]{0,30}".prop_map(String::into_bytes),
    ];
    (name, value).prop_filter_map("not a header", |(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
    })
}

fn method() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
}

#[test]
fn fuzz_requests() {
    let body = prop::collection::vec(any::<u8>(), 0..40);
    let request = (method(), target(), prop::collection::vec(header(), 0..4), body);
    check(request, async |app, (method, target, headers, body)| {
        if target.parse::<http::Uri>().is_err() {
            return;
        }
        let mut call = app.request(method, &target).body("application/fhir+json", body);
        for (name, value) in headers {
            call = call.raw_header(name, value);
        }
        let answer = call.send().await;
        assert_ne!(answer.status, 500, "{method} {target}: {answer:?}");
    });
}

/// JSON that looks like what belongs there, with a mistake here and there.
fn json_like() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!("Patient")),
        Just(json!("http://clientregistry.org/openmrs")),
        Just(json!("official")),
        Just(json!("1990-02")),
    ];
    let name = prop::sample::select(vec![
        "resourceType",
        "id",
        "meta",
        "tag",
        "identifier",
        "system",
        "value",
        "name",
        "given",
        "family",
        "use",
        "birthDate",
        "gender",
        "telecom",
        "address",
        "link",
        "extension",
        "url",
        "entry",
        "resource",
        "request",
        "method",
        "ifMatch",
        "ifNoneExist",
        "_birthDate",
        "x",
    ]);
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

#[test]
fn fuzz_patients() {
    let change = (
        prop::sample::select(vec![
            "name",
            "identifier",
            "birthDate",
            "gender",
            "telecom",
            "address",
            "meta",
            "link",
            "extension",
            "id",
            "deceasedBoolean",
            "contact",
            "x",
        ]),
        json_like(),
    );
    let patient = (prop::collection::vec(change, 1..4), prop::option::of("[-a-z_.$]{1,6}"));
    check(patient, async |app, (changes, id)| {
        let mut person = other("Amina", "Okello", "1");
        for (member, value) in changes {
            person = person.with(member, value);
        }
        let answer = match id {
            Some(id) => app.put(&format!("/fhir/Patient/{id}"), person).await,
            None => app.post("/fhir/Patient", person).await,
        };
        assert_ne!(answer.status, 500, "{answer:?}");
    });
}

#[test]
fn fuzz_bundles() {
    let url = prop_oneof![target(), "Patient(/[-a-z.]{0,4})?(\\?family=[a-z]{0,3})?"];
    let request = (method(), url).prop_map(|(method, url)| json!({ "method": method, "url": url }));
    let resource =
        prop_oneof!["[0-9]".prop_map(|id| other("Amina", "Okello", &id).patient()), json_like(),];
    let entry = prop_oneof![
        (request, resource).prop_map(|(request, resource)| {
            json!({ "request": request, "resource": resource })
        }),
        json_like(),
    ];
    let kind = prop::sample::select(vec!["batch", "transaction", "collection", "?"]);
    let bundle = (kind, prop::collection::vec(entry, 0..5));
    check(bundle, async |app, (kind, entries)| {
        let bundle = json!({ "resourceType": "Bundle", "type": kind, "entry": entries });
        let answer = app.post("/fhir", bundle).await;
        assert_ne!(answer.status, 500, "{answer:?}");
        for entry in answer.body["entry"].as_array().into_iter().flatten() {
            let status = entry["response"]["status"].as_str().unwrap();
            assert!(!status.starts_with('5'), "{answer:?}");
        }
    });
}
