//! How much memory this process may have: the machine's, or what a control group allows.

use std::{fs, path::Path};

/// What all large bodies of the moment get of it: parsed, decided and answered they take up to
/// thirty times their size, and the match index needs the rest.
const SHARE: u64 = 64;

/// More is not needed to keep a machine busy.
const BODIES_MAX: u64 = 64 << 20;

/// How many bytes of large bodies may be worked on at once on this machine.
pub(crate) fn for_bodies() -> usize {
    let bytes = available(Path::new("/")).map_or(BODIES_MAX, |bytes| bytes / SHARE);
    usize::try_from(bytes.clamp(64 << 10, BODIES_MAX)).unwrap_or(usize::MAX)
}

/// The least of what the machine has and what every control group around this process allows,
/// in bytes; none if nothing tells. `root` is `/` but in tests.
fn available(root: &Path) -> Option<u64> {
    let of_machine = read(&root.join("proc/meminfo")).and_then(|told| {
        let line = told.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1024)
    });
    let groups = read(&root.join("proc/self/cgroup")).unwrap_or_default();
    let of_groups = groups.lines().filter_map(|line| of_group(root, line));
    of_machine.into_iter().chain(of_groups).min()
}

/// The least limit of one line of `/proc/self/cgroup` (cgroups(7)): the group and all above it.
fn of_group(root: &Path, line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
    let (mount, name) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        named if named.split(',').any(|named| named == "memory") => {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        }
        _ => return None,
    };
    let mount = root.join(mount);
    // "max" is no number, and means none.
    let limit = |group: &Path| read(&mount.join(group).join(name))?.trim().parse().ok();
    Path::new(path).ancestors().filter_map(limit).min()
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn tightest_limit_counts() {
        let meminfo = ("proc/meminfo", "MemTotal:        4096 kB\nMemFree: 1 kB\n");
        let machine_alone = machine(&[meminfo]);
        assert_eq!(available(machine_alone.path()), Some(4096 * 1024));
        let second = machine(&[
            meminfo,
            ("proc/self/cgroup", "0::/a.slice/b.service\n"),
            ("sys/fs/cgroup/a.slice/memory.max", "1000000\n"),
            ("sys/fs/cgroup/a.slice/b.service/memory.max", "max\n"),
        ]);
        assert_eq!(available(second.path()), Some(1_000_000));
        let first = machine(&[
            meminfo,
            ("proc/self/cgroup", "5:cpu:/x\n4:memory:/x\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "2000000\n"),
        ]);
        assert_eq!(available(first.path()), Some(2_000_000));
        assert_eq!(available(machine(&[]).path()), None);
    }
}
