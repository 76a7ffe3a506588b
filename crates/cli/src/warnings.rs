//! What rows lost on the way, counted by column and told once at the end.

use std::collections::BTreeMap;

use pipeline::rows::RowWarning;

/// How often each thing happened.
#[derive(Default)]
pub(crate) struct Warnings(BTreeMap<RowWarning, u64>);

impl Warnings {
    /// Counts the warnings of a row.
    pub(crate) fn add(&mut self, warnings: Vec<RowWarning>) {
        for warning in warnings {
            *self.0.entry(warning).or_default() += 1;
        }
    }

    /// Tells them on stderr, a line each.
    pub(crate) fn tell(&self) {
        for (warning, count) in &self.0 {
            eprintln!("{count} rows: {warning}");
        }
    }
}
