//! Answering a FHIR search with SQL that means what [`registry::search::matches`] means.
//!
//! Which filter leads and which are only checked is left to PostgreSQL, which keeps statistics of
//! its tables and is told the values: such a statement is planned each time.

mod filter;

use registry::{
    ids::{Cruid, RecordNumber},
    search::{Filter, SortField, SortKey},
};

use self::filter::Condition;
use super::{
    rows::{large, text},
    sql::{Db, Value, held, limit_offset},
};
use crate::{
    FoundIds, FoundPersons, Sought, StoreError, Window, plan::refused, shape::after_prefix,
};

/// The patients that fit all filters. Needs a transaction.
pub(super) async fn search(
    db: Db<'_>,
    filters: &[Filter],
    sort: &[SortKey],
    window: Window,
) -> Result<FoundIds, StoreError> {
    let mut condition = Condition::default();
    // Retired golden records and withdrawn source records are not found.
    let mut text_of = "p.state IN (0, 2, 3)".to_owned();
    for filter in filters {
        text_of += " AND ";
        text_of += &condition.check(filter);
    }
    let sql = format!("SELECT COUNT(*) FROM patient p WHERE {text_of}");
    let total = db.ask(&sql, &condition.values, |row| large(row, 0)).await?;
    let total = total.first().copied().unwrap_or_default();
    if window.limit == 0 || window.offset >= total {
        return Ok(FoundIds { ids: Vec::new(), total });
    }
    let order: String = sort.iter().map(|key| order(*key) + ", ").collect();
    let (limit, offset) = limit_offset(window);
    let limit = condition.bind(Value::Int(limit));
    let offset = condition.bind(Value::Int(offset));
    let sql = format!(
        "SELECT p.id FROM patient p WHERE {text_of} ORDER BY {order}p.key \
         LIMIT {limit} OFFSET {offset}"
    );
    let ids = db.ask(&sql, &condition.values, |row| Ok(text(row, 0)?.into_owned())).await?;
    Ok(FoundIds { ids, total })
}

/// The persons of live records for which all that is sought holds; `limit` records are looked at.
/// Needs a transaction.
pub(super) async fn persons(
    db: Db<'_>,
    sought: &Sought,
    limit: u32,
) -> Result<FoundPersons, StoreError> {
    let mut condition = Condition::default();
    let mut text_of = "p.state = 0".to_owned();
    for filter in &sought.filters {
        text_of += " AND ";
        text_of += &condition.check(filter);
    }
    if !sought.cruid_start.is_empty() {
        let start = held(&sought.cruid_start).into_owned();
        let end = after_prefix(&start);
        let start = condition.bind(Value::Text(start));
        text_of += &format!(" AND g.id >= {start}");
        if let Some(end) = end {
            text_of += &format!(" AND g.id < {}", condition.bind(Value::Text(end)));
        }
    }
    if sought.is_broken {
        text_of += " AND p.key IN (SELECT b.low FROM broken_pair b \
                     UNION ALL SELECT b.high FROM broken_pair b)";
    }
    let more = condition.bind(Value::Int(i64::from(limit) + 1));
    let sql = format!(
        "SELECT p.number, g.id FROM patient p JOIN patient g ON g.key = p.link \
         WHERE {text_of} LIMIT {more}"
    );
    let found = db.ask(&sql, &condition.values, |row| {
        let number = u32::try_from(large(row, 0)?);
        let number = number.map_err(|_| refused("a number is too large"))?;
        Ok((RecordNumber(number), Cruid::new(text(row, 1)?)))
    });
    Ok(FoundPersons::of(found.await?, limit))
}

/// One key of `ORDER BY`. What has no value comes last, whichever the direction.
fn order(key: SortKey) -> String {
    let (aggregate, direction) = if key.descending { ("MAX", "DESC") } else { ("MIN", "ASC") };
    let param = key.field.param().map_or(0, |param| param.to_code());
    let best = |column: &str, table: &str| {
        format!(
            "(SELECT {aggregate}(t.{column}) FROM {table} t \
             WHERE t.key = p.key AND t.param = {param})"
        )
    };
    let value = match key.field {
        SortField::Id => "p.id".to_owned(),
        SortField::LastUpdated => "p.updated_at".to_owned(),
        SortField::Family | SortField::Given => best("folded", "idx_text"),
        SortField::Gender => best("code", "idx_token"),
        SortField::Birthdate => best("lo", "idx_date"),
    };
    format!("{value} {direction} NULLS LAST")
}
