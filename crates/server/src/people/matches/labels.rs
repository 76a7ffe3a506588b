//! What the rows of a score matrix are called: by their numbers, as OpenCR's UI expects, but no two
//! alike.
//!
//! The UI takes a row's `source_id` for its key and writes each score into the row under the
//! other's `source_id` (contract 5.4, Resolve). Two systems that use one number, or a number that
//! is the name of a member, would make it show one record as another (contract 6, D34).

use std::collections::{BTreeMap, BTreeSet};

use pipeline::scores::Matrix;
use registry::ids::SourceKey;

/// Members of a row, and what the UI adds to it.
const MEMBERS: [&str; 13] = [
    "id",
    "gender",
    "given",
    "family",
    "birthDate",
    "phone",
    "uid",
    "ouid",
    "source",
    "source_id",
    "scores",
    "view",
    "score",
];

/// Names of all records that a matrix speaks of.
pub(super) struct Labels<'m> {
    by_key: BTreeMap<&'m SourceKey, String>,
}

impl<'m> Labels<'m> {
    pub(super) fn of(matrix: &'m Matrix) -> Self {
        let rows = matrix.rows.iter();
        let keys: BTreeSet<&SourceKey> =
            rows.flat_map(|row| row.source.iter().chain(row.scores.keys())).collect();
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for key in &keys {
            *times.entry(&key.value).or_default() += 1;
        }
        let by_key = keys.into_iter().map(|key| {
            let is_plain = times[&*key.value] == 1 && !is_member(&key.value);
            let (system, value) = (&key.system, &key.value);
            (key, if is_plain { value.to_string() } else { format!("{value} ({system})") })
        });
        Self { by_key: by_key.collect() }
    }

    /// What a record is called.
    ///
    /// # Panics
    ///
    /// If its key is none of the matrix.
    pub(super) fn name(&self, key: &SourceKey) -> &str {
        self.by_key.get(key).expect("made of the same matrix")
    }
}

fn is_member(value: &str) -> bool {
    MEMBERS.contains(&value) || ["identifier_", "extension_"].iter().any(|it| value.starts_with(it))
}
