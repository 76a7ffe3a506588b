//! Writing what searches find patients by: tags and index rows.

use std::borrow::Cow;

use registry::{
    commit::{Commit, TagKey},
    search::{IndexEntry, IndexValue},
};

use super::{
    sql::{Db, held},
    write::Numbers,
};
use crate::{StoreError, plan::Plan};

/// The columns that tell rows of one table apart, and the two others.
struct Columns<M, A, B> {
    keys: Vec<i64>,
    /// `param`, or whether a tag is the registry's own.
    marks: Vec<M>,
    places: Vec<i64>,
    first: Vec<A>,
    second: Vec<B>,
}

impl<M, A, B> Default for Columns<M, A, B> {
    fn default() -> Self {
        let (keys, marks, places) = (Vec::new(), Vec::new(), Vec::new());
        Self { keys, marks, places, first: Vec::new(), second: Vec::new() }
    }
}

impl<M, A, B> Columns<M, A, B> {
    fn push(&mut self, key: i64, mark: M, place: i64, pair: (A, B)) {
        self.keys.push(key);
        self.marks.push(mark);
        self.places.push(place);
        self.first.push(pair.0);
        self.second.push(pair.1);
    }
}

/// The rows of each table that a commit writes.
#[derive(Default)]
struct Rows<'c> {
    texts: Columns<i64, Cow<'c, str>, Cow<'c, str>>,
    tokens: Columns<i64, Option<Cow<'c, str>>, Cow<'c, str>>,
    dates: Columns<i64, i64, i64>,
    tags: Columns<bool, Option<Cow<'c, str>>, Cow<'c, str>>,
}

/// Replaces the index rows of records with new content and the tags of tagged patients, and
/// deletes the index rows of withdrawn records.
pub(super) async fn write(
    db: Db<'_>,
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
    delete(db, &stale, &retagged).await?;
    rows.insert(db).await
}

async fn delete(db: Db<'_>, stale: &[i64], retagged: &[i64]) -> Result<(), StoreError> {
    for (sql, keys) in [
        ("DELETE FROM idx_text WHERE key = ANY($1)", stale),
        ("DELETE FROM idx_token WHERE key = ANY($1)", stale),
        ("DELETE FROM idx_date WHERE key = ANY($1)", stale),
        ("DELETE FROM patient_tag WHERE NOT own AND key = ANY($1)", stale),
        ("DELETE FROM patient_tag WHERE own AND key = ANY($1)", retagged),
    ] {
        if !keys.is_empty() {
            db.execute(sql, &[&keys]).await?;
        }
    }
    Ok(())
}

impl<'c> Rows<'c> {
    async fn insert(self, db: Db<'_>) -> Result<(), StoreError> {
        let Self { texts, tokens, dates, tags } = &self;
        if !texts.keys.is_empty() {
            let sql = "INSERT INTO idx_text (key, param, n, folded, exact) SELECT * FROM \
                unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])";
            let Columns { keys, marks, places, first, second } = texts;
            db.execute(sql, &[keys, marks, places, first, second]).await?;
        }
        if !tokens.keys.is_empty() {
            let sql = "INSERT INTO idx_token (key, param, n, system, code) SELECT * FROM \
                unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])";
            let Columns { keys, marks, places, first, second } = tokens;
            db.execute(sql, &[keys, marks, places, first, second]).await?;
        }
        if !dates.keys.is_empty() {
            let sql = "INSERT INTO idx_date (key, param, n, lo, hi) SELECT * FROM \
                unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])";
            let Columns { keys, marks, places, first, second } = dates;
            db.execute(sql, &[keys, marks, places, first, second]).await?;
        }
        if !tags.keys.is_empty() {
            let sql = "INSERT INTO patient_tag (key, own, n, system, code) SELECT * FROM \
                unnest($1::bigint[], $2::boolean[], $3::bigint[], $4::text[], $5::text[])";
            let Columns { keys, marks, places, first, second } = tags;
            db.execute(sql, &[keys, marks, places, first, second]).await?;
        }
        Ok(())
    }

    fn add_entries(&mut self, key: i64, entries: &'c [IndexEntry]) {
        for (n, entry) in (0_i64..).zip(entries) {
            let param = i64::from(entry.param.to_code());
            match &entry.value {
                IndexValue::Text { folded, exact } => {
                    self.texts.push(key, param, n, (held(folded), held(exact)));
                }
                IndexValue::Token { system, code } => {
                    self.tokens.push(key, param, n, (system.as_deref().map(held), held(code)));
                }
                IndexValue::Date { lo, hi } => self.dates.push(key, param, n, (*lo, *hi)),
            }
        }
    }

    fn add_tags(&mut self, key: i64, is_own: bool, tags: &'c [TagKey]) {
        for (n, tag) in (0_i64..).zip(tags) {
            self.tags.push(key, is_own, n, (tag.system.as_deref().map(held), held(&tag.code)));
        }
    }
}
