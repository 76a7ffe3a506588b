//! A registry in production, made by the commands that operators type: TLS, certificates of
//! systems, accounts of people.

use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use serde_json::{Value, json};
use ureq::{
    http::{Request, Response},
    tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig},
};

use crate::process::{Server, opencr, run, verify};

/// The password of every made-up account.
pub(super) const PASSWORD: &str = "correct horse battery";

/// A running registry with its folder.
pub(super) struct Site {
    folder: tempfile::TempDir,
    server: Server,
}

/// What is asked of a [`Site`] before it starts.
pub(super) struct Plan<'p> {
    /// Ids and access levels of systems; each gets a certificate.
    pub(super) systems: &'p [(&'p str, &'p str)],
    /// User names and roles.
    pub(super) people: &'p [(&'p str, &'p str)],
    /// More of the configuration, in TOML.
    pub(super) more: &'p str,
}

impl Site {
    pub(super) fn open(plan: &Plan<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let command = |words: &[&str]| {
            let mut command = opencr();
            command.args(words).args(["--data", "data"]).current_dir(folder.path());
            command
        };
        let done = |words: &[&str]| {
            let output = run(&mut command(words));
            assert!(output.status.success(), "{words:?}: {output:?}");
        };
        done(&["ca", "init"]);
        done(&["ca", "server-cert", "127.0.0.1", "localhost"]);
        for (id, access) in plan.systems {
            done(&["client", "add", id, "--name", &format!("The {id}"), "--access", access]);
            done(&["client", "cert", "issue", id]);
        }
        std::fs::write(folder.path().join("password"), PASSWORD).expect("written");
        for (name, role) in plan.people {
            let words = ["user", "add", name, "--role", role, "--first-name", "Ada"];
            let mut command = command(&[&words[..], &["--password-stdin"]].concat());
            let password = std::fs::File::open(folder.path().join("password")).expect("there");
            let output = command.stdin(Stdio::from(password)).output().expect("it starts");
            assert!(output.status.success(), "{output:?}");
        }
        let path = |name: &str| folder.path().join(name).display().to_string();
        let text = format!(
            "[tls]\ncertificate = '{}'\nkey = '{}'\nclient_ca = '{}'\nrevoked = '{}'\n\
             [callers]\ndevelopment = false\ntrusted_gateways = []\n{}",
            path("server.pem"),
            path("server.key"),
            path("data/ca/ca.pem"),
            path("data/ca/revoked.pem"),
            plan.more,
        );
        std::fs::write(folder.path().join("opencr.toml"), text).expect("written");
        let data = folder.path().join("data");
        let server = Server::start_in_production(&data, &config(&folder));
        Self { folder, server }
    }

    /// An orderly stop; gives the folder.
    pub(super) fn stop(self) -> tempfile::TempDir {
        self.server.stop();
        self.folder
    }

    /// The same registry, stopped and started.
    pub(super) fn restart(self) -> Self {
        let folder = self.stop();
        let server = Server::start_in_production(&folder.path().join("data"), &config(&folder));
        Self { folder, server }
    }

    /// The same, and a command in between.
    pub(super) fn restart_after(self, words: &[&str]) -> Self {
        let folder = self.stop();
        let output = run(opencr().args(words).args(["--data", "data"]).current_dir(folder.path()));
        assert!(output.status.success(), "{output:?}");
        let server = Server::start_in_production(&folder.path().join("data"), &config(&folder));
        Self { folder, server }
    }

    /// The same, with all that it can log, for [`Self::stop_and_read_log`].
    pub(super) fn restart_with_trace(self) -> Self {
        let folder = self.stop();
        let server = Server::start_tracing(&folder.path().join("data"), &config(&folder));
        Self { folder, server }
    }

    pub(super) fn stop_and_read_log(self) -> String {
        self.server.stop_and_read_log()
    }

