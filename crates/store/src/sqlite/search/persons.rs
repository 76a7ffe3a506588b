//! Looking for persons: the first records that fit, without counting how many there are.
//!
//! A common beginning of a name fits a tenth of all records. So what drives is joined, not
//! collected, and the search ends with the last record that is wanted. Where several things are known and
//! each fits many, the keys that their indexes give are met in memory: reading an index in order takes a
//! tenth of a microsecond a key, looking into a patient's rows several.

use registry::ids::{Cruid, RecordNumber};
use rusqlite::{Connection, Row, params_from_iter};

use super::{
    super::{
        rows::{large, text},
        sql::{self, Value},
    },
    filter::{self, Drive, Sql},
};
use crate::{FoundPersons, Sought, StoreError, plan::refused, shape::after_prefix};

/// Rows counted of each thing that is known. What fits fewer drives alone.
const COUNTED_MAX: u64 = 1_000;
/// Keys that are read of one index; of what fits more, each record is asked.
const KEYS_MAX: u64 = 200_000;

/// What gives keys to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Filter(usize),
    Cruid,
    Broken,
}

/// The persons of live records for which all that is sought holds; `limit` records are looked at.
pub(in crate::sqlite) fn persons(
    connection: &Connection,
    sought: &Sought,
    limit: u32,
) -> Result<FoundPersons, StoreError> {
    let drivers = choose(connection, sought)?;
    let (mut read, mut met) = (Vec::new(), None);
    if drivers.len() > 1 {
        for driver in &drivers {
            if meet(connection, sought, *driver, &mut met)? {
                read.push(*driver);
            }
        }
    }
    let found = match met {
        Some(keys) => among(connection, sought, (&read, &keys), limit)?,
        None => driven(connection, sought, drivers.first().copied(), limit)?,
    };
    Ok(FoundPersons::of(found, limit))
}

/// Records that fit, found by one index or, without one, among all.
fn driven(
    connection: &Connection,
    sought: &Sought,
    driver: Option<Driver>,
    limit: u32,
) -> Result<Vec<(RecordNumber, Cruid)>, StoreError> {
    let mut query = Sql::new("SELECT DISTINCT p.number, g.id FROM ");
    if let Some(keys) = driver.and_then(|driver| keys(sought, driver)) {
        // CROSS keeps SQLite from turning the loops round.
        query.append(keys.within("(", ") k CROSS JOIN patient p ON p.key = k.key "));
    } else {
        query.push("patient p ");
    }
    query.push("CROSS JOIN patient g ON g.key = p.link WHERE +p.state = 0");
    query.append(checks(sought, driver.as_slice()));
    query.push(" LIMIT ?");
    query.values.push(Value::Int(i64::from(limit) + 1));
    sql::all(connection, &query.text, params_from_iter(&query.values), found)
}

/// Records that fit among those with keys, which are all that `read` gives.
fn among(
    connection: &Connection,
    sought: &Sought,
    (read, keys): (&[Driver], &Keys),
    limit: u32,
) -> Result<Vec<(RecordNumber, Cruid)>, StoreError> {
    let mut query = Sql::with(
        "SELECT p.number, g.id FROM patient p CROSS JOIN patient g ON g.key = p.link \
         WHERE p.key = ? AND +p.state = 0",
        [Value::Int(0)],
    );
    query.append(checks(sought, read));
    let mut all = Vec::new();
    for key in keys.iter() {
        if all.len() > limit as usize {
            break;
        }
        query.values[0] = Value::Int(key);
        all.extend(sql::first(connection, &query.text, params_from_iter(&query.values), found)?);
    }
    Ok(all)
}

fn found(row: &Row<'_>) -> Result<(RecordNumber, Cruid), StoreError> {
    let number = u32::try_from(large(row, 0)?).map_err(|_| refused("a number is too large"))?;
    Ok((RecordNumber(number), Cruid::new(text(row, 1)?)))
}

/// What else must hold of `patient p`, whose golden record is `g`.
fn checks<'s>(sought: &'s Sought, driven: &[Driver]) -> Sql<'s> {
    let mut all = Sql::default();
    for (index, filter) in sought.filters.iter().enumerate() {
        if !driven.contains(&Driver::Filter(index)) {
            all.push(" AND ");
            all.append(filter::check(filter, true));
        }
    }
    if !sought.cruid_start.is_empty() && !driven.contains(&Driver::Cruid) {
        all.push(" AND ");
        all.append(begins("+g.id", &sought.cruid_start));
    }
    if sought.is_broken && !driven.contains(&Driver::Broken) {
        all.push(
            " AND EXISTS (SELECT 1 FROM broken_pair b WHERE b.low = p.key OR b.high = p.key LIMIT 1)",
        );
    }
    all
}

