//! The nodes of a run: started, killed, started again.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Mutex, RwLock},
    time::{Duration, Instant},
};

use crate::process::{Server, opencr, run, serve_by};

const STEWARD: &str = "steward";
const PASSWORD: &str = "correct horse battery";

/// Where nodes keep what, and on which store they are.
pub(super) struct Plan {
    folder: tempfile::TempDir,
    /// `--store`, if it is not the embedded one.
    store: Option<String>,
    nodes: usize,
    /// The program of the release before, by which the first of several nodes begins.
    before: Option<PathBuf>,
}

impl Plan {
    /// One node on its embedded store.
    pub(super) fn sqlite() -> Self {
        Self::of(None, 1, None)
    }

    /// Nodes on a PostgreSQL schema of their own.
    pub(super) fn postgresql(nodes: usize) -> Self {
        let before = std::env::var_os("ORACLE_BEFORE").map(PathBuf::from);
        Self::of(Some(testkit::postgres::url()), nodes, before)
    }

    fn of(store: Option<String>, nodes: usize, before: Option<PathBuf>) -> Self {
        let plan = Self { folder: tempfile::tempdir().expect("a folder"), store, nodes, before };
        let mut command = plan.program(0, false);
        command.args(["user", "add", STEWARD, "--role", "supervisor", "--password-stdin"]);
        command.args(plan.place(0)).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("the binary starts");
        writeln!(child.stdin.take().expect("piped"), "{PASSWORD}").expect("the binary reads");
        assert!(child.wait().expect("it ends").success());
        plan
    }

    fn data(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("node{node}"))
    }

    /// The arguments that name the store.
    fn place(&self, node: usize) -> Vec<String> {
        match &self.store {
            Some(url) => vec!["--store".to_owned(), url.clone()],
            None => vec!["--data".to_owned(), self.data(node).display().to_string()],
        }
    }

    /// What a node runs, before or after it was upgraded.
    fn program(&self, node: usize, is_upgraded: bool) -> Command {
        match &self.before {
            Some(before) if node == 0 && !is_upgraded => Command::new(before),
            _ => opencr(),
        }
    }

    fn serve(&self, node: usize, is_upgraded: bool) -> Server {
        let mut command = serve_by(self.program(node, is_upgraded), &self.data(node));
        if self.store.is_some() {
            command.args(self.place(node));
        }
        Server::start_quietly(&mut command)
    }

    /// `opencr verify --decisions`: its last lines, or all that it says if anything is wrong.
    pub(super) fn verify_decisions(&self) -> Result<String, String> {
        let output = run(opencr().args(["verify", "--decisions"]).args(self.place(0)));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return Err(text + &String::from_utf8_lossy(&output.stderr));
        }
        Ok(text.lines().rev().nth(1).unwrap_or_default().to_owned())
    }
}

/// The running nodes.
pub(super) struct Nodes<'p> {
    plan: &'p Plan,
    servers: Mutex<Vec<Option<Server>>>,
    /// The FHIR base of each node that runs.
    bases: RwLock<Vec<Option<String>>>,
}

impl<'p> Nodes<'p> {
    pub(super) fn start(plan: &'p Plan) -> Self {
        let servers: Vec<Server> = (0..plan.nodes).map(|node| plan.serve(node, false)).collect();
        let bases = servers.iter().map(|server| Some(server.base().to_owned())).collect();
        let servers = servers.into_iter().map(Some).collect();
        Self { plan, servers: Mutex::new(servers), bases: RwLock::new(bases) }
    }

    /// The FHIR base of some node that runs.
    pub(super) fn base(&self, pick: u64) -> Option<String> {
        let bases = self.bases.read().expect("no panic");
        let at = usize::try_from(pick % bases.len() as u64).expect("few nodes");
        bases[at].clone().or_else(|| bases.iter().flatten().next().cloned())
    }

    /// A steward's token, good on every node.
    pub(super) fn token(&self) -> String {
        let root = self.base(0).expect("it runs");
        let url = format!("{}/ocrux/user/authenticate", root.trim_end_matches("/fhir"));
        let body = serde_json::json!({ "username": STEWARD, "password": PASSWORD });
        let request = ureq::post(&url).header("Content-Type", "application/json");
        let mut response = request.send(body.to_string()).expect("an answer");
        let text = response.body_mut().read_to_string().expect("a text");
        let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Kills nodes at random moments and starts them again, from the half on upgraded, until the
    /// time is over; gives how often.
    pub(super) fn kill_now_and_then(&self, seed: u64, lasts: Duration) -> u64 {
        let (mut kills, mut is_upgraded) = (0, self.plan.before.is_none());
        let (begun, until) = (Instant::now(), Instant::now() + lasts);
        while Instant::now() < until {
            let dice = crate::kill::scramble(seed << 32 | kills);
            std::thread::park_timeout(Duration::from_millis(200 + dice % 1_300));
            let node = usize::try_from(dice % self.plan.nodes as u64).expect("few nodes");
            self.bases.write().expect("no panic")[node] = None;
            let mut servers = self.servers.lock().expect("no panic");
            servers[node].take().expect("it runs").kill();
            let is_late = begun.elapsed() > lasts / 2;
            is_upgraded |= node == 0 && is_late;
            let server = self.plan.serve(node, is_late);
            self.bases.write().expect("no panic")[node] = Some(server.base().to_owned());
            servers[node] = Some(server);
            kills += 1;
        }
        assert!(is_upgraded, "the first node went on by the release before: let it run longer");
        kills
    }

    pub(super) fn stop(self) {
        let servers = self.servers.into_inner().expect("no panic");
        servers.into_iter().flatten().for_each(Server::stop);
    }
}
