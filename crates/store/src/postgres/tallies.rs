//! The tables of figures.

use async_trait::async_trait;
use registry::{
    ids::{Revision, Timestamp},
    tally::{Tally, TallyHead, TallyKey, TallyKind, TallyStep},
};

use super::{
    PostgresStore,
    rows::{int, large, text},
    sql::{Db, all_held, count, unheld},
};
use crate::{StoreError, Tallies};

#[async_trait]
impl Tallies for PostgresStore {
    async fn tally_head(&self) -> Result<TallyHead, StoreError> {
        self.look_up(async |db| {
            db.one("SELECT revision, at FROM tally_head", &[], |row| {
                let at = Timestamp(int(row, 1)?);
                Ok(TallyHead { revision: Revision(large(row, 0)?), at })
            })
            .await
        })
        .await
    }

    async fn tallies(&self, kind: TallyKind, since: &str) -> Result<Vec<Tally>, StoreError> {
        let sql = "SELECT period, name, count FROM tally WHERE kind = $1 AND period >= $2 \
                   ORDER BY period, name";
        self.look_up(async |db| {
            db.all(sql, &[&kind.as_str(), &since], |row| {
                let name = unheld(&text(row, 1)?).into_owned();
                let key = TallyKey { kind, period: text(row, 0)?.into_owned(), name };
                Ok(Tally { key, count: large(row, 2)? })
            })
            .await
        })
        .await
    }

    async fn tally(&self, step: TallyStep) -> Result<bool, StoreError> {
        self.change(async |db| add(db, &step).await).await
    }
}

async fn add(db: Db<'_>, step: &TallyStep) -> Result<bool, StoreError> {
    let sql = "UPDATE tally_head SET revision = $1, at = $2 WHERE revision = $3";
    let (to, after) = (count(step.to.revision.0)?, count(step.after.0)?);
    if db.execute(sql, &[&to, &step.to.at.0, &after]).await? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO tally (kind, period, name, count) \
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[]) \
               ON CONFLICT (kind, period, name) \
               DO UPDATE SET count = tally.count + excluded.count";
    write(db, sql, &step.added).await?;
    let sql = "INSERT INTO tally (kind, period, name, count) \
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[]) \
               ON CONFLICT DO NOTHING";
    write(db, sql, &step.first).await?;
    Ok(true)
}

async fn write(db: Db<'_>, sql: &str, tallies: &[Tally]) -> Result<(), StoreError> {
    if tallies.is_empty() {
        return Ok(());
    }
    let kinds: Vec<&str> = tallies.iter().map(|tally| tally.key.kind.as_str()).collect();
    let periods: Vec<&str> = tallies.iter().map(|tally| tally.key.period.as_str()).collect();
    let names = all_held(tallies.iter().map(|tally| tally.key.name.as_str()));
    let counts: Result<Vec<i64>, StoreError> =
        tallies.iter().map(|tally| count(tally.count)).collect();
    db.execute(sql, &[&kinds, &periods, &names, &counts?]).await?;
    Ok(())
}
