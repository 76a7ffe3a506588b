//! Starting, asking and ending the real `opencr` process.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;

/// A running `opencr serve` on a free port.
pub(crate) struct Server {
    child: Child,
    base: String,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Server {
    /// Starts the registry on `data` and waits until it says where it listens.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, more: &[&str]) -> Self {
        let mut command = serve(data);
        command.args(more).env("OPENCR__LOG__LEVEL", "error").stderr(Stdio::null());
        Self::spawn(&mut command)
    }

    /// Starts what [`serve`] made, wherever it is to run.
    pub(crate) fn start_quietly(command: &mut Command) -> Self {
        let command = command.env("OPENCR__LOG__LEVEL", "error").stdout(Stdio::piped());
        Self::spawn(command.stderr(Stdio::null()))
    }

    /// Starts what [`serve`] made; none if it ends by itself, which it may only in order.
    pub(crate) fn try_start(command: &mut Command) -> Option<Self> {
        command.env("OPENCR__LOG__LEVEL", "error");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        match Self::banner(&mut child) {
            Some(base) => {
                // Nobody reads what it says, and it must not wait for anybody.
                let mut said = child.stderr.take().expect("stderr is piped");
                std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
                Some(Self { child, base, log: None })
            }
            None => {
                let output = child.wait_with_output().expect("it ended");
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.code().is_some_and(|code| code != 101), "{told}");
                assert!(!told.is_empty() && !told.contains("panicked"), "{told}");
                None
            }
        }
    }

    /// The same with its log at level `info`, for [`Server::stop_and_read_log`].
    pub(crate) fn start_logging(data: &Path) -> Self {
        Self::spawn_logging(&mut serve(data))
    }

    fn spawn_logging(command: &mut Command) -> Self {
        let mut server = Self::spawn(command.stderr(Stdio::piped()));
        let mut stderr = server.child.stderr.take().expect("stderr is piped");
        server.log = Some(std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).expect("the log is text");
            log
        }));
        server
    }

    /// The same with clients held to their access levels, as in production.
    pub(crate) fn start_in_production(data: &Path, more: &[String]) -> Self {
        let mut command = serve(data);
        command.args(more).env_remove(ACCESS_MODE).env("OPENCR__LOG__LEVEL", "error");
        Self::spawn(command.stderr(Stdio::null()))
    }

    /// The same with all that it can log, for [`Server::stop_and_read_log`].
    pub(crate) fn start_tracing(data: &Path, more: &[String]) -> Self {
        let mut command = serve(data);
        command.args(more).env_remove(ACCESS_MODE).env("OPENCR__LOG__LEVEL", "trace");
        Self::spawn_logging(&mut command)
    }

    /// The same with its log at level `info`, and its clients held to their access levels.
    pub(crate) fn start_telling(data: &Path, more: &[String]) -> Self {
        let mut command = serve(data);
        Self::spawn_logging(command.args(more).env_remove(ACCESS_MODE))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let base = Self::banner(&mut child).expect("the banner tells the address");
        Self { child, base, log: None }
    }

    /// The FHIR base, as the banner tells it; none if the process ends before.
    fn banner(child: &mut Child) -> Option<String> {
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let base = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("FHIR R4")?.1.trim().to_owned()));
        // The rest of the banner must not block the process.
        std::thread::spawn(move || lines.for_each(drop));
        base
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The FHIR base, such as `http://127.0.0.1:40001/fhir`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// SIGKILL: the process gets no chance to do anything more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the process runs");
        self.child.wait().expect("the process ends");
    }

    /// SIGTERM: the process finishes what it accepted.
    pub(crate) fn stop(mut self) {
        self.terminate();
    }

    /// SIGTERM, and all that was logged.
    pub(crate) fn stop_and_read_log(mut self) -> String {
        self.terminate();
        self.log.take().expect("started with a log").join().expect("the log was read")
    }

    /// Sends a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let (signal, id) = (format!("-{name}"), self.child.id().to_string());
        let sent = Command::new("kill").args([signal, id]).status().expect("kill runs");
        assert!(sent.success());
    }

    fn terminate(&mut self) {
        self.signal("TERM");
        assert!(self.child.wait().expect("the process ends").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone, unless a test failed in between.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ACCESS_MODE: &str = "OPENCR__CALLERS__ACCESS_MODE";

/// `opencr serve` on `data` and any port, for a [`Server`].
pub(crate) fn serve(data: &Path) -> Command {
    serve_by(opencr(), data)
}

/// The same by another release's program.
pub(crate) fn serve_by(mut command: Command, data: &Path) -> Command {
    command.args(["serve", "--port", "0", "--data"]).arg(data).stdout(Stdio::piped());
    // These tests are about the registry as a whole, not about what one client sees of it.
    command.env(ACCESS_MODE, "log-only");
    command
}

/// The binary under test.
pub(crate) fn opencr() -> Command {
    Command::new(env!("CARGO_BIN_EXE_opencr"))
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the binary starts")
}

/// `opencr verify` on `data`; the text it prints if it finds anything.
pub(crate) fn verify(data: &Path) -> Result<(), String> {
    let output = run(opencr().args(["verify", "--data"]).arg(data));
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(String::from_utf8_lossy(&text).into_owned())
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) cruid: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

/// A keep-alive connection as one client.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    id: &'static str,
}

impl Client {
    pub(crate) fn new(server: &Server, id: &'static str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Self { agent: config.into(), base: server.base().to_owned(), id }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer, ureq::Error> {
        let request = self.agent.get(self.url(path)).header("X-OpenHIM-ClientID", self.id);
        answer(request.call()?)
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Answer, ureq::Error> {
        let request = self.agent.delete(self.url(path)).header("X-OpenHIM-ClientID", self.id);
        answer(request.call()?)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Answer, ureq::Error> {
        let request = self
            .agent
            .post(self.url(path))
            .header("X-OpenHIM-ClientID", self.id)
            .header("Content-Type", "application/fhir+json");
        answer(request.send(body.to_string())?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let header = |name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let (location, cruid, etag) = (header("Location"), header("LocationCRUID"), header("ETag"));
    let status = response.status().as_u16();
    let mut text = String::new();
    response.body_mut().as_reader().read_to_string(&mut text)?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status, location, cruid, etag, body })
}
