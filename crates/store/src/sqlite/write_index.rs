//! Writing what searches find patients by: tags and index rows.

use registry::{
    commit::{Commit, TagKey},
    search::{IndexEntry, IndexValue},
};
use rusqlite::Connection;

use super::{sql::execute_each, write::Numbers};
use crate::{StoreError, plan::Plan};

/// A row of a table whose last two columns are `A` and `B`.
type Row<A, B> = (i64, u32, i64, A, B);

/// The rows of each table that a commit writes.
#[derive(Default)]
struct Rows<'c> {
    texts: Vec<Row<&'c str, &'c str>>,
    tokens: Vec<Row<Option<&'c str>, &'c str>>,
    dates: Vec<Row<i64, i64>>,
    tags: Vec<Row<Option<&'c str>, &'c str>>,
}

/// Replaces the index rows of records with new content and the tags of tagged patients, and
/// deletes the index rows of withdrawn records.
pub(super) fn write(
    connection: &Connection,
    commit: &Commit,
    plan: &Plan<'_>,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let mut rows = Rows::default();
    let mut stale = Vec::new();
    let mut retagged = Vec::new();
    for state in &commit.records {
        let content = plan.contents.get(&state.content);
        let key = numbers.key(state.id.as_str())?;
        if numbers.is_stored(key) && (state.is_withdrawn || content.is_some()) {
            stale.push(key);
        }
        if let Some(content) = content.filter(|_| !state.is_withdrawn) {
            rows.add_entries(key, &content.index);
            rows.add_tags(key, false, &content.tags);
        }
    }
    for (id, tags) in &commit.tags {
        let key = numbers.key(id)?;
        if numbers.is_stored(key) {
            retagged.push(key);
        }
        rows.add_tags(key, true, tags);
    }
    delete(connection, &stale, &retagged)?;
    rows.insert(connection)
}

fn delete(connection: &Connection, stale: &[i64], retagged: &[i64]) -> Result<(), StoreError> {
    for (sql, keys) in [
        ("DELETE FROM idx_text WHERE key = ?", stale),
        ("DELETE FROM idx_token WHERE key = ?", stale),
        ("DELETE FROM idx_date WHERE key = ?", stale),
        ("DELETE FROM patient_tag WHERE own = 0 AND key = ?", stale),
        ("DELETE FROM patient_tag WHERE own = 1 AND key = ?", retagged),
    ] {
        execute_each(connection, sql, keys.iter().map(|key| Ok((*key,))))?;
    }
    Ok(())
}

impl<'c> Rows<'c> {
    fn insert(self, connection: &Connection) -> Result<(), StoreError> {
        let sql = "INSERT INTO idx_text (key, param, n, folded, exact) VALUES (?, ?, ?, ?, ?)";
        execute_each(connection, sql, self.texts.into_iter().map(Ok))?;
        let sql = "INSERT INTO idx_token (key, param, n, system, code) VALUES (?, ?, ?, ?, ?)";
        execute_each(connection, sql, self.tokens.into_iter().map(Ok))?;
        let sql = "INSERT INTO idx_date (key, param, n, lo, hi) VALUES (?, ?, ?, ?, ?)";
        execute_each(connection, sql, self.dates.into_iter().map(Ok))?;
        let sql = "INSERT INTO patient_tag (key, own, n, system, code) VALUES (?, ?, ?, ?, ?)";
        execute_each(connection, sql, self.tags.into_iter().map(Ok))
    }

    fn add_entries(&mut self, key: i64, entries: &'c [IndexEntry]) {
        for (n, entry) in (0_i64..).zip(entries) {
            let param = u32::from(entry.param.to_code());
            match &entry.value {
                IndexValue::Text { folded, exact } => {
                    self.texts.push((key, param, n, folded, exact));
                }
                IndexValue::Token { system, code } => {
                    self.tokens.push((key, param, n, system.as_deref(), code));
                }
                IndexValue::Date { lo, hi } => self.dates.push((key, param, n, *lo, *hi)),
            }
        }
    }

    fn add_tags(&mut self, key: i64, is_own: bool, tags: &'c [TagKey]) {
        for (n, tag) in (0_i64..).zip(tags) {
            self.tags.push((key, is_own.into(), n, tag.system.as_deref(), &tag.code));
        }
    }
}
