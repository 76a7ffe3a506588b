//! Values, lists and many-row inserts: what all statements of this store share.

use std::borrow::Cow;

use sqlx::{
    AssertSqlSafe, Sqlite, SqliteConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{StoreError, Window, plan::refused};

/// A bound parameter.
#[derive(Clone, Debug)]
pub(super) enum Value<'v> {
    /// An integer.
    Int(i64),
    /// A text.
    Text(Cow<'v, str>),
    /// Nothing.
    Null,
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
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

impl<'v, T: Into<Value<'v>>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// How many rows one insert holds: a few fixed lengths, so that each is prepared only once.
const INSERT_ROWS: [usize; 3] = [64, 8, 1];

/// How many values one list holds; a shorter list repeats its last value.
const LIST_VALUES: [usize; 4] = [1, 8, 64, LIST_MAX];

/// The longest list of one statement.
const LIST_MAX: usize = 512;

/// The statement with its parameters bound. `sql` must be made of this room's own words only.
pub(super) fn query<'v>(
    sql: String,
    values: impl IntoIterator<Item = &'v Value<'v>>,
) -> Query<'static, Sqlite, SqliteArguments> {
    let query = sqlx::query(AssertSqlSafe(sql));
    values.into_iter().fold(query, |query, value| match value {
        Value::Int(value) => query.bind(*value),
        Value::Text(value) => query.bind(value.clone().into_owned()),
        Value::Null => query.bind(None::<i64>),
    })
}

/// Runs `<insert> VALUES <rows> <then>` in as few statements as lengths allow.
pub(super) async fn insert<const N: usize>(
    connection: &mut SqliteConnection,
    insert: &str,
    then: &str,
    rows: &[[Value<'_>; N]],
) -> Result<(), StoreError> {
    // Numbered parameters are names to SQLite, which looks each up in a list: too slow here.
    let row = format!("({})", vec!["?"; N].join(", "));
    let mut rest = rows;
    for length in INSERT_ROWS {
        if rest.len() < length {
            continue;
        }
        let sql = format!("{insert} VALUES {} {then}", vec![row.as_str(); length].join(", "));
        while rest.len() >= length {
            let (chunk, after) = rest.split_at(length);
            let values = chunk.iter().flatten();
            query(sql.clone(), values).execute(&mut *connection).await?;
            rest = after;
        }
    }
    Ok(())
}

/// The statements and parameters that go through `values` with `<before> (<list>) <after>`.
fn lists<'l, 'v>(
    before: &'l str,
    values: &'l [Value<'v>],
    after: &'l str,
) -> impl Iterator<Item = (String, Vec<&'l Value<'v>>)> {
    values.chunks(LIST_MAX).map(move |chunk| {
        let length = LIST_VALUES.into_iter().find(|length| *length >= chunk.len());
        let length = length.unwrap_or(LIST_MAX);
        let padding = std::iter::repeat_n(&chunk[chunk.len() - 1], length - chunk.len());
        let sql = format!("{before} ({}) {after}", vec!["?"; length].join(", "));
        (sql, chunk.iter().chain(padding).collect())
    })
}

/// All rows of `<before> (<list>) <after>`, however long the list is.
pub(super) async fn fetch_in(
    connection: &mut SqliteConnection,
    before: &str,
    values: &[Value<'_>],
    after: &str,
) -> Result<Vec<SqliteRow>, StoreError> {
    fetch_in_where(connection, (before, &[]), values, after).await
}

/// As [`fetch_in`], with parameters bound in what stands before the list.
pub(super) async fn fetch_in_where(
    connection: &mut SqliteConnection,
    (before, first): (&str, &[Value<'_>]),
    values: &[Value<'_>],
    after: &str,
) -> Result<Vec<SqliteRow>, StoreError> {
    let mut rows = Vec::new();
    for (sql, values) in lists(before, values, after) {
        let values = first.iter().chain(values);
        rows.extend(query(sql, values).fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

/// Runs `<before> (<list>)`, however long the list is.
pub(super) async fn execute_in(
    connection: &mut SqliteConnection,
    before: &str,
    values: &[Value<'_>],
) -> Result<(), StoreError> {
    for (sql, values) in lists(before, values, "") {
        query(sql, values).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The ids as parameters, each once.
pub(super) fn id_list<'v>(ids: impl IntoIterator<Item = &'v str>) -> Vec<Value<'v>> {
    let mut ids: Vec<&str> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(Value::from).collect()
}

/// Limit and offset of a window, in the order of `LIMIT ? OFFSET ?`.
pub(super) fn limit_offset(window: Window) -> [Value<'static>; 2] {
    let clamp = |count: u64| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    [clamp(window.limit), clamp(window.offset)]
}

/// A count as the database keeps it.
pub(super) fn count(count: u64) -> Result<Value<'static>, StoreError> {
    i64::try_from(count).map(Value::Int).map_err(|_| refused("a number is too large"))
}
