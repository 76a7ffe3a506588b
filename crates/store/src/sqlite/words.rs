//! Texts that searches know, for whoever looks for those that are like another.

use registry::search::Param;
use rusqlite::Connection;

use super::{
    rows::text,
    sql::{self, Value},
};
use crate::{StoreError, shape::after_prefix};

/// The folded texts of a kind with this beginning. The index is read by leaps from one text to the
/// next, since a name may stand there for each of ten thousand patients.
pub(super) fn words(
    connection: &Connection,
    kind: Param,
    start: &str,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let below = if after_prefix(start).is_some() { "AND folded < ?3" } else { "AND ?3 = ''" };
    let next = |from: &str| {
        format!("(SELECT MIN(folded) FROM idx_text WHERE param = ?1 AND folded {from} {below})")
    };
    let sql = format!(
        "WITH RECURSIVE leap (word) AS (SELECT {} UNION ALL SELECT {} FROM leap \
         WHERE leap.word IS NOT NULL) SELECT word FROM leap WHERE word IS NOT NULL LIMIT ?4",
        next(">= ?2"),
        next("> leap.word"),
    );
    let end = after_prefix(start).unwrap_or_default();
    let values = [
        Value::Int(kind.to_code().into()),
        Value::Text(start.into()),
        Value::Text(end.into()),
        Value::Int(limit.into()),
    ];
    sql::all(connection, &sql, rusqlite::params_from_iter(values), |row| {
        Ok(text(row, 0)?.to_owned())
    })
}