    /// An orderly stop, after which `opencr verify` finds nothing.
    pub(super) fn stop_and_verify(self) {
        let data = self.file("data");
        self.server.stop();
        verify(&data).expect("the store is sound");
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `https://…`, without `/fhir`.
    pub(super) fn root(&self) -> &str {
        self.server.base().strip_suffix("/fhir").expect("the base ends so")
    }

    /// Somebody who proves nothing.
    pub(super) fn nobody(&self) -> Asker {
        self.asker(None)
    }

    /// A system with its certificate.
    pub(super) fn system(&self, id: &str) -> Asker {
        let read = |end: &str| std::fs::read(self.file(&format!("{id}.{end}"))).expect("there");
        self.bearer_of(&read("pem"), &read("key"))
    }

    /// Whoever has a certificate and its key, in PEM.
    pub(super) fn bearer_of(&self, certificate: &[u8], key: &[u8]) -> Asker {
        let chain = Certificate::from_pem(certificate).expect("a certificate");
        let key = PrivateKey::from_pem(key).expect("a key");
        self.asker(Some(ClientCert::new_with_certs(&[chain], key)))
    }

    /// Somebody who signed in as OpenCR's UI does.
    pub(super) fn person(&self, name: &str) -> Asker {
        let mut asker = self.nobody();
        let query = form(&[("username", name), ("password", PASSWORD)]);
        let answer = asker.post(&format!("/ocrux/user/authenticate?{query}"), &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        asker.token = answer.body["token"].as_str().map(str::to_owned);
        asker
    }

    fn asker(&self, own: Option<ClientCert>) -> Asker {
        let ca = std::fs::read(self.file("data/ca/ca.pem")).expect("the CA");
        let ca = Certificate::from_pem(&ca).expect("a certificate");
        let roots = RootCerts::Specific(Arc::new(vec![ca]));
        let tls = TlsConfig::builder().root_certs(roots).client_cert(own).build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .tls_config(tls)
            .build();
        let root = self.root().to_owned();
        Asker { agent: agent.into(), root, token: None, headers: Vec::new() }
    }
}

fn config(folder: &tempfile::TempDir) -> [String; 2] {
    ["--config".to_owned(), folder.path().join("opencr.toml").display().to_string()]
}

/// Whoever sends requests, on connections that stay open.
#[derive(Clone)]
pub(super) struct Asker {
    agent: ureq::Agent,
    root: String,
    pub(super) token: Option<String>,
    headers: Vec<(String, String)>,
}

/// An answer; `body` is null where it is no JSON.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: ureq::http::HeaderMap,
    pub(super) text: String,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The id of a submitted record.
    pub(super) fn id(&self) -> String {
        self.header("location").split('/').nth(1).expect("Patient/[id]").to_owned()
    }

    pub(super) fn cruid(&self) -> String {
        self.header("locationcruid").split('/').nth(1).expect("Patient/[id]").to_owned()
    }
}

impl Asker {
    /// The same with another header.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, String::new())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        if body.is_null() {
            return self.send("POST", path, None, String::new());
        }
        self.send("POST", path, Some("application/json"), body.to_string())
    }

    pub(super) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some("application/fhir+json"), body.to_string())
    }

    /// A `multipart/form-data` body, as OpenCR's UI sends for accounts.
    pub(super) fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let part = |(name, value): &(&str, &str)| {
            format!("--x-x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body: String = fields.iter().map(part).collect();
        let kind = "multipart/form-data; boundary=x-x";
        self.send("POST", path, Some(kind), format!("{body}--x-x--\r\n"))
    }

    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        media_type: Option<&str>,
        body: String,
    ) -> Answer {
        let request = self.request(method, path, media_type);
        // An empty body that is announced, so that no end of it is still to come when the answer is.
        let sent = if body.is_empty() && !matches!(method, "POST" | "PUT") {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body).expect("a request"))
        };
        read(sent.unwrap_or_else(|error| panic!("{method} {path}: {error}")))
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        media_type: Option<&str>,
    ) -> ureq::http::request::Builder {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.root));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(media_type) = media_type {
            request = request.header("Content-Type", media_type);
        }
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

fn read(mut response: Response<ureq::Body>) -> Answer {
    let bytes = response.body_mut().read_to_vec().expect("a body");
    // A file is no text, and no test reads it as one.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status: response.status().as_u16(), headers: response.headers().clone(), text, body }
}

/// A query string of these pairs.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b':' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// Somebody with all six fields of OpenCR's rules, a telephone of choice, and a number at a
/// system's own numbering.
pub(super) fn marie(system: &str, number: &str, phone: &str) -> Value {
    somebody(system, number, ["Marie Ann", "Kintu", "CF1", phone])
}

/// The same of given names, family name, national id and telephone.
pub(super) fn somebody(system: &str, number: &str, facts: [&str; 4]) -> Value {
    let [given, family, national_id, phone] = facts;
    let given: Vec<&str> = given.split(' ').collect();
    json!({
        "resourceType": "Patient",
        "identifier": [
            { "system": format!("http://clientregistry.org/{system}"), "value": number },
            { "system": "http://clientregistry.org/nationalid", "value": national_id },
            { "system": "http://clientregistry.org/artnumber", "value": format!("K-{national_id}") },
        ],
        "name": [{ "use": "official", "given": given, "family": family }],
        "telecom": [{ "system": "phone", "value": phone }],
        "gender": "female",
        "birthDate": "1980-02-03",
    })
}

/// Submits a new record; gives its id and CRUID.
pub(super) fn submit(system: &Asker, patient: &Value) -> (String, String) {
    let answer = system.post("/fhir/Patient", patient);
    assert_eq!(answer.status, 201, "{answer:?}");
    (answer.id(), answer.cruid())
}
