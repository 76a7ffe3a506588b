//! Reading what stands: the head, source records, golden records, patients, tags.

use std::collections::{BTreeSet, HashMap};

use registry::{
    commit::TagKey,
    event::Head,
    ids::{ContentHash, RecordId, RecordNumber, Revision, SourceKey},
    state::{GoldenState, IssueKind, RecordState},
    stored::{PatientTags, SourcePatient, StoredPatient},
};

use super::{
    rows::{self, int, large, maybe_text, small, text},
    sql::{Db, all_held, held},
};
use crate::{
    StoreError,
    shape::{GOLDEN_COLUMNS, GOLDEN_JOINS, RECORD, kind_of},
};

/// The head row.
pub(super) async fn head(db: Db<'_>) -> Result<Head, StoreError> {
    let sql = "SELECT revision, hash, next_record, next_golden FROM head";
    db.one(sql, &[], |row| {
        Ok(Head {
            revision: Revision(large(row, 0)?),
            hash: ContentHash::new(text(row, 1)?),
            next_record: small(row, 2)?,
            next_golden: small(row, 3)?,
        })
    })
    .await
}

/// Source records by id.
pub(super) async fn records(db: Db<'_>, ids: &[RecordId]) -> Result<Vec<RecordState>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.id = ANY($1)");
    db.all(&sql, &[&all_held(ids.iter().map(RecordId::as_str))], rows::record).await
}

/// Source records by number.
pub(super) async fn records_numbered(
    db: Db<'_>,
    numbers: &[RecordNumber],
) -> Result<Vec<RecordState>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.kind = 0 AND p.number = ANY($1)");
    let numbers: Vec<i64> = numbers.iter().map(|number| number.0.into()).collect();
    db.all(&sql, &[&numbers], rows::record).await
}

/// What a source record is unique by: a hash, since both parts may be long.
pub(super) fn identity(source: &SourceKey) -> ContentHash {
    ContentHash::of(&format!("{} {}{}", source.system.len(), source.system, source.value))
}

/// Source records by identity.
pub(super) async fn records_of_sources(
    db: Db<'_>,
    sources: &[SourceKey],
) -> Result<Vec<RecordState>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!("SELECT {columns} FROM {tables} WHERE s.identity = ANY($1)");
    let identities: Vec<ContentHash> = sources.iter().map(identity).collect();
    let identities: Vec<&str> = identities.iter().map(ContentHash::as_str).collect();
    db.all(&sql, &[&identities], rows::record).await
}

/// Golden records by id, with their members.
pub(super) async fn goldens(
    db: Db<'_>,
    ids: impl IntoIterator<Item = &str>,
) -> Result<Vec<GoldenState>, StoreError> {
    let sql = format!(
        "SELECT {GOLDEN_COLUMNS} FROM patient p {GOLDEN_JOINS} \
         WHERE p.kind = 1 AND p.id = ANY($1) ORDER BY p.key"
    );
    let mut goldens = Vec::new();
    db.all(&sql, &[&all_held(ids)], |row| rows::add_golden(&mut goldens, row)).await?;
    Ok(goldens)
}

/// Patients of both kinds, in the order of `ids`. Needs a transaction: it asks several things.
pub(super) async fn patients(db: Db<'_>, ids: &[String]) -> Result<Vec<StoredPatient>, StoreError> {
    let wanted = all_held(ids.iter().map(String::as_str));
    let (mut sources, kinds, partners, goldens) = tokio::try_join!(
        source_patients(db, &wanted),
        issue_kinds(db, &wanted),
        broken_partners(db, &wanted),
        goldens(db, ids.iter().map(String::as_str)),
    )?;
    for (id, kind) in kinds {
        sources.entry(id).and_modify(|source| _ = source.issues.insert(kind));
    }
    for (id, partner) in partners {
        sources.entry(id).and_modify(|source| source.broken.push(partner));
    }
    let mut patients: HashMap<String, StoredPatient> = HashMap::new();
    for (id, mut source) in sources {
        source.broken.sort();
        patients.insert(id, StoredPatient::Source(source));
    }
    for golden in goldens {
        patients.insert(golden.id.to_string(), StoredPatient::Golden(golden));
    }
    Ok(ids.iter().filter_map(|id| patients.remove(id)).collect())
}

type Texts<'t> = Vec<std::borrow::Cow<'t, str>>;

async fn source_patients(
    db: Db<'_>,
    ids: &Texts<'_>,
) -> Result<HashMap<String, SourcePatient>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!(
        "SELECT {columns}, c.text FROM {tables} JOIN content c ON c.number = s.content_number \
         WHERE p.id = ANY($1)"
    );
    let sources: Vec<(String, SourcePatient)> = db
        .all(&sql, &[ids], |row| {
            let state = rows::record(row)?;
            let content = text(row, 12)?.into_owned();
            let id = state.id.to_string();
            let (issues, broken) = (BTreeSet::new(), Vec::new());
            Ok((id, SourcePatient { state, content, issues, broken }))
        })
        .await?;
    Ok(sources.into_iter().collect())
}

