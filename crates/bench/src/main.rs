//! Measures the registry on made-up people: `cargo run --release -p bench -- COMMAND`.
//!
//! - `match --records N --rules opencr-default|opencr-probabilistic|fellegi-sunter|FILE
//!   [--scans N] [--json]`: the index against a scan of all records.
//! - `throughput [RECORDS]`: searches and submissions by the whole road.
//!
//! Figures are for reading and for ratios between runs on one machine, never for tests: a busy
//! machine would make them fail.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

mod matches;
mod search;
mod submit;

/// OpenCR's default rules, as shipped.
const RULES: &str = include_str!("../../../config/decisionRules.json");

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("match") => matches::measure(&matches::Asked::read(words)?),
        Some("throughput") | None => {
            throughput(words.next().map_or(Ok(20_000), |text| text.parse())?)
        }
        Some(other) => anyhow::bail!("unknown command {other}: match or throughput"),
    }
}

fn throughput(records: usize) -> anyhow::Result<()> {
    println!("{records} made-up records, OpenCR's default rules");
    search::measure(records)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(submit::measure(records))
}

/// The rule set with its compiled paths.
fn extractor() -> anyhow::Result<registry::extract::Extractor> {
    let ruleset = std::sync::Arc::new(matching::opencr::parse(RULES)?);
    Ok(registry::extract::Extractor::compile(ruleset)?)
}
