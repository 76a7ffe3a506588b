//! Answering a FHIR search with SQL that means what [`registry::search::matches`] means.
//!
//! One filter *drives*: its index gives the keys to look at. All others are *checked* on each of
//! these. SQLite keeps no statistics that would tell a family name from a gender, so the driver
//! is chosen here, by counting a few rows of each.

mod filter;

use registry::search::{Filter, SortField, SortKey};
use sqlx::SqliteConnection;

use self::filter::{Drive, Sql};
use super::{
    rows::{large, text},
    sql::{self, limit_offset},
};
use crate::{FoundIds, StoreError, Window};

/// Rows counted to compare two filters. Beyond it both are slow, and counting would be as well.
const COUNTED_MAX: u64 = 5000;

/// The patients that fit all filters.
pub(super) async fn search(
    connection: &mut SqliteConnection,
    filters: &[Filter],
    sort: &[SortKey],
    window: Window,
) -> Result<FoundIds, StoreError> {
    let driver = choose_driver(connection, filters).await?;
    let condition = condition(filters, driver);
    let sql = format!("SELECT COUNT(*) FROM patient p WHERE {}", condition.text);
    let total = large(&sql::query(sql, &condition.values).fetch_one(&mut *connection).await?, 0)?;
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
    let page = limit_offset(window);
    let rows = sql::query(sql, condition.values.iter().chain(&page)).fetch_all(connection).await?;
    let ids = rows.iter().map(|row| Ok(text(row, 0)?.to_owned()));
    Ok(FoundIds { ids: ids.collect::<Result<_, StoreError>>()?, total })
}

/// The index of the filter that gives the fewest keys at the least cost.
async fn choose_driver(
    connection: &mut SqliteConnection,
    filters: &[Filter],
) -> Result<Option<usize>, StoreError> {
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
        let row = sql::query(sql, &values).fetch_one(&mut *connection).await?;
        let count = large(&row, 0)?;
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
