//! Reading what stands: the head, source records, golden records, patients, tags.

use std::collections::{BTreeSet, HashMap};

use registry::{
    commit::TagKey,
    event::Head,
    ids::{ContentHash, RecordId, RecordNumber, Revision, SourceKey},
    state::{GoldenState, IssueKind, RecordState},
    stored::{PatientTags, SourcePatient, StoredPatient},
};
use rusqlite::Connection;

use super::{
    rows::{self, GOLDEN_COLUMNS, GOLDEN_JOINS, RECORD, large, maybe_text, small, text},
    sql::{self, once},
};
use crate::StoreError;

/// The head row.
pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    let sql = "SELECT revision, hash, next_record, next_golden FROM head";
    sql::one(connection, sql, (), |row| {
        Ok(Head {
            revision: Revision(large(row, 0)?),
            hash: ContentHash::new(text(row, 1)?),
            next_record: small(row, 2)?,
            next_golden: small(row, 3)?,
        })
    })
}

/// Source records by id.
pub(super) fn records(
    connection: &Connection,
    ids: &[RecordId],
) -> Result<Vec<RecordState>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.id = ?");
    sql::each(connection, &sql, once(ids.iter().map(RecordId::as_str)), rows::record)
}

/// Source records by number.
pub(super) fn records_numbered(
    connection: &Connection,
    numbers: &[RecordNumber],
) -> Result<Vec<RecordState>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.kind = 0 AND p.number = ?");
    let numbers: BTreeSet<u32> = numbers.iter().map(|number| number.0).collect();
    sql::each(connection, &sql, numbers.into_iter().map(|number| (number,)), rows::record)
}

/// Source records by identity.
pub(super) fn records_of_sources(
    connection: &Connection,
    sources: &[SourceKey],
) -> Result<Vec<RecordState>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!("SELECT {columns} FROM {tables} WHERE s.system = ? AND s.value = ?");
    let sources: BTreeSet<(&str, &str)> =
        sources.iter().map(|source| (&*source.system, &*source.value)).collect();
    sql::each(connection, &sql, sources, rows::record)
}

/// Golden records by id, with their members.
pub(super) fn goldens<'i>(
    connection: &Connection,
    ids: impl IntoIterator<Item = &'i str>,
) -> Result<Vec<GoldenState>, StoreError> {
    let sql = format!(
        "SELECT {GOLDEN_COLUMNS} FROM patient p {GOLDEN_JOINS} WHERE +p.kind = 1 AND p.id = ?"
    );
    let mut goldens = Vec::new();
    sql::each(connection, &sql, once(ids), |row| rows::add_golden(&mut goldens, row))?;
    Ok(goldens)
}

/// Patients of both kinds, in the order of `ids`.
pub(super) fn patients(
    connection: &Connection,
    ids: &[String],
) -> Result<Vec<StoredPatient>, StoreError> {
    let mut patients = HashMap::new();
    for source in source_patients(connection, ids)? {
        patients.insert(source.state.id.to_string(), StoredPatient::Source(source));
    }
    let others: Vec<&str> =
        ids.iter().map(String::as_str).filter(|id| !patients.contains_key(*id)).collect();
    for golden in goldens(connection, others)? {
        patients.insert(golden.id.to_string(), StoredPatient::Golden(golden));
    }
    Ok(ids.iter().filter_map(|id| patients.remove(id)).collect())
}

fn source_patients(
    connection: &Connection,
    ids: &[String],
) -> Result<Vec<SourcePatient>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!(
        "SELECT {columns}, c.text FROM {tables} JOIN content c ON c.number = s.content_number \
         WHERE p.id = ?"
    );
    let mut sources = sql::each(connection, &sql, once(ids.iter().map(String::as_str)), |row| {
        Ok(SourcePatient {
            state: rows::record(row)?,
            content: text(row, 12)?.to_owned(),
            issues: BTreeSet::new(),
            broken: Vec::new(),
        })
    })?;
    for source in &mut sources {
        let id = source.state.id.as_str();
        source.issues = issue_kinds(connection, id)?;
        source.broken = broken_partners(connection, id)?;
    }
    Ok(sources)
}

