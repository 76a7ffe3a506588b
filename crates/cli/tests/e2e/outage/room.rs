//! A small disk of a test's own: a file system in memory that nobody else sees, really full when
//! it is full and really read-only when it is.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::cluster::is_root;

/// The disk, kept mounted by a process that waits.
pub(super) struct Room {
    keeper: Child,
    place: tempfile::TempDir,
}

impl Room {
    /// A disk of so many MiB.
    pub(super) fn of(mebibytes: u32) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("unshare");
        // Who is not root is root of a name space of their own.
        command.args(if is_root() { ["-m"].as_slice() } else { &["-U", "-r", "-m"] });
        let script = "mount -t tmpfs -o size=$2m,mode=755 tmpfs \"$1\" && echo ready && cat";
        command.args(["sh", "-c", script, "sh"]).arg(place.path()).arg(mebibytes.to_string());
        let mut keeper =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("util-linux");
        let mut line = String::new();
        let said = keeper.stdout.take().expect("piped");
        BufReader::new(said).read_line(&mut line).expect("text");
        assert_eq!(line.trim(), "ready", "this machine lets nobody mount a file system");
        Self { keeper, place }
    }

    /// The folder of the disk, as those see it who are in the room.
    pub(super) fn folder(&self) -> &Path {
        self.place.path()
    }

    /// The same folder, seen from outside.
    fn seen(&self) -> PathBuf {
        let inside = self.folder().strip_prefix("/").expect("absolute");
        Path::new("/proc").join(self.keeper.id().to_string()).join("root").join(inside)
    }

    /// Has the command run in the room, under its own process id.
    pub(super) fn enter(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.args(["-t", &self.keeper.id().to_string(), "-m"]);
        if !is_root() {
            inside.args(["-U", "--preserve-credentials"]);
        }
        inside.arg("--").arg(command.get_program()).args(command.get_args());
        keep_environment(&mut inside, command);
        inside
    }

    /// Fills the disk to its last byte.
    pub(super) fn fill(&self) {
        let mut file = fs::File::create(self.seen().join("filler")).expect("a last file");
        let mut size = 1 << 20;
        while size > 0 {
            if file.write_all(&vec![b'x'; size]).is_err() {
                size /= 2;
            }
        }
    }

    /// Takes away again what filled it.
    pub(super) fn clear(&self) {
        fs::remove_file(self.seen().join("filler")).expect("it was filled");
    }

    /// From now on nothing can be written. Nobody may have a file open for it.
    pub(super) fn seal(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,ro"]).arg(self.folder());
        assert!(self.enter(&mount).status().expect("it runs").success());
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // With the process the name space goes, and with that the disk.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

/// What was set for `command` is set for what runs it, too.
pub(super) fn keep_environment(outer: &mut Command, command: &Command) {
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
}
