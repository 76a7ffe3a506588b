//! Asking and binding: what all statements of this store share.
//!
//! A question about many ids is one statement with an array. PostgreSQL's texts cannot hold
//! U+0000, so it is written as U+0001 U+0001, and U+0001 as U+0001 U+0002; that keeps the order of
//! texts and of beginnings. FHIR allows neither of them in a string.

use std::borrow::Cow;

use deadpool_postgres::StatementCache;
use tokio_postgres::{
    Client, Row,
    types::{ToSql, Type},
};

use crate::{StoreError, Window, plan::refused};

/// A connection, or the transaction on it, with its prepared statements.
#[derive(Clone, Copy)]
pub(super) struct Db<'c> {
    pub(super) client: &'c Client,
    pub(super) cache: &'c StatementCache,
}

/// The parameters of a statement.
pub(super) type Values<'v> = &'v [&'v (dyn ToSql + Sync)];

impl Db<'_> {
    /// Every row that `sql` gives, read. `sql` must be one of few texts: it stays prepared.
    pub(super) async fn all<T>(
        self,
        sql: &str,
        values: Values<'_>,
        read: impl FnMut(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let statement = self.cache.prepare(self.client, sql).await?;
        self.client.query(&statement, values).await?.iter().map(read).collect()
    }

    /// The first row that `sql` gives, read; `None` without one.
    pub(super) async fn first<T>(
        self,
        sql: &str,
        values: Values<'_>,
        read: impl FnMut(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(sql, values, read).await?.into_iter().next())
    }

    /// The only row that `sql` gives, read.
    pub(super) async fn one<T>(
        self,
        sql: &str,
        values: Values<'_>,
        read: impl FnMut(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let row = self.first(sql, values, read).await?;
        row.ok_or_else(|| StoreError::Damaged("a row that must be there is missing".to_owned()))
    }

    /// Carries out `sql`; gives how many rows it touched.
    pub(super) async fn execute(self, sql: &str, values: Values<'_>) -> Result<u64, StoreError> {
        let statement = self.cache.prepare(self.client, sql).await?;
        Ok(self.client.execute(&statement, values).await?)
    }

    /// As [`Self::all`], for a text that is put together while running: planned for its values,
    /// and not kept.
    pub(super) async fn ask<T>(
        self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let values: Vec<(&(dyn ToSql + Sync), Type)> = values.iter().map(Value::typed).collect();
        self.client.query_typed(sql, &values).await?.iter().map(read).collect()
    }
}

/// A parameter of a statement that is put together while running.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// An integer.
    Int(i64),
    /// A text, as the database holds it.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

impl Value {
    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Int(value) => (value, Type::INT8),
            Self::Text(value) => (value, Type::TEXT),
            Self::Texts(values) => (values, Type::TEXT_ARRAY),
        }
    }
}

/// A text as the database can hold it.
pub(super) fn held(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', '\u{1}']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\u{1}', "\u{1}\u{2}").replace('\0', "\u{1}\u{1}"))
}

/// The texts as the database can hold them.
pub(super) fn all_held<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<Cow<'t, str>> {
    texts.into_iter().map(held).collect()
}

/// What [`held`] was made from.
pub(super) fn unheld(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1}') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        out.push(match letter {
            '\u{1}' if letters.next() == Some('\u{1}') => '\0',
            letter => letter,
        });
    }
    Cow::Owned(out)
}

/// Limit and offset of a window.
pub(super) fn limit_offset(window: Window) -> (i64, i64) {
    let clamp = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    (clamp(window.limit), clamp(window.offset))
}

/// A count as the database keeps it.
pub(super) fn count(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|_| refused("a number is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_keep_their_order() {
        let texts =
            ["", "\0", "\0\0", "\0\u{1}", "\0\u{2}", "\u{1}", "\u{1}\0", "\u{2}", "a", "a\0"];
        for pair in texts.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
            assert!(held(pair[0]) < held(pair[1]), "{pair:?}");
        }
        for text in texts {
            assert_eq!(unheld(&held(text)), text);
            assert!(!held(text).contains('\0'));
        }
    }
}
