//! Reading about the whole: counts, and whether the database is sound.

use registry::{state::IssueKind, stored::Counts};

use super::{
    rows::{int, large, text},
    sql::Db,
};
use crate::{
    StoreError,
    shape::{LIVE_GOLDEN, LIVE_SOURCE, REPLACED_GOLDEN, RETIRED_GOLDEN, WITHDRAWN_SOURCE, kind_of},
};

/// How many things there are. Needs a transaction.
pub(super) async fn counts(db: Db<'_>) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let sql = "SELECT state, COUNT(*) FROM patient GROUP BY state";
    for (state, count) in db.all(sql, &[], |row| Ok((int(row, 0)?, large(row, 1)?))).await? {
        *match state {
            LIVE_SOURCE => &mut counts.records,
            WITHDRAWN_SOURCE => &mut counts.withdrawn,
            LIVE_GOLDEN => &mut counts.persons,
            REPLACED_GOLDEN | RETIRED_GOLDEN => &mut counts.retired,
            _ => return Err(StoreError::Damaged("a patient has an unknown state".to_owned())),
        } += count;
    }
    let sql = "SELECT kind, COUNT(*) FROM issue WHERE closed IS NULL GROUP BY kind";
    for (kind, count) in db.all(sql, &[], |row| Ok((int(row, 0)?, large(row, 1)?))).await? {
        *match kind_of(kind)? {
            IssueKind::Potential => &mut counts.potential,
            IssueKind::Conflict => &mut counts.conflicts,
            IssueKind::Auto => &mut counts.auto,
        } += count;
    }
    Ok(counts)
}

/// Each foreign key again, for a database whose checks were once switched off.
const REFERENCES: [(&str, &str, &str, &str); 12] = [
    ("patient", "link", "patient", "key"),
    ("source_record", "key", "patient", "key"),
    ("source_record", "content_number", "content", "number"),
    ("record_version", "key", "patient", "key"),
    ("record_version", "content_number", "content", "number"),
    ("record_version", "golden", "patient", "key"),
    ("golden_version", "key", "patient", "key"),
    ("issue", "subject", "patient", "key"),
    ("issue", "candidate", "patient", "key"),
    ("broken_pair", "low", "patient", "key"),
    ("broken_pair", "high", "patient", "key"),
    ("session", "account", "account", "id"),
];

/// What is wrong with references, indexes and pages; nothing if all is well. It takes its time,
/// so it needs a transaction whose statements may.
pub(super) async fn check(db: Db<'_>) -> Result<Vec<String>, StoreError> {
    db.client.batch_execute("SET LOCAL statement_timeout = 0").await?;
    let mut faults = Vec::new();
    for (table, column, parent, key) in REFERENCES {
        let sql = format!(
            "SELECT COUNT(*) FROM {table} t WHERE t.{column} IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM {parent} r WHERE r.{key} = t.{column})"
        );
        let count = db.one(&sql, &[], |row| large(row, 0)).await?;
        if count > 0 {
            faults.push(format!("{count} rows of {table} name a {parent} that is not there"));
        }
    }
    let sql = "SELECT i.indexrelid::regclass::text FROM pg_index i \
               JOIN pg_class c ON c.oid = i.indrelid \
               WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisvalid";
    let invalid = db.all(sql, &[], |row| Ok(text(row, 0)?.into_owned())).await?;
    faults.extend(invalid.iter().map(|index| format!("index {index} is not valid: REINDEX it")));
    let sql = "SELECT COALESCE(SUM(checksum_failures), 0)::bigint FROM pg_stat_database \
               WHERE datname = current_database()";
    let torn = db.one(sql, &[], |row| large(row, 0)).await?;
    if torn > 0 {
        faults.push(format!("PostgreSQL has met {torn} pages with a wrong checksum"));
    }
    Ok(faults)
}