async fn issue_kinds(db: Db<'_>, ids: &Texts<'_>) -> Result<Vec<(String, IssueKind)>, StoreError> {
    let sql = "SELECT p.id, i.kind FROM patient p JOIN issue i ON i.subject = p.key \
               WHERE i.closed IS NULL AND p.id = ANY($1)";
    db.all(sql, &[ids], |row| Ok((text(row, 0)?.into_owned(), kind_of(int(row, 1)?)?))).await
}

async fn broken_partners(
    db: Db<'_>,
    ids: &Texts<'_>,
) -> Result<Vec<(String, RecordId)>, StoreError> {
    let sql = "SELECT p.id, o.id FROM patient p JOIN broken_pair b ON b.low = p.key \
                   JOIN patient o ON o.key = b.high WHERE p.id = ANY($1) \
               UNION SELECT p.id, o.id FROM patient p JOIN broken_pair b ON b.high = p.key \
                   JOIN patient o ON o.key = b.low WHERE p.id = ANY($1)";
    db.all(sql, &[ids], |row| Ok((text(row, 0)?.into_owned(), RecordId::new(text(row, 1)?)))).await
}

/// Source records in order of number, with their newest content.
pub(super) async fn records_after(
    db: Db<'_>,
    after: Option<RecordNumber>,
    limit: u32,
) -> Result<Vec<(RecordState, String)>, StoreError> {
    let (columns, tables) = RECORD;
    let sql = format!(
        "SELECT {columns}, c.text FROM {tables} JOIN content c ON c.number = s.content_number \
         WHERE p.kind = 0 AND p.number > $1 ORDER BY p.number LIMIT $2"
    );
    let after = after.map_or(-1, |number| i64::from(number.0));
    db.all(&sql, &[&after, &i64::from(limit)], |row| {
        Ok((rows::record(row)?, text(row, 12)?.into_owned()))
    })
    .await
}

/// Golden records in order of number.
pub(super) async fn goldens_after(
    db: Db<'_>,
    after: Option<u32>,
    limit: u32,
) -> Result<Vec<GoldenState>, StoreError> {
    let sql = format!(
        "SELECT {GOLDEN_COLUMNS} FROM (SELECT key, id, number, version, updated_at, state, link \
         FROM patient WHERE kind = 1 AND number > $1 ORDER BY number LIMIT $2) p {GOLDEN_JOINS} \
         ORDER BY p.number"
    );
    let after = after.map_or(-1, i64::from);
    let mut goldens = Vec::new();
    db.all(&sql, &[&after, &i64::from(limit)], |row| rows::add_golden(&mut goldens, row)).await?;
    Ok(goldens)
}

/// The codes of submitted tags of a system. The index is read by leaps from one code to the next,
/// since a code may stand there for each of a million patients; of codes with one beginning of 200
/// characters only one is found.
pub(super) async fn tag_codes(
    db: Db<'_>,
    system: &str,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let first = "SELECT left(t.code, 200) AS start FROM patient_tag t";
    let sql = format!(
        "WITH RECURSIVE leap (start) AS ((SELECT * FROM ({first} ORDER BY 1 LIMIT 1) least) \
         UNION ALL SELECT (SELECT next.start FROM ({first} WHERE left(t.code, 200) > leap.start \
         ORDER BY 1 LIMIT 1) next) FROM leap WHERE leap.start IS NOT NULL) \
         SELECT found.code FROM leap CROSS JOIN LATERAL (SELECT t.code FROM patient_tag t \
         WHERE left(t.code, 200) = leap.start AND t.system = $1 AND NOT t.own LIMIT 1) found LIMIT $2"
    );
    db.all(&sql, &[&held(system), &i64::from(limit)], |row| Ok(text(row, 0)?.into_owned())).await
}

/// The registry's own tags.
pub(super) async fn tags_of(db: Db<'_>, ids: &[String]) -> Result<Vec<PatientTags>, StoreError> {
    let sql = "SELECT p.id, t.system, t.code FROM patient p \
               LEFT JOIN patient_tag t ON t.key = p.key AND t.own \
               WHERE p.id = ANY($1) ORDER BY p.key";
    let ids = all_held(ids.iter().map(String::as_str));
    let mut patients: Vec<PatientTags> = Vec::new();
    db.all(sql, &[&ids], |row| {
        let id = text(row, 0)?;
        if patients.last().is_none_or(|last| last.id != id) {
            patients.push(PatientTags { id: id.into_owned(), tags: Vec::new() });
        }
        if let (Some(last), Some(code)) = (patients.last_mut(), maybe_text(row, 2)?) {
            let system = maybe_text(row, 1)?.map(|system| system.into_owned());
            last.tags.push(TagKey { system, code: code.into_owned() });
        }
        Ok(())
    })
    .await?;
    patients.iter_mut().for_each(|patient| patient.tags.sort());
    Ok(patients)
}
