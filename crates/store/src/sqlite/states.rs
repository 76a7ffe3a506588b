//! Reading what stands: the head, source records, golden records, patients, tags.

use std::collections::{BTreeSet, HashMap};

use registry::{
    commit::TagKey,
    event::Head,
    ids::{ContentHash, RecordId, RecordNumber, Revision, SourceKey},
    state::{GoldenState, IssueKind, RecordState},
    stored::{PatientTags, SourcePatient, StoredPatient},
};
use sqlx::{Row, SqliteConnection};

use super::{
    rows::{self, GOLDEN_COLUMNS, GOLDEN_JOINS, RECORD, large, small, text},
    sql::{self, Value, fetch_in, fetch_in_where, id_list},
};
use crate::StoreError;

/// The head row.
pub(super) async fn head(connection: &mut SqliteConnection) -> Result<Head, StoreError> {
    let row = sqlx::query("SELECT revision, hash, next_record, next_golden FROM head")
        .fetch_one(connection)
        .await?;
    Ok(Head {
        revision: Revision(large(&row, 0)?),
        hash: ContentHash::new(text(&row, 1)?),
        next_record: small(&row, 2)?,
        next_golden: small(&row, 3)?,
    })
}

/// Source records by id.
pub(super) async fn records(
    connection: &mut SqliteConnection,
    ids: &[RecordId],
) -> Result<Vec<RecordState>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.id IN");
    let ids = id_list(ids.iter().map(RecordId::as_str));
    let rows = fetch_in(connection, &sql, &ids, "").await?;
    rows.iter().map(rows::record).collect()
}

/// Source records by number.
pub(super) async fn records_numbered(
    connection: &mut SqliteConnection,
    numbers: &[RecordNumber],
) -> Result<Vec<RecordState>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.kind = 0 AND p.number IN");
    let numbers: BTreeSet<u32> = numbers.iter().map(|number| number.0).collect();
    let numbers: Vec<Value<'_>> = numbers.into_iter().map(Value::from).collect();
    let rows = fetch_in(connection, &sql, &numbers, "").await?;
    rows.iter().map(rows::record).collect()
}

/// Source records by identity.
pub(super) async fn records_of_sources(
    connection: &mut SqliteConnection,
    sources: &[SourceKey],
) -> Result<Vec<RecordState>, StoreError> {
    // A list of values in each of the few systems: a list of pairs would have to be a table.
    let mut by_system: HashMap<&str, Vec<&str>> = HashMap::new();
    for source in sources {
        by_system.entry(&source.system).or_default().push(&source.value);
    }
    let (columns, tables) = RECORD;
    let mut records = Vec::new();
    for (system, values) in by_system {
        let sql = format!("SELECT {columns} FROM {tables} WHERE s.system = ? AND s.value IN");
        let values = id_list(values);
        let rows = fetch_in_where(connection, (&sql, &[system.into()]), &values, "").await?;
        for row in &rows {
            records.push(rows::record(row)?);
        }
    }
    Ok(records)
}

/// Golden records by id, with their members.
pub(super) async fn goldens(
    connection: &mut SqliteConnection,
    ids: &[&str],
) -> Result<Vec<GoldenState>, StoreError> {
    let sql = format!(
        "SELECT {GOLDEN_COLUMNS} FROM patient p {GOLDEN_JOINS} WHERE +p.kind = 1 AND p.id IN"
    );
    let ids = id_list(ids.iter().copied());
    let rows = fetch_in(connection, &sql, &ids, "ORDER BY p.key").await?;
    rows::goldens(&rows)
}

/// Patients of both kinds, in the order of `ids`.
pub(super) async fn patients(
    connection: &mut SqliteConnection,
    ids: &[String],
) -> Result<Vec<StoredPatient>, StoreError> {
    let list = id_list(ids.iter().map(String::as_str));
    let mut patients = HashMap::new();
    for source in source_patients(connection, &list).await? {
        patients.insert(source.state.id.to_string(), StoredPatient::Source(source));
    }
    if patients.len() < list.len() {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        for golden in goldens(connection, &ids).await? {
            patients.insert(golden.id.to_string(), StoredPatient::Golden(golden));
        }
    }
    Ok(ids.iter().filter_map(|id| patients.remove(id)).collect())
}

