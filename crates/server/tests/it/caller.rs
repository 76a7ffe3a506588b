//! Who is calling, and what is believed about it (contract 1.1, S1, S10, S18, S19).

use registry::ids::ClientId;

use crate::app::{TestApp, other};

#[tokio::test]
async fn header_is_believed_from_a_gateway_only() {
    let app = TestApp::start().await;
    let ask = |peer: Option<&'static str>| app.request("GET", "/fhir/Patient").from(peer).send();
    assert_eq!(ask(Some("10.0.0.1:9")).await.status, 200);
    assert_eq!(ask(Some("[::ffff:10.0.0.1]:9")).await.status, 200);
    for peer in [Some("10.0.0.2:9"), Some("127.0.0.1:9"), Some("[::1]:9"), None] {
        assert_eq!(ask(peer).await.refusal(), (403, "security", ""), "{peer:?}");
    }
}

#[tokio::test]
async fn forwarded_address_is_not_believed() {
    let app = TestApp::start().await;
    let call = app.request("GET", "/fhir/Patient").from(Some("192.0.2.7:9"));
    let call = call.header("x-forwarded-for", "10.0.0.1").header("forwarded", "for=10.0.0.1");
    assert_eq!(call.send().await.refusal().0, 403);
}

#[tokio::test]
async fn caller_without_proof_must_log_in() {
    let app = TestApp::start().await;
    for peer in ["10.0.0.1:9", "127.0.0.1:9", "192.0.2.7:9"] {
        let call = app.request("GET", "/fhir/Patient").without("x-openhim-clientid");
        let answer = call.from(Some(peer)).send().await;
        assert_eq!(answer.refusal(), (401, "login", ""), "{peer}");
        assert!(answer.header("www-authenticate").is_some());
    }
}

#[tokio::test]
async fn this_machine_needs_no_proof_in_development() {
    let app = TestApp::with(|settings, _| {
        settings.is_development = true;
        settings.development_client = Some(ClientId::new("lims"));
    })
    .await;
    let ask = |peer: &'static str| {
        let call = app.request("POST", "/fhir/Patient").without("x-openhim-clientid");
        let call = call.from(Some(peer)).header("host", "localhost:3000");
        call.json(other("Amina", "Okello", "1")).send()
    };
    for peer in ["127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
        let answer = ask(peer).await;
        assert!(answer.status.is_success(), "{answer:?}");
        assert_eq!(answer.body["meta"]["tag"][0]["code"], "lims");
    }
    assert_eq!(ask("192.0.2.7:9").await.refusal().0, 401);
    let named = app.request("GET", "/fhir/Patient").from(Some("127.0.0.1:9"));
    assert_eq!(named.send().await.refusal().0, 403, "loopback is not a gateway by itself");
}

#[tokio::test]
async fn page_of_another_host_cannot_use_development() {
    let app = TestApp::with(|settings, _| {
        settings.is_development = true;
        settings.development_client = Some(ClientId::new("lims"));
        settings.gateways.push("127.0.0.1".parse().unwrap());
        settings.base_url = Some("http://mpi.example.org:3000".to_owned());
    })
    .await;
    let ask = |host: &'static str, origin: Option<&'static str>| {
        let call = app.request("GET", "/fhir/Patient").from(Some("127.0.0.1:9"));
        let call = call.header("host", host);
        match origin {
            Some(origin) => call.header("origin", origin),
            None => call,
        }
    };
    for (host, origin, expected) in [
        ("localhost:3000", None, 200),
        ("mpi.example.org:3000", Some("http://localhost:5173"), 200),
        ("rebound.example:3000", None, 403),
        ("localhost:3000", Some("http://evil.example"), 403),
        ("localhost:3000", Some("null"), 403),
    ] {
        for call in [ask(host, origin), ask(host, origin).without("x-openhim-clientid")] {
            let answer = call.send().await;
            assert_eq!(answer.status, expected, "{host} {origin:?}");
            if expected == 403 {
                assert_eq!(answer.refusal().1, "security");
                assert!(answer.text.contains("localhost"), "{answer:?}");
            }
        }
    }
    let call = app.request("GET", "/fhir/Patient").from(Some("127.0.0.1:9")).without("host");
    assert_eq!(call.send().await.status, 200, "HTTP/1.0 knows no Host");
    let gateway = app.request("GET", "/fhir/Patient").header("origin", "http://evil.example");
    assert_eq!(gateway.send().await.status, 200, "a gateway elsewhere answers for its callers");
}

#[tokio::test]
async fn development_client_needs_development() {
    let app = TestApp::with(|settings, _| {
        settings.development_client = Some(ClientId::new("lims"));
    })
    .await;
    let call = app.request("GET", "/fhir/Patient").without("x-openhim-clientid");
    assert_eq!(call.from(Some("127.0.0.1:9")).send().await.refusal().0, 401);
}

#[tokio::test]
async fn unknown_or_unreadable_client_is_refused() {
    let app = TestApp::start().await;
    for client in ["stranger", "", "OpenMRS", "openmrs,dhis2"] {
        let answer = app.request("GET", "/fhir/Patient").client(client).send().await;
        assert_eq!(answer.refusal(), (403, "forbidden", ""), "{client}");
    }
    let twice = app.request("GET", "/fhir/Patient").raw_header(
        http::HeaderName::from_static("x-openhim-clientid"),
        http::HeaderValue::from_static("dhis2"),
    );
    assert_eq!(twice.send().await.refusal().0, 400);
}

#[tokio::test]
async fn every_route_but_the_open_ones_asks_who_calls() {
    let app = TestApp::start().await;
    for (method, path) in [
        ("GET", "/fhir/Patient"),
        ("HEAD", "/fhir/Patient"),
        ("POST", "/fhir/Patient"),
        ("PUT", "/fhir/Patient?family=x"),
        ("DELETE", "/fhir/Patient?family=x"),
        ("POST", "/fhir/Patient/_search"),
        ("GET", "/fhir/Patient/x"),
        ("PUT", "/fhir/Patient/x"),
        ("DELETE", "/fhir/Patient/x"),
        ("GET", "/fhir/Patient/x/_history"),
        ("GET", "/fhir/Patient/x/_history/1"),
        ("POST", "/fhir"),
        ("GET", "/fhir?_getpages=x"),
        ("GET", "/fhir/Patient/x/"),
    ] {
        let call = app.request(method, path).without("x-openhim-clientid");
        assert_eq!(call.from(Some("127.0.0.1:9")).send().await.status, 401, "{method} {path}");
    }
    for path in ["/healthz", "/readyz", "/fhir/metadata"] {
        let call = app.request("GET", path).without("x-openhim-clientid").from(None);
        assert_eq!(call.send().await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn unknown_caller_is_refused_before_its_body_is_read() {
    let app = TestApp::with(|settings, _| settings.body_max_bytes = 10).await;
    let call = app.request("POST", "/fhir/Patient").client("stranger");
    assert_eq!(call.body("text/plain", "x".repeat(100)).send().await.refusal().0, 403);
}
