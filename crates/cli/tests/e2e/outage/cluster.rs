//! PostgreSQL servers of a test's own, to be killed, started again and failed over to.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use testkit::postgres::{programs, schema};

/// What PostgreSQL starts, ends and recovers within, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// One server. What it was told to keep is on the disk only as far as the system's cache goes:
/// processes die here, not machines.
pub(super) struct Cluster {
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
}

impl Cluster {
    /// A new server that waits for a standby if `is_followed`.
    pub(super) fn primary(is_followed: bool) -> Self {
        let cluster = Self::place(is_followed);
        cluster.create();
        cluster
    }

    fn create(&self) {
        let more = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync"];
        run(self.program("initdb").arg("-D").arg(self.data()).args(more));
        self.start();
    }

    /// A new server that keeps all that it logs, for [`Cluster::recover`].
    pub(super) fn archiving() -> Self {
        let mut cluster = Self::place(false);
        let archive = cluster.folder.join("archive");
        run(as_postgres(Path::new("mkdir")).arg(&archive));
        let command = format!("archive_command='cp %p {}/%f'", archive.display());
        cluster.settings.extend(["archive_mode=on".to_owned(), command]);
        cluster.create();
        cluster
    }

    /// A new server that takes encrypted connections only, with `server.pem`, `server.key` and the CA of
    /// a folder; from the role `certified` with a certificate of that CA.
    pub(super) fn encrypted(office: &Path) -> Self {
        let mut cluster = Self::place(false);
        for name in ["server.pem", "server.key", "ca/ca.pem"] {
            let copy = cluster.folder.join(name.replace("ca/", ""));
            fs::copy(office.join(name), &copy).expect("copied");
            if is_root() {
                run(Command::new("chown").arg("postgres").arg(&copy));
            }
        }
        let place = cluster.folder.display().to_string();
        cluster.create();
        cluster.ask("CREATE ROLE anna SUPERUSER LOGIN");
        cluster.ask("CREATE ROLE certified SUPERUSER LOGIN");
        let callers = "hostssl all certified 127.0.0.1/32 trust clientcert=verify-ca\n\
                       hostssl all all 127.0.0.1/32 trust\n";
        fs::write(cluster.data().join("pg_hba.conf"), callers).expect("written");
        for (name, file) in [("cert", "server.pem"), ("key", "server.key"), ("ca", "ca.pem")] {
            cluster.settings.push(format!("ssl_{name}_file={place}/{file}"));
        }
        cluster.settings.push("ssl=on".to_owned());
        cluster.kill();
        cluster.start();
        cluster
    }

    /// Copies the running server's files, for [`Cluster::recover`].
    pub(super) fn base_backup(&self) -> Self {
        let base = Self::place(false);
        self.copy_to(&base, &[]);
        base
    }

    /// The server's time.
    pub(super) fn now(&self) -> String {
        self.ask("SELECT clock_timestamp()")
    }

    /// Has everything logged so far archived.
    pub(super) fn archive_all(&self) {
        let last = self.ask("SELECT pg_walfile_name(pg_switch_wal())");
        let began = Instant::now();
        while !self.folder.join("archive").join(&last).exists() {
            assert!(began.elapsed() < PATIENCE, "the log is not archived");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// A server as `self` was at `moment`, from a base backup and what was archived since.
    pub(super) fn recover(&self, mut base: Self, moment: &str) -> Self {
        let restore = format!("cp {}/archive/%f %p", self.folder.display());
        base.settings.extend([
            format!("restore_command='{restore}'"),
            format!("recovery_target_time='{moment}'"),
            "recovery_target_action=promote".to_owned(),
        ]);
        run(as_postgres(Path::new("touch")).arg(base.data().join("recovery.signal")));
        base.start();
        let began = Instant::now();
        while base.ask("SELECT pg_is_in_recovery()") != "f" {
            assert!(began.elapsed() < PATIENCE, "it does not come to an end");
            std::thread::park_timeout(Duration::from_millis(50));
        }
        base
    }

    /// A standby that follows `self` by streaming; once it runs, nothing is committed without it.
    pub(super) fn standby(&self) -> Self {
        let standby = Self::place(false);
        self.copy_to(&standby, &["-R"]);
        standby.start();
        let began = Instant::now();
        let asks = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        while self.ask(asks) != "1" {
            assert!(began.elapsed() < PATIENCE, "the standby does not follow");
            std::thread::park_timeout(Duration::from_millis(50));
        }
        standby
    }

    fn copy_to(&self, other: &Self, more: &[&str]) {
        let port = self.port.to_string();
        let from = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "--checkpoint=fast"];
        let mut command = self.program("pg_basebackup");
        run(command.args(from).args(more).args(["--no-sync", "-D"]).arg(other.data()));
    }

    fn place(is_followed: bool) -> Self {
        let folder = std::env::temp_dir().join(format!("opencr-{}", schema()));
        fs::create_dir(&folder).expect("the temporary folder can be written to");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("bound").port();
        let names = if is_followed { "*" } else { "" };
        let place = folder.to_str().expect("UTF-8").to_owned();
        let settings = vec![
            format!("unix_socket_directories={place}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("synchronous_standby_names={names}"),
            "fsync=off".to_owned(),
            "shared_buffers=32MB".to_owned(),
            "max_wal_senders=4".to_owned(),
        ];
        Self { folder, port, settings }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, also after its death.
    pub(super) fn start(&self) {
        let mut told = format!("-p {}", self.port);
        for setting in &self.settings {
            let (name, value) = setting.split_once('=').expect("name=value");
            told += &format!(" -c {name}=\"{}\"", value.trim_matches('\''));
        }
        let began = Instant::now();
        loop {
            let log = self.folder.join("log");
            let mut command = self.program("pg_ctl");
            command.arg("-D").arg(self.data()).arg("-l").arg(&log).args(["-o", &told, "-w"]);
            if command.args(["-t", "60", "start"]).status().expect("it runs").success() {
                return;
            }
            // Processes of the one that was killed have yet to notice.
            let told = fs::read_to_string(&log).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE, "PostgreSQL does not start:\n{told}");
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// SIGKILL to the server; its processes follow it.
    pub(super) fn kill(&self) {
        let told = fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        let id = told.lines().next().expect("a process").trim();
        run(Command::new("kill").args(["-9", id]));
    }

    /// Makes a standby the one that takes writes.
    pub(super) fn promote(&self) {
        run(self.program("pg_ctl").arg("-D").arg(self.data()).args(["-w", "promote"]));
    }

    fn ask(&self, sql: &str) -> String {
        let port = self.port.to_string();
        let place = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-At", "-c", sql];
        let output = self.program("psql").args(place).stdout(Stdio::piped()).output();
        String::from_utf8_lossy(&output.expect("psql runs").stdout).trim().to_owned()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A program of PostgreSQL, as who may run it.
    fn program(&self, name: &str) -> Command {
        let path = programs().join(name);
        let mut command = as_postgres(&path);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        let stop = stop.arg("-D").arg(self.data()).args(["-m", "immediate", "-t", "20", "stop"]);
        // Killed already, or its folder is in use for a moment longer: nothing depends on it.
        let _ = stop.status();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Root may not run PostgreSQL.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]);
    command.arg(program);
    command
}

/// Whether the tests run as root.
pub(super) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.trim_ascii() == b"0"
}

/// Runs a command that has to succeed.
pub(super) fn run(command: &mut Command) {
    let status = command.status().expect("the program is installed");
    assert!(status.success(), "{command:?}: {status}");
}
