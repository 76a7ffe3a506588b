//! The data folder's disk, and memory.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::Finding;
use crate::{config::Config, memory};

/// Less free than this is a warning; a submission takes some kilobytes.
const FREE_WARN: u64 = 2 << 30;
/// Less than this fails: a day's work may not fit.
const FREE_FAIL: u64 = 64 << 20;
/// A durable write that takes longer makes every submission wait as long.
const SLOW: Duration = Duration::from_millis(50);

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let folder = &config.data.folder;
    let place = existing(folder);
    let shown = folder.display();
    let is_new = if folder.exists() { "" } else { " (to be made)" };
    let written = match durable_write(&place) {
        Ok(took) => took,
        Err(error) => {
            let text = format!("{shown}{is_new} cannot be written to: {error}");
            return vec![Finding::fail("data folder", text)];
        }
    };
    let ms = written.as_secs_f64() * 1e3;
    let told = format!("{shown}{is_new}: a durable write takes {ms:.1} ms");
    let folder = match written > SLOW {
        true => Finding::warn(
            "data folder",
            format!("{told}, and so does every commit: use a faster disk"),
        ),
        false => Finding::ok("data folder", told),
    };
    vec![folder, space(&place)]
}

/// The folder, or the nearest one above it that is there.
fn existing(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find(|above| above.is_dir());
    found.filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn durable_write(folder: &Path) -> io::Result<Duration> {
    let path = folder.join(format!(".opencr-doctor-{}", std::process::id()));
    let began = Instant::now();
    let written = fs::File::create_new(&path).and_then(|mut file| {
        file.write_all(&[b'x'; 4096])?;
        file.sync_all()
    });
    let took = began.elapsed();
    let deleted = fs::remove_file(&path);
    written.and(deleted).map(|()| took)
}

fn space(folder: &Path) -> Finding {
    let what = "disk space";
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return Finding::warn(what, "the system does not tell how much is free");
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let told = format!("{} MB free", free >> 20);
    match free {
        ..FREE_FAIL => Finding::fail(what, format!("{told}: make room")),
        FREE_FAIL..FREE_WARN => Finding::warn(what, format!("{told}: make room soon")),
        _ => Finding::ok(what, told),
    }
}

pub(super) fn memory() -> Finding {
    let bodies = memory::for_bodies() >> 20;
    let told = format!("large requests share {bodies} MB (server.bodies_max_bytes = 0)");
    match bodies {
        0..8 => Finding::warn("memory", format!("{told}: long Bundles will be refused")),
        _ => Finding::ok("memory", told),
    }
}
