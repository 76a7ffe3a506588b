//! The crate against vectors that came out of the original, and against its own laws.
//!
//! The vectors are copies of `golden/*.json` (their README tells how they were made). Nothing is
//! skipped: what differs by design is recognised by its content, asserted against what this
//! crate promises instead, and counted. Unit tests are beside the code.

#![expect(clippy::unwrap_used, reason = "a vector of another shape than described is a failure")]

#[path = "golden/oracle.rs"]
mod oracle;
#[path = "golden/phonetic.rs"]
mod phonetic;
#[path = "golden/properties.rs"]
mod properties;
#[path = "golden/scenarios.rs"]
mod scenarios;
#[path = "golden/score.rs"]
mod score;
#[path = "golden/strings.rs"]
mod strings;

use serde_json::Value;

/// Reads one golden file.
fn load(name: &str) -> Value {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}
