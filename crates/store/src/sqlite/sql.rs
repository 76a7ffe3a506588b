//! Values, reading, and lists: what all statements of this store share.
//!
//! A question about many ids is one prepared statement, asked once an id: within a process that
//! costs no more than a list in the statement, and its text is always the same.

use std::{borrow::Cow, collections::BTreeSet};

use rusqlite::{
    Connection, Params, Row, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use crate::{StoreError, Window, plan::refused};

/// A parameter of a statement that is put together while running.
#[derive(Clone, Debug)]
pub(super) enum Value<'v> {
    /// An integer.
    Int(i64),
    /// A text.
    Text(Cow<'v, str>),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

/// Every row that `sql` gives, read. `sql` must be made of this room's own words only.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    connection.prepare_cached(sql)?.query_and_then(values, read)?.collect()
}

/// The first row that `sql` gives, read; `None` without one.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    connection.prepare_cached(sql)?.query_and_then(values, read)?.next().transpose()
}

/// The only row that `sql` gives, read.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    first(connection, sql, values, read)?
        .ok_or_else(|| StoreError::Database(Box::new(rusqlite::Error::QueryReturnedNoRows)))
}

/// Every row that `sql` gives for each of `keys`, read, those of one key beside each other.
pub(super) fn each<K: Params, T>(
    connection: &Connection,
    sql: &str,
    keys: impl IntoIterator<Item = K>,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut answers = Vec::new();
    for key in keys {
        let mut rows = statement.query(key)?;
        while let Some(row) = rows.next()? {
            answers.push(read(row)?);
        }
    }
    Ok(answers)
}

/// Runs `sql` once for each of `rows`.
pub(super) fn execute_each<P: Params>(
    connection: &Connection,
    sql: &str,
    rows: impl IntoIterator<Item = Result<P, StoreError>>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    for row in rows {
        statement.execute(row?)?;
    }
    Ok(())
}

/// The ids as parameters, each once.
pub(super) fn once<'v>(ids: impl IntoIterator<Item = &'v str>) -> Vec<(&'v str,)> {
    let ids: BTreeSet<&str> = ids.into_iter().collect();
    ids.into_iter().map(|id| (id,)).collect()
}

/// Limit and offset of a window, in the order of `LIMIT ? OFFSET ?`.
pub(super) fn limit_offset(window: Window) -> (i64, i64) {
    let clamp = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    (clamp(window.limit), clamp(window.offset))
}

/// A count as the database keeps it.
pub(super) fn count(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|_| refused("a number is too large"))
}
