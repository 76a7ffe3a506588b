//! Writing what searches find patients by: tags and index rows.

use registry::{
    commit::{Commit, TagKey},
    search::{IndexEntry, IndexValue},
};
use sqlx::SqliteConnection;

use super::{
    sql::{Value, execute_in, insert},
    write::Numbers,
};
use crate::{StoreError, plan::Plan};

/// The rows of each table that a commit writes.
#[derive(Default)]
struct Rows<'c> {
    texts: Vec<[Value<'c>; 5]>,
    tokens: Vec<[Value<'c>; 5]>,
    dates: Vec<[Value<'c>; 5]>,
    tags: Vec<[Value<'c>; 5]>,
}

/// Replaces the index rows of records with new content and the tags of tagged patients, and
/// deletes the index rows of withdrawn records.
pub(super) async fn write(
    connection: &mut SqliteConnection,
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
            stale.push(Value::from(key));
        }
        if let Some(content) = content.filter(|_| !state.is_withdrawn) {
            rows.add_entries(key, &content.index);
            rows.add_tags(key, false, &content.tags);
        }
    }
    for (id, tags) in &commit.tags {
        let key = numbers.key(id)?;
        if numbers.is_stored(key) {
            retagged.push(Value::from(key));
        }
        rows.add_tags(key, true, tags);
    }
    for table in ["idx_text", "idx_token", "idx_date"] {
        execute_in(connection, &format!("DELETE FROM {table} WHERE key IN"), &stale).await?;
    }
    for (own, keys) in [(0, &stale), (1, &retagged)] {
        let sql = format!("DELETE FROM patient_tag WHERE own = {own} AND key IN");
        execute_in(connection, &sql, keys).await?;
    }
    let into = "INSERT INTO idx_text (key, param, n, folded, exact)";
    insert(connection, into, "", &rows.texts).await?;
    let into = "INSERT INTO idx_token (key, param, n, system, code)";
    insert(connection, into, "", &rows.tokens).await?;
    let into = "INSERT INTO idx_date (key, param, n, lo, hi)";
    insert(connection, into, "", &rows.dates).await?;
    let into = "INSERT INTO patient_tag (key, own, n, system, code)";
    insert(connection, into, "", &rows.tags).await
}

impl<'c> Rows<'c> {
    fn add_entries(&mut self, key: i64, entries: &'c [IndexEntry]) {
        for (n, entry) in (0_i64..).zip(entries) {
            let key = Value::from(key);
            let param = Value::from(u32::from(entry.param.to_code()));
            match &entry.value {
                IndexValue::Text { folded, exact } => {
                    let (folded, exact) = (folded.as_str(), exact.as_str());
                    self.texts.push([key, param, n.into(), folded.into(), exact.into()]);
                }
                IndexValue::Token { system, code } => {
                    let (system, code) = (system.as_deref(), code.as_str());
                    self.tokens.push([key, param, n.into(), system.into(), code.into()]);
                }
                IndexValue::Date { lo, hi } => {
                    self.dates.push([key, param, n.into(), (*lo).into(), (*hi).into()]);
                }
            }
        }
    }

    fn add_tags(&mut self, key: i64, is_own: bool, tags: &'c [TagKey]) {
        for (n, tag) in (0_i64..).zip(tags) {
            let (system, code) = (tag.system.as_deref(), tag.code.as_str());
            self.tags.push([key.into(), is_own.into(), n.into(), system.into(), code.into()]);
        }
    }
}