/// A set of keys: a bit for each, since keys are the numbers from 1 on.
#[derive(Default)]
struct Keys(Vec<u64>);

impl Keys {
    fn insert(&mut self, key: i64) {
        let Ok(key) = usize::try_from(key) else { return };
        if self.0.len() <= key / 64 {
            self.0.resize(key / 64 + 1, 0);
        }
        self.0[key / 64] |= 1 << (key % 64);
    }

    fn retain(&mut self, others: &Keys) {
        self.0.truncate(others.0.len());
        self.0.iter_mut().zip(&others.0).for_each(|(own, other)| *own &= other);
    }

    /// In ascending order, so the oldest records first.
    fn iter(&self) -> impl Iterator<Item = i64> {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let base = word as i64 * 64;
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| base + bit)
        })
    }
}

/// Keeps of the keys that met before those that a driver gives, too; false if it gives too many.
fn meet(
    connection: &Connection,
    sought: &Sought,
    driver: Driver,
    met: &mut Option<Keys>,
) -> Result<bool, StoreError> {
    let Some(Sql { text, values }) = keys(sought, driver) else { return Ok(false) };
    let sql = format!("SELECT key FROM ({text}) LIMIT {}", KEYS_MAX + 1);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let (mut own, mut count) = (Keys::default(), 0);
    while let Some(row) = rows.next()? {
        own.insert(row.get(0)?);
        count += 1;
    }
    if count > KEYS_MAX {
        return Ok(false);
    }
    match met {
        Some(keys) => keys.retain(&own),
        none => *none = Some(own),
    }
    Ok(true)
}

/// Texts of `column` with a beginning.
fn begins<'v>(column: &str, start: &'v str) -> Sql<'v> {
    let mut sql = Sql::with(format!("{column} >= ?"), [start.into()]);
    if let Some(end) = after_prefix(start) {
        sql.append(Sql::with(format!(" AND {column} < ?"), [end.into()]));
    }
    sql
}

/// `SELECT` of `key`s among which all records are that fit; repetitions included.
fn keys(sought: &Sought, driver: Driver) -> Option<Sql<'_>> {
    match driver {
        Driver::Filter(index) => filter::keys(&sought.filters[index]),
        Driver::Cruid => Some(begins("c.id", &sought.cruid_start).within(
            "SELECT s.key FROM patient c CROSS JOIN patient s ON s.link = c.key WHERE ",
            "",
        )),
        Driver::Broken => Some(Sql::new(
            "SELECT b.low AS key FROM broken_pair b UNION ALL SELECT b.high FROM broken_pair b",
        )),
    }
}

/// What shall give the keys to look at: one thing that fits few, or all that are found by an index;
/// none if all records must be walked through.
fn choose(connection: &Connection, sought: &Sought) -> Result<Vec<Driver>, StoreError> {
    let of_kind = |wanted: Drive| {
        let all = sought.filters.iter().enumerate();
        let some = all.filter(move |(_, filter)| filter::drive(filter) == wanted);
        some.map(|(index, _)| Driver::Filter(index))
    };
    if let Some(ids) = of_kind(Drive::Ids).next() {
        return Ok(vec![ids]);
    }
    let others = [
        (!sought.cruid_start.is_empty()).then_some(Driver::Cruid),
        sought.is_broken.then_some(Driver::Broken),
    ];
    let may: Vec<Driver> = of_kind(Drive::Quickly).chain(others.into_iter().flatten()).collect();
    if may.is_empty() {
        return Ok(of_kind(Drive::Slowly).take(1).collect());
    }
    if may.len() == 1 {
        return Ok(may);
    }
    let mut least = (COUNTED_MAX, None);
    for driver in &may {
        let Some(Sql { text, values }) = keys(sought, *driver) else { continue };
        let sql = format!("SELECT COUNT(*) FROM ({text} LIMIT {COUNTED_MAX})");
        let count = sql::one(connection, &sql, params_from_iter(values), |row| large(row, 0))?;
        if count < least.0 {
            least = (count, Some(*driver));
        }
    }
    Ok(least.1.map_or(may, |driver| vec![driver]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_meet_come_in_order() {
        let set = |keys: &[i64]| {
            let mut set = Keys::default();
            keys.iter().for_each(|key| set.insert(*key));
            set
        };
        let mut own = set(&[1000, 1, 63, 64, 128, 3]);
        own.retain(&set(&[64, 3, 63, 63, 4, 129]));
        assert_eq!(own.iter().collect::<Vec<_>>(), [3, 63, 64]);
        own.retain(&set(&[]));
        assert_eq!(own.iter().next(), None);
    }
}
