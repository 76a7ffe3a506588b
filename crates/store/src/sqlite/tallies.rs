//! The tables of figures.

use async_trait::async_trait;
use registry::{
    ids::{Revision, Timestamp},
    tally::{Tally, TallyHead, TallyKey, TallyKind, TallyStep},
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStore,
    rows::{large, text},
    sql,
};
use crate::{StoreError, Tallies};

#[async_trait]
impl Tallies for SqliteStore {
    async fn tally_head(&self) -> Result<TallyHead, StoreError> {
        self.look_up(|connection| {
            let sql = "SELECT revision, at FROM tally_head";
            sql::one(connection, sql, [], |row| {
                let at = Timestamp(row.get(1)?);
                Ok(TallyHead { revision: Revision(large(row, 0)?), at })
            })
        })
        .await
    }

    async fn tallies(&self, kind: TallyKind, since: &str) -> Result<Vec<Tally>, StoreError> {
        let since = since.to_owned();
        self.read(move |connection| {
            let sql = "SELECT period, name, count FROM tally WHERE kind = ? AND period >= ? \
                       ORDER BY period, name";
            sql::all(connection, sql, (kind.as_str(), since), |row| tally(row, kind))
        })
        .await
    }

    async fn tally(&self, step: TallyStep) -> Result<bool, StoreError> {
        self.writer.write(move |connection| add(connection, &step)).await
    }
}

fn add(connection: &Connection, step: &TallyStep) -> Result<bool, StoreError> {
    let sql = "UPDATE tally_head SET revision = ?, at = ? WHERE revision = ?";
    let values = (sql::count(step.to.revision.0)?, step.to.at.0, sql::count(step.after.0)?);
    if connection.prepare_cached(sql)?.execute(values)? == 0 {
        return Ok(false);
    }
    let insert = "INSERT INTO tally (kind, period, name, count) VALUES (?, ?, ?, ?)";
    let sum = "ON CONFLICT (kind, period, name) DO UPDATE SET count = count + excluded.count";
    write(connection, &format!("{insert} {sum}"), &step.added)?;
    write(connection, &format!("{insert} ON CONFLICT DO NOTHING"), &step.first)?;
    Ok(true)
}

fn write(connection: &Connection, sql: &str, tallies: &[Tally]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    for Tally { key, count } in tallies {
        statement.execute((key.kind.as_str(), &key.period, &key.name, sql::count(*count)?))?;
    }
    Ok(())
}

fn tally(row: &Row<'_>, kind: TallyKind) -> Result<Tally, StoreError> {
    let key = TallyKey { kind, period: text(row, 0)?.to_owned(), name: text(row, 1)?.to_owned() };
    Ok(Tally { key, count: large(row, 2)? })
}
