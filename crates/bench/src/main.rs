//! Measures the registry on made-up people: `cargo run --release -p bench -- COMMAND`.
//!
//! - `match --records N --rules NAME|FILE
//!   [--scans N] [--json]`: the index against a scan of all records; names are `native`,
//!   `opencr-default`, `opencr-probabilistic` and `fellegi-sunter`.
//! - `throughput [--records N] [--new N] [--connections N] [--store FILE|URL] [--nodes N] [--json]`: new people
//!   over HTTP into a registry that holds N records, each durable before its answer.
//! - `room --user NAME --password PASSWORD --people FILE.csv [--server ADDRESS] [--each N]
//!   [--pid PID]`: searches in the stewards' room of a registry that runs and holds the people of the table.
//! - `churn [UPDATES]`: memory of the index while the same 10,000 records are updated.
//! - `pipeline [RECORDS]`: searches and submissions without HTTP, by store and senders.
//!
//! Figures are for reading and for ratios between runs on one machine, never for tests: a busy
//! machine would make them fail.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

mod http;
mod load;
mod matches;
mod room;
mod search;
mod submit;

use std::time::Duration;

/// Documents are built by one thread and freed by another, as in the registry itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// OpenCR's default rules, as shipped.
const RULES: &str = include_str!("../../../config/decisionRules.json");

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("match") => matches::measure(&matches::Asked::read(words)?),
        Some("throughput") => http::measure(&http::Asked::read(words)?),
        Some("room") => room::measure(&room::Asked::read(words)?),
        Some("churn") => {
            load::churn(10_000, words.next().map_or(Ok(1_000_000), |text| text.parse())?)
        }
        Some("pipeline") => pipeline(words.next().map_or(Ok(20_000), |text| text.parse())?),
        _ => anyhow::bail!("say what to measure: match, throughput, room, churn or pipeline"),
    }
}

fn pipeline(records: usize) -> anyhow::Result<()> {
    println!("{records} made-up records, OpenCR's default rules");
    search::measure(records)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(submit::measure(records))
}

/// The `percent`-th of sorted times; zero if there are none.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// The rule set with its compiled paths.
fn extractor() -> anyhow::Result<registry::extract::Extractor> {
    let ruleset = std::sync::Arc::new(matching::opencr::parse(RULES)?);
    Ok(registry::extract::Extractor::compile(ruleset)?)
}