fn issue_kinds(connection: &Connection, id: &str) -> Result<BTreeSet<IssueKind>, StoreError> {
    let sql = "SELECT i.kind FROM patient p JOIN issue i ON i.subject = p.key \
               WHERE i.closed IS NULL AND p.id = ?";
    let kinds = sql::all(connection, sql, (id,), |row| rows::kind_of(row.get(0)?))?;
    Ok(kinds.into_iter().collect())
}

fn broken_partners(connection: &Connection, id: &str) -> Result<Vec<RecordId>, StoreError> {
    let mut partners = BTreeSet::new();
    for (this, other) in [("low", "high"), ("high", "low")] {
        let sql = format!(
            "SELECT o.id FROM patient p JOIN broken_pair b ON b.{this} = p.key \
             JOIN patient o ON o.key = b.{other} WHERE p.id = ?"
        );
        partners.extend(sql::all(connection, &sql, (id,), |row| Ok(RecordId::new(text(row, 0)?)))?);
    }
    Ok(partners.into_iter().collect())
}

/// Source records in order of number, with their newest content.
pub(super) fn records_after(
    connection: &Connection,
    after: Option<RecordNumber>,
    limit: u32,
) -> Result<Vec<(RecordState, String)>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!(
        "SELECT {columns}, c.text FROM {tables} JOIN content c ON c.number = s.content_number \
         WHERE p.kind = 0 AND p.number > ? ORDER BY p.number LIMIT ?"
    );
    let after = after.map_or(-1, |number| i64::from(number.0));
    sql::all(connection, &sql, (after, limit), |row| {
        Ok((rows::record(row)?, text(row, 12)?.to_owned()))
    })
}

/// Golden records in order of number.
pub(super) fn goldens_after(
    connection: &Connection,
    after: Option<u32>,
    limit: u32,
) -> Result<Vec<GoldenState>, StoreError> {
    let sql = format!(
        "SELECT {GOLDEN_COLUMNS} FROM (SELECT * FROM patient WHERE kind = 1 AND number > ? \
         ORDER BY number LIMIT ?) p {GOLDEN_JOINS} ORDER BY p.number"
    );
    let after = after.map_or(-1, i64::from);
    let mut goldens = Vec::new();
    sql::all(connection, &sql, (after, limit), |row| rows::add_golden(&mut goldens, row))?;
    Ok(goldens)
}

/// The codes of submitted tags of a system. The index is read by leaps from one code to the next,
/// since a code may stand there for each of a million patients.
pub(super) fn tag_codes(
    connection: &Connection,
    system: &str,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let sql = "WITH RECURSIVE leap (code) AS (SELECT MIN(code) FROM patient_tag UNION ALL \
               SELECT (SELECT MIN(code) FROM patient_tag WHERE code > leap.code) FROM leap \
               WHERE leap.code IS NOT NULL) SELECT code FROM leap WHERE code IS NOT NULL AND \
               EXISTS (SELECT 1 FROM patient_tag t WHERE t.code = leap.code AND t.system = ? \
               AND t.own = 0) LIMIT ?";
    sql::all(connection, sql, (system, limit), |row| Ok(text(row, 0)?.to_owned()))
}

/// The registry's own tags.
pub(super) fn tags_of(
    connection: &Connection,
    ids: &[String],
) -> Result<Vec<PatientTags>, StoreError> {
    let sql = "SELECT p.id, t.system, t.code FROM patient p \
               LEFT JOIN patient_tag t ON t.key = p.key AND t.own = 1 WHERE p.id = ?";
    let ids = once(ids.iter().map(String::as_str));
    let mut patients: Vec<PatientTags> = Vec::new();
    sql::each(connection, sql, ids, |row| {
        let id = text(row, 0)?;
        if patients.last().is_none_or(|last| last.id != id) {
            patients.push(PatientTags { id: id.to_owned(), tags: Vec::new() });
        }
        if let (Some(last), Some(code)) = (patients.last_mut(), maybe_text(row, 2)?) {
            let system = maybe_text(row, 1)?.map(str::to_owned);
            last.tags.push(TagKey { system, code: code.to_owned() });
        }
        Ok(())
    })?;
    patients.iter_mut().for_each(|patient| patient.tags.sort());
    Ok(patients)
}
