//! How an import is coming along: a bar on a terminal, else a line now and then.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The bar or the lines. Goes by the bytes read of the file, whose rows nobody has counted.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    read: Arc<AtomicU64>,
    total: u64,
    started: Instant,
    told: Instant,
    rows: u64,
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

impl Progress {
    /// Opens the file and watches how far it is read.
    pub(super) fn over(path: &Path) -> anyhow::Result<(Self, Box<dyn Read + Send>)> {
        let context = || format!("cannot open {}", path.display());
        let file = File::open(path).with_context(context)?;
        let total = file.metadata().with_context(context)?.len();
        let read = Arc::new(AtomicU64::new(0));
        let bar = io::stderr().is_terminal().then(|| {
            let template = "{bar:30} {percent:>3} %  {msg}  {eta} left";
            let style = ProgressStyle::with_template(template)
                .expect("the template has known keys only")
                .progress_chars("=> ");
            ProgressBar::new(total).with_style(style)
        });
        let now = Instant::now();
        let counted = Counted { file, read: read.clone() };
        let progress = Self { bar, read, total, started: now, told: now, rows: 0 };
        Ok((progress, Box::new(counted)))
    }

    /// Shows that this run has done `rows` rows, of which `bad` were not taken.
    pub(super) fn show(&mut self, rows: u64, bad: u64) {
        self.rows = rows;
        let read = self.read.load(Ordering::Relaxed);
        let rate = rows as f64 / self.seconds().max(0.001);
        let mut message = format!("{rows} rows, {rate:.0} a second");
        if bad > 0 {
            message.push_str(&format!(", {bad} not taken"));
        }
        if let Some(bar) = &self.bar {
            bar.set_message(message);
            bar.set_position(read);
            return;
        }
        if self.told.elapsed() < LINE_EVERY {
            return;
        }
        self.told = Instant::now();
        let share = read as f64 / self.total.max(1) as f64;
        let left = self.seconds() * (1.0 - share) / share.max(0.001);
        eprintln!("{message}, {:.0} % of the file, about {left:.0} s left", share * 100.0);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// How long it has taken, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}
