//! A PostgreSQL cluster for tests, and a schema of its own for each of them.
//!
//! `OPENCR_TEST_POSTGRES` names a cluster that is there already, as `./test` starts one. Without it
//! the first test of a process starts one in a temporary folder, from the programs that are
//! installed, reached by a socket in that folder only. It ends with the process, however that
//! ends: a shell beside it waits for the end of a pipe. Without PostgreSQL tests fail, saying so.

use std::{
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

/// The variable with the URL of a running cluster.
const VARIABLE: &str = "OPENCR_TEST_POSTGRES";

/// What runs beside the cluster, given its programs' folder and its own folder. Root may not run
/// PostgreSQL, so `postgres` does for root. The pipe's end stops everything.
const SHELL: &str = r#"
bin=$1 folder=$2
run() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid postgres --regid postgres --init-groups -- "$@"
    else
        "$@"
    fi
}
[ "$(id -u)" -ne 0 ] || chown postgres "$folder"
cd "$folder" || exit 1
run "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale C --no-sync \
    >"$folder/log" 2>&1 || { cat "$folder/log" >&2; rm -rf "$folder"; exit 1; }
run "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off \
    -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB \
    </dev/null >>"$folder/log" 2>&1 &
server=$!
tries=0
until run "$bin/pg_isready" -q -h "$folder"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$folder/log" >&2
        break
    fi
    sleep 0.1
done
echo ready
cat >/dev/null
run "$bin/pg_ctl" -D "$folder/data" -m immediate -t 20 stop >/dev/null 2>&1
rm -rf "$folder"
"#;

/// A cluster that ends when this is dropped, or with the process.
struct Cluster {
    url: String,
    /// Holds the pipe.
    _shell: Option<Child>,
}

/// A URL with a schema that nobody else uses; the cluster is started if need be.
///
/// # Panics
///
/// If there is no PostgreSQL, or it does not start.
pub fn url() -> String {
    format!("{}&schema={}", cluster(), schema())
}

/// The URL of the cluster, by its owner, with a query and without a schema.
///
/// # Panics
///
/// If there is no PostgreSQL, or it does not start.
pub fn cluster() -> &'static str {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    &CLUSTER
        .get_or_init(|| match std::env::var(VARIABLE) {
            Ok(url) => Cluster { url, _shell: None },
            Err(_) => start(),
        })
        .url
}

/// A name of a schema, role or database that nobody else uses.
pub fn schema() -> String {
    format!("t{:016x}", RandomState::new().build_hasher().finish())
}

fn start() -> Cluster {
    let bin = programs();
    let folder = std::env::temp_dir().join(format!("opencr-{}", schema()));
    fs::create_dir(&folder).expect("the temporary folder can be written to");
    let mut shell = Command::new("sh")
        .args(["-c", SHELL, "sh"])
        .args([&bin, &folder])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("there is a shell");
    let mut line = String::new();
    let stdout = shell.stdout.take().expect("the output is piped");
    let read = BufReader::new(stdout).read_line(&mut line);
    assert!(
        read.is_ok() && line.trim() == "ready",
        "PostgreSQL does not start with the programs in {}; what it says is above",
        bin.display()
    );
    let socket = folder.to_str().expect("the temporary folder's name is UTF-8");
    let url = format!("postgres://postgres@/postgres?host={}", socket.replace('/', "%2F"));
    Cluster { url, _shell: Some(shell) }
}

/// The folder of the newest server programs.
///
/// # Panics
///
/// If there is none.
pub fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .max_by_key(|(version, _): &(u32, PathBuf)| *version)
        .map(|(_, path)| path.join("bin"));
    let asked = || {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
    };
    debian
        .filter(|bin| bin.join("initdb").exists())
        .or_else(|| asked().filter(|bin| bin.join("initdb").exists()))
        .unwrap_or_else(|| {
            panic!(
                "tests need PostgreSQL: install it (postgresql on Debian), or name a cluster for \
                 tests by {VARIABLE}=postgres://postgres@/postgres?host=%2Ffolder%2Fof%2Fsocket"
            )
        })
}
