//! Measures the registry on made-up people: `cargo run --release -p bench -- [records]`.
//!
//! Figures are for reading and for ratios between runs on one machine, never for tests: a busy
//! machine would make them fail.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

mod search;
mod submit;

/// OpenCR's default rules, as shipped.
const RULES: &str = include_str!("../../../config/decisionRules.json");

fn main() -> anyhow::Result<()> {
    let records = std::env::args().nth(1).map_or(Ok(20_000), |text| text.parse())?;
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
