//! Answering a FHIR search with SQL that means what [`registry::search::matches`] means.
//!
//! One filter *drives*: its index gives the keys to look at. All others are *checked* on each of
//! these. SQLite keeps no statistics that would tell a family name from a gender, so the driver
//! is chosen here, by counting a few rows of each.

mod filter;
mod persons;

use registry::search::{Filter, SortField, SortKey};
use rusqlite::{Connection, params_from_iter};

use self::filter::{Drive, Sql};
pub(super) use self::persons::persons;
use super::{
    rows::{large, text},
    sql::{self, Value, limit_offset},
};
use crate::{FoundIds, StoreError, Window};

/// Rows counted to compare two filters. Beyond it both are slow, and counting would be as well.
const COUNTED_MAX: u64 = 5000;

/// The patients that fit all filters.
pub(super) fn search(
    connection: &Connection,
    filters: &[Filter],
    sort: &[SortKey],
    window: Window,
) -> Result<FoundIds, StoreError> {
    let driver = choose_driver(connection, filters)?;
    let condition = condition(filters, driver);
    let sql = format!("SELECT COUNT(*) FROM patient p WHERE {}", condition.text);
    let values = params_from_iter(&condition.values);
    let total = sql::one(connection, &sql, values, |row| large(row, 0))?;
    if window.limit == 0 || window.offset >= total {
        return Ok(FoundIds { ids: Vec::new(), total });
    }
    let order: String = sort.iter().map(|key| order(*key) + ", ").collect();
    // Few results are quicker sorted than met on a walk through all patients by age.
    let plus = if total < COUNTED_MAX { "+" } else { "" };
    let sql = format!(
        "SELECT p.id FROM patient p WHERE {} ORDER BY {order}{plus}p.key LIMIT ? OFFSET ?",
        condition.text
    );
    let (limit, offset) = limit_offset(window);
    let page = [Value::Int(limit), Value::Int(offset)];
    let values = params_from_iter(condition.values.iter().chain(&page));
    let ids = sql::all(connection, &sql, values, |row| Ok(text(row, 0)?.to_owned()))?;
    Ok(FoundIds { ids, total })
}

/// The index of the filter that gives the fewest keys at the least cost.
fn choose_driver(connection: &Connection, filters: &[Filter]) -> Result<Option<usize>, StoreError> {
    let find = |wanted| filters.iter().position(|filter| filter::drive(filter) == wanted);
    if let Some(ids) = find(Drive::Ids) {
        return Ok(Some(ids));
    }
    let drivers = filters.iter().filter(|filter| filter::drive(filter) != Drive::Never);
    let is_alone = drivers.count() < 2;
    let mut best = None;
    for (index, filter) in filters.iter().enumerate() {
        if filter::drive(filter) != Drive::Quickly {
            continue;
        }
        if is_alone {
            return Ok(Some(index));
        }
        let Some(Sql { text, values }) = filter::keys(filter) else { continue };
        let sql = format!("SELECT COUNT(*) FROM ({text} LIMIT {COUNTED_MAX})");
        let count = sql::one(connection, &sql, params_from_iter(values), |row| large(row, 0))?;
        if best.is_none_or(|(least, _)| count < least) {
            best = Some((count, index));
        }
    }
    match best {
        Some((count, index)) if count < COUNTED_MAX => Ok(Some(index)),
        best => Ok(find(Drive::Slowly).or(best.map(|(_, index)| index))),
    }
}

/// The whole condition on `patient p`.
fn condition<'f>(filters: &'f [Filter], driver: Option<usize>) -> Sql<'f> {
    // Retired golden records and withdrawn source records are not found. The plus keeps SQLite
    // from walking through all patients of a state when something better drives.
    let plus = if filters.is_empty() { "" } else { "+" };
    let mut all = Sql::new(format!("{plus}p.state IN (0, 2, 3)"));
    for (index, filter) in filters.iter().enumerate() {
        let drives = driver == Some(index);
        let keys = if drives { filter::keys(filter) } else { None };
        let one = match keys {
            Some(keys) => keys.within("p.key IN (", ")"),
            None => filter::check(filter, driver.is_some()),
        };
        all.push(" AND ");
        all.append(one);
    }
    all
}

/// One key of `ORDER BY`. What has no value comes last, whichever the direction.
fn order(key: SortKey) -> String {
    let (aggregate, direction) = if key.descending { ("MAX", "DESC") } else { ("MIN", "ASC") };
    let param = key.field.param().map_or(0, |param| param.to_code());
    // The plus keeps SQLite from walking through all patients' values, the best first.
    let best = |column: &str, table: &str| {
        format!(
            "(SELECT {aggregate}(+t.{column}) FROM {table} t \
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
