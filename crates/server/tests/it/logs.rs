//! The log: what it tells of a request, and what it never holds.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::app::{TestApp, other};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn log_names_routes_and_holds_nothing_of_people() {
    let lines = Lines::default();
    // For the whole process: what a thread's own subscriber gets to see depends on what other
    // tests do meanwhile. So their lines are checked, too.
    tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_env_filter(EnvFilter::new("debug"))
        .with_ansi(false)
        .init();
    let app = TestApp::start().await;
    app.post("/fhir/Patient", other("Secreta", "Secretson", "secret-7")).await;
    app.get("/fhir/Patient?family=secretson&birthdate=secret").await;
    app.get("/fhir/Patient?family=secretson").await;
    app.get("/fhir/secret").await;
    let call = app.request("POST", "/fhir/Patient").header("x-request-id", "secret-8");
    call.body("application/json", "{\"secret").send().await;
    let call = app.request("POST", "/fhir/Patient").header("if-none-exist", "family=secretson");
    call.json(other("Secreta", "Secretson", "secret-9")).send().await;
    app.request("SECRET", "/fhir/Patient").send().await;
    let people = crate::people::Plane::start().await;
    people.sign_in("secretary", "secret").await;
    people.sign_in("admin", "top-secret").await;
    people.call("GET", "/ocrux/fhir/Patient?family=secret").send().await;
    let text = lines.text();
    assert!(!text.to_lowercase().contains("secret"), "{text}");
    for expected in [
        "method=POST route=\"/fhir/Patient\" client=\"openmrs\" proof=Gateway",
        "status=201",
        "status=400",
        "duration_ms=",
        "request_id=",
        "method=other",
        "method=POST route=\"/ocrux/user/authenticate\"",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}