async fn source_patients(
    connection: &mut SqliteConnection,
    ids: &[Value<'_>],
) -> Result<Vec<SourcePatient>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!(
        "SELECT {columns}, c.text FROM {tables} JOIN content c ON c.number = s.content_number \
         WHERE p.id IN"
    );
    let mut sources = Vec::new();
    for row in fetch_in(connection, &sql, ids, "").await? {
        sources.push(SourcePatient {
            state: rows::record(&row)?,
            content: text(&row, 12)?.to_owned(),
            issues: BTreeSet::new(),
            broken: Vec::new(),
        });
    }
    if sources.is_empty() {
        return Ok(sources);
    }
    let mut issues = issue_kinds(connection, ids).await?;
    let mut broken = broken_partners(connection, ids).await?;
    for source in &mut sources {
        source.issues = issues.remove(source.state.id.as_str()).unwrap_or_default();
        let partners = broken.remove(source.state.id.as_str()).unwrap_or_default();
        source.broken = partners.into_iter().collect();
    }
    Ok(sources)
}

async fn issue_kinds(
    connection: &mut SqliteConnection,
    ids: &[Value<'_>],
) -> Result<HashMap<String, BTreeSet<IssueKind>>, StoreError> {
    let sql = "SELECT p.id, i.kind FROM patient p JOIN issue i ON i.subject = p.key \
               WHERE i.closed IS NULL AND p.id IN";
    let mut kinds: HashMap<String, BTreeSet<IssueKind>> = HashMap::new();
    for row in fetch_in(connection, sql, ids, "").await? {
        let kind = rows::kind_of(row.try_get(1)?)?;
        kinds.entry(text(&row, 0)?.to_owned()).or_default().insert(kind);
    }
    Ok(kinds)
}

async fn broken_partners(
    connection: &mut SqliteConnection,
    ids: &[Value<'_>],
) -> Result<HashMap<String, BTreeSet<RecordId>>, StoreError> {
    let mut partners: HashMap<String, BTreeSet<RecordId>> = HashMap::new();
    for (this, other) in [("low", "high"), ("high", "low")] {
        let sql = format!(
            "SELECT p.id, o.id FROM patient p JOIN broken_pair b ON b.{this} = p.key \
             JOIN patient o ON o.key = b.{other} WHERE p.id IN"
        );
        for row in fetch_in(connection, &sql, ids, "").await? {
            let partner = RecordId::new(text(&row, 1)?);
            partners.entry(text(&row, 0)?.to_owned()).or_default().insert(partner);
        }
    }
    Ok(partners)
}

/// Source records in order of number, with their newest content.
pub(super) async fn records_after(
    connection: &mut SqliteConnection,
    after: Option<RecordNumber>,
    limit: u32,
) -> Result<Vec<(RecordState, String)>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!(
        "SELECT {columns}, c.text FROM {tables} JOIN content c ON c.number = s.content_number \
         WHERE p.kind = 0 AND p.number > ? ORDER BY p.number LIMIT ?"
    );
    let after = after.map_or(-1, |number| i64::from(number.0));
    let rows = sql::query(sql, &[after.into(), limit.into()]).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((rows::record(row)?, text(row, 12)?.to_owned()))).collect()
}

/// Golden records in order of number.
pub(super) async fn goldens_after(
    connection: &mut SqliteConnection,
    after: Option<u32>,
    limit: u32,
) -> Result<Vec<GoldenState>, StoreError> {
    let sql = format!(
        "SELECT {GOLDEN_COLUMNS} FROM (SELECT * FROM patient WHERE kind = 1 AND number > ? \
         ORDER BY number LIMIT ?) p {GOLDEN_JOINS} ORDER BY p.number"
    );
    let after = after.map_or(-1, i64::from);
    let rows = sql::query(sql, &[after.into(), limit.into()]).fetch_all(connection).await?;
    rows::goldens(&rows)
}

/// The registry's own tags.
pub(super) async fn tags_of(
    connection: &mut SqliteConnection,
    ids: &[String],
) -> Result<Vec<PatientTags>, StoreError> {
    let sql = "SELECT p.id, t.system, t.code FROM patient p \
               LEFT JOIN patient_tag t ON t.key = p.key AND t.own = 1 WHERE p.id IN";
    let ids = id_list(ids.iter().map(String::as_str));
    let mut patients: Vec<PatientTags> = Vec::new();
    for row in fetch_in(connection, sql, &ids, "ORDER BY p.key").await? {
        let id = text(&row, 0)?;
        if patients.last().is_none_or(|last| last.id != id) {
            patients.push(PatientTags { id: id.to_owned(), tags: Vec::new() });
        }
        if let (Some(last), Some(code)) = (patients.last_mut(), row.try_get(2)?) {
            last.tags.push(TagKey { system: row.try_get(1)?, code });
        }
    }
    patients.iter_mut().for_each(|patient| patient.tags.sort());
    Ok(patients)
}
