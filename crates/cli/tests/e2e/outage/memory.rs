//! Memory is short: the process may have no more than a small machine would give it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use people::{Options, generate};
use serde_json::{Value, json};

use super::{crowd::Crowd, room::keep_environment};
use crate::process::{Server, serve};

const MEBIBYTES: u64 = 256;
const BOUND: Duration = Duration::from_secs(60);
const RECOVERY: Duration = Duration::from_secs(60);

/// A control group of the kernel, which kills who takes more.
struct Group {
    folder: PathBuf,
    /// Version 1 has a hierarchy of its own for memory.
    is_first: bool,
}

/// What holds the process to its memory.
enum Limit {
    /// The kernel.
    Group(Group),
    /// This test, where control groups are not ours to make: the process is told what it may
    /// have, and how much it took is read afterwards.
    Told,
}

impl Limit {
    fn of(mebibytes: u64) -> Self {
        Group::of(mebibytes).map_or(Self::Told, Self::Group)
    }

    fn hold(&self, command: &Command) -> Command {
        match self {
            Self::Group(group) => group.hold(command),
            Self::Told => {
                let mut told = Command::new("env");
                let bytes = (MEBIBYTES << 20) / 64;
                told.arg(format!("OPENCR__SERVER__BODIES_MAX_BYTES={bytes}"));
                told.arg(command.get_program()).args(command.get_args());
                keep_environment(&mut told, command);
                told
            }
        }
    }

    /// Fails if the process took more than it may; tells how much it was.
    fn check(&self, process: u32) -> String {
        let told = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
        let peak = told.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
        match self {
            Self::Group(group) => assert_eq!(group.kills(), 0, "the kernel killed it"),
            // Of its own program and files no more is in memory than fits: the kernel sees to it.
            Self::Told => assert!(peak >> 10 < MEBIBYTES + 64, "it took {} MiB", peak >> 10),
        }
        format!("peak {} of {MEBIBYTES} MiB, limited by {}", peak >> 10, self.name())
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Group(_) => "the kernel",
            Self::Told => "its setting, as control groups cannot be made here",
        }
    }
}

impl Group {
    fn of(mebibytes: u64) -> Option<Self> {
        let first = Path::new("/sys/fs/cgroup/memory");
        let is_first = first.join("memory.limit_in_bytes").exists();
        let above = if is_first { first.to_owned() } else { own_group() };
        let folder = above.join(testkit::postgres::schema());
        fs::create_dir(&folder).ok()?;
        let group = Self { folder, is_first };
        let name = if is_first { "memory.limit_in_bytes" } else { "memory.max" };
        fs::write(group.folder.join(name), (mebibytes << 20).to_string()).ok()?;
        Some(group)
    }

    /// Has the command run within the limit, under its own process id.
    fn hold(&self, command: &Command) -> Command {
        let mut held = Command::new("sh");
        held.args(["-c", "echo $$ >\"$1\" && shift && exec \"$@\"", "sh"]);
        held.arg(self.folder.join("cgroup.procs"));
        held.arg(command.get_program()).args(command.get_args());
        keep_environment(&mut held, command);
        held
    }

    /// How often the kernel has killed for it.
    fn kills(&self) -> u64 {
        let name = if self.is_first { "memory.oom_control" } else { "memory.events" };
        let told = fs::read_to_string(self.folder.join(name)).expect("it tells");
        let line = told.lines().find_map(|line| line.strip_prefix("oom_kill "));
        line.expect("the kernel counts").trim().parse().expect("a number")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A group that a process is still leaving stays, and harms nobody.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Where groups below may limit memory: that of this process, if it was given the right.
fn own_group() -> PathBuf {
    let told = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = told.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let root = Path::new("/sys/fs/cgroup");
    // A group with processes of its own hands no limits on; the one above it does.
    root.join(own).parent().map_or(root.to_owned(), Path::to_owned)
}

fn bundle(entries: usize) -> Value {
    let people = generate(&Options::usual(3, entries));
    let entries: Vec<Value> = people
        .map(|made| {
            json!({ "resource": made.patient,
                            "request": { "method": "POST", "url": "Patient" } })
        })
        .collect();
    json!({ "resourceType": "Bundle", "type": "batch", "entry": entries })
}

#[test]
fn more_than_memory_holds_is_refused_and_kills_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let limit = Limit::of(MEBIBYTES);
    let mut command = limit.hold(&serve(folder.path()));
    // A queue that this machine can serve: the load is to meet its bound.
    let server = Server::start_quietly(command.env("OPENCR__LINKER__QUEUE_MAX", "2000"));
    let text = bundle(400).to_string();
    let crowd = Crowd::new(BOUND);
    let (mut taken, mut refused) = (0, 0);
    crowd.work(8, &[server.base()], || {
        // Sixty at a time, each of which is small enough to be taken alone.
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let senders: Vec<_> =
                (0..60).map(|_| scope.spawn(|| send(server.base(), &text))).collect();
            senders.into_iter().map(|sender| sender.join().expect("an answer")).collect()
        });
        for status in statuses {
            match status {
                200 => taken += 1,
                503 | 413 | 429 => refused += 1,
                other => panic!("{other}"),
            }
        }
        crowd.await_more(50, RECOVERY);
    });
    let peak = limit.check(server.id());
    assert!(taken > 0, "nothing got through");
    let kept = crowd.check(server.base());
    server.stop();
    println!(
        "{peak}; 60 bundles of 400 at once: {taken} taken, {refused} refused; {}; {kept} checked",
        crowd.told()
    );
}

/// Sends until it is taken or refused.
fn send(base: &str, text: &str) -> u16 {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(300)))
        .build();
    let agent: ureq::Agent = config.into();
    let request = agent.post(base).header("X-OpenHIM-ClientID", "openmrs");
    let request = request.header("Content-Type", "application/fhir+json");
    let mut answer = request.send(text).expect("it answers");
    let told = answer.body_mut().with_config().limit(256 << 20).read_to_string();
    let status = answer.status().as_u16();
    assert!(status == 200 || told.expect("a text").contains("OperationOutcome"));
    status
}
