//! Writing a commit inside a transaction that the caller opened and will end.

use std::collections::HashMap;

use registry::{
    commit::Commit,
    event::Head,
    ids::{ContentHash, GoldenNumber, RecordNumber},
    state::{BrokenPair, GoldenState, GoldenStatus, MatchIssue, RecordState},
};
use rusqlite::{Connection, Row};
use serde::Serialize;

use super::{
    answered,
    rows::{
        GOLDEN, LIVE_GOLDEN, LIVE_SOURCE, REPLACED_GOLDEN, RETIRED_GOLDEN, SOURCE,
        WITHDRAWN_SOURCE, kind_code, maybe_text, method_code, reason_code, small,
    },
    sql::{self, execute_each},
    states, write_index,
};
use crate::{
    StoreError,
    plan::{self, Kind, Known, KnownPatients, Plan, refused},
};

/// The numbers under which a commit's patients and contents are stored.
pub(super) struct Numbers<'c> {
    keys: HashMap<&'c str, i64>,
    first_key: i64,
    contents: HashMap<&'c ContentHash, i64>,
    next_key: i64,
    next_content: i64,
}

impl Numbers<'_> {
    /// The key of a patient that the commit names.
    pub(super) fn key(&self, id: &str) -> Result<i64, StoreError> {
        let key = self.keys.get(id).copied();
        key.ok_or_else(|| refused("it names a patient that is not there"))
    }

    /// Whether the patient with that key was there before the commit.
    pub(super) fn is_stored(&self, key: i64) -> bool {
        key < self.first_key
    }
}

/// Writes all of `commit`.
///
/// # Errors
///
/// As [`crate::Store::commit`]; then the caller rolls back.
pub(super) fn write(connection: &Connection, commit: &Commit) -> Result<(), StoreError> {
    let head = states::head(connection)?;
    if head.revision != commit.decided_at {
        let (decided_at, current) = (commit.decided_at, head.revision);
        return Err(StoreError::Stale { decided_at, current });
    }
    let known = known_patients(connection, commit)?;
    let plan = Plan::new(commit, &head, &known)?;
    let numbers = numbers(connection, commit, &plan, &known)?;
    // What others refer to comes first: see the migration.
    write_contents(connection, &plan, &numbers)?;
    write_patients(connection, commit, &numbers)?;
    write_records(connection, commit, &numbers, &known)?;
    write_versions(connection, commit, &numbers, &known)?;
    write_index::write(connection, commit, &plan, &numbers)?;
    write_judgements(connection, commit, &numbers)?;
    write_texts(connection, commit)?;
    answered::write(connection, &commit.answered)?;
    write_head(connection, &plan.head, &numbers)
}

fn known_patients(connection: &Connection, commit: &Commit) -> Result<KnownPatients, StoreError> {
    let sql = "SELECT p.key, p.kind, p.number, p.state, s.content, s.content_number \
               FROM patient p LEFT JOIN source_record s ON s.key = p.key WHERE p.id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut known = KnownPatients::new();
    for id in plan::mentioned(commit) {
        let mut rows = statement.query((id,))?;
        if let Some(row) = rows.next()? {
            known.insert(id.to_owned(), known_patient(row)?);
        }
    }
    Ok(known)
}

fn known_patient(row: &Row<'_>) -> Result<Known, StoreError> {
    let number = small(row, 2)?;
    Ok(Known {
        key: row.get(0)?,
        kind: match row.get(1)? {
            SOURCE => Kind::Source(RecordNumber(number)),
            _ => Kind::Golden(GoldenNumber(number)),
        },
        content: maybe_text(row, 4)?.map(ContentHash::new),
        content_number: row.get::<_, Option<i64>>(5)?.unwrap_or_default(),
        is_withdrawn: row.get::<_, i64>(3)? == WITHDRAWN_SOURCE,
    })
}

/// Gives keys to new patients in order of age, and numbers to the contents that are shown.
fn numbers<'c>(
    connection: &Connection,
    commit: &'c Commit,
    plan: &Plan<'c>,
    known: &'c KnownPatients,
) -> Result<Numbers<'c>, StoreError> {
    let sql = "SELECT next_key, next_content FROM head";
    let (first_key, mut next_content): (i64, i64) =
        sql::one(connection, sql, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut next_key = first_key;
    let mut keys: HashMap<&str, i64> =
        known.iter().map(|(id, known)| (id.as_str(), known.key)).collect();
    for id in &plan.newcomers {
        keys.insert(id, next_key);
        next_key += 1;
    }
    let mut contents = HashMap::new();
    for version in &commit.versions {
        if plan.contents.contains_key(&version.content) && !contents.contains_key(&version.content)
        {
            contents.insert(&version.content, next_content);
            next_content += 1;
        }
    }
    Ok(Numbers { keys, first_key, contents, next_key, next_content })
}

/// The number of a content: the commit's own, or that of the record's newest stored one.
fn content_number(
    numbers: &Numbers<'_>,
    known: &KnownPatients,
    id: &str,
    hash: &ContentHash,
) -> Result<i64, StoreError> {
    let stored = || known.get(id).filter(|known| known.content.as_ref() == Some(hash));
    let number = numbers.contents.get(hash).copied();
    let number = number.or_else(|| stored().map(|known| known.content_number));
    number.ok_or_else(|| refused("a content belongs to no version"))
}

fn write_contents(
    connection: &Connection,
    plan: &Plan<'_>,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let mut contents: Vec<(i64, &str)> = Vec::with_capacity(numbers.contents.len());
    for (hash, number) in &numbers.contents {
        contents.extend(plan.contents.get(*hash).map(|content| (*number, content.text.as_str())));
    }
    contents.sort_unstable();
    let sql = "INSERT INTO content (number, text) VALUES (?, ?)";
    execute_each(connection, sql, contents.into_iter().map(Ok))
}

fn write_patients(
    connection: &Connection,
    commit: &Commit,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let is_replaced = |state: &&GoldenState| matches!(state.status, GoldenStatus::Replaced(_));
    let replaced = || commit.goldens.iter().filter(is_replaced);
    // One may be replaced by another that is itself new and replaced: these rows come twice,
    // first without their link.
    let unlinked = replaced().map(|state| {
        let row = golden_row(state, numbers)?;
        Ok(PatientRow { link: None, ..row })
    });
    let others = commit.goldens.iter().filter(|state| !is_replaced(state));
    let goldens = others.chain(replaced()).map(|state| golden_row(state, numbers));
    let sources = commit.records.iter().map(|state| source_row(state, numbers));
    let rows = unlinked.chain(goldens).chain(sources);
    execute_each(
        connection,
        "INSERT INTO patient (key, id, kind, number, state, version, updated_at, link) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (key) DO UPDATE SET state = excluded.state, version = excluded.version, \
         updated_at = excluded.updated_at, link = excluded.link",
        rows.map(|row: Result<PatientRow<'_>, StoreError>| row.map(PatientRow::columns)),
    )
}

/// A row of `patient`.
struct PatientRow<'c> {
    key: i64,
    id: &'c str,
    kind: i64,
    number: u32,
    state: i64,
    version: u32,
    updated_at: i64,
    link: Option<i64>,
}

impl<'c> PatientRow<'c> {
    fn columns(self) -> (i64, &'c str, i64, u32, i64, u32, i64, Option<i64>) {
        let Self { key, id, kind, number, state, version, updated_at, link } = self;
        (key, id, kind, number, state, version, updated_at, link)
    }
}

fn source_row<'c>(
    state: &'c RecordState,
    numbers: &Numbers<'_>,
) -> Result<PatientRow<'c>, StoreError> {
    Ok(PatientRow {
        key: numbers.key(state.id.as_str())?,
        id: state.id.as_str(),
        kind: SOURCE,
        number: state.number.0,
        state: if state.is_withdrawn { WITHDRAWN_SOURCE } else { LIVE_SOURCE },
        version: state.version,
        updated_at: state.updated_at.0,
        link: Some(numbers.key(state.golden.as_str())?),
    })
}

fn golden_row<'c>(
    golden: &'c GoldenState,
    numbers: &Numbers<'_>,
) -> Result<PatientRow<'c>, StoreError> {
    let (state, link) = match &golden.status {
        GoldenStatus::Live => (LIVE_GOLDEN, None),
        GoldenStatus::Replaced(other) => (REPLACED_GOLDEN, Some(numbers.key(other.as_str())?)),
        GoldenStatus::Retired => (RETIRED_GOLDEN, None),
    };
    Ok(PatientRow {
        key: numbers.key(golden.id.as_str())?,
        id: golden.id.as_str(),
        kind: GOLDEN,
        number: golden.number.0,
        state,
        version: golden.version,
        updated_at: golden.updated_at.0,
        link,
    })
}

fn write_records(
    connection: &Connection,
    commit: &Commit,
    numbers: &Numbers<'_>,
    known: &KnownPatients,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO source_record \
               (key, system, value, client, content, content_number, basis, adjudicated) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT (key) DO UPDATE SET system = excluded.system, \
               value = excluded.value, client = excluded.client, content = excluded.content, \
               content_number = excluded.content_number, basis = excluded.basis, \
               adjudicated = excluded.adjudicated";
    let rows = commit.records.iter().map(|state| {
        let id = state.id.as_str();
        Ok((
            numbers.key(id)?,
            &*state.source.system,
            &*state.source.value,
            state.client.as_str(),
            state.content.as_str(),
            content_number(numbers, known, id, &state.content)?,
            json(&state.basis)?,
            state.is_adjudicated,
        ))
    });
    execute_each(connection, sql, rows)
}

fn write_versions(
    connection: &Connection,
    commit: &Commit,
    numbers: &Numbers<'_>,
    known: &KnownPatients,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO record_version \
               (key, version, at, method, content, content_number, golden) \
               VALUES (?, ?, ?, ?, ?, ?, ?)";
    let rows = commit.versions.iter().map(|version| {
        let id = version.record.as_str();
        Ok((
            numbers.key(id)?,
            version.version,
            version.at.0,
            method_code(version.method),
            version.content.as_str(),
            content_number(numbers, known, id, &version.content)?,
            numbers.key(version.golden.as_str())?,
        ))
    });
    execute_each(connection, sql, rows)?;

    let sql = "INSERT INTO golden_version (key, version, body) VALUES (?, ?, ?)";
    let rows = commit.golden_versions.iter().map(|state| {
        let key = numbers.key(state.id.as_str())?;
        Ok((key, state.version, json(state)?))
    });
    execute_each(connection, sql, rows)
}

const INSERT_ISSUE: &str = "INSERT INTO issue \
     (revision, number, kind, subject, candidate, body, closed) VALUES (?, ?, ?, ?, ?, ?, ?)";

fn write_judgements(
    connection: &Connection,
    commit: &Commit,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let opened = commit.issues_opened.iter().map(|issue| issue_row(issue, None, numbers));
    // A closed issue may be opened again; an open one is left alone, which shows.
    let again = "ON CONFLICT (revision, number) DO UPDATE SET closed = NULL \
                 WHERE issue.closed IS NOT NULL";
    let mut statement = connection.prepare_cached(&format!("{INSERT_ISSUE} {again}"))?;
    for row in opened {
        if statement.execute(row?)? == 0 {
            return Err(plan::refused("an issue is opened twice"));
        }
    }
    let closed = commit.issues_closed.iter();
    let closed =
        closed.map(|(issue, reason)| issue_row(issue, Some(reason_code(*reason)), numbers));
    let then = "ON CONFLICT (revision, number) DO UPDATE SET closed = excluded.closed";
    execute_each(connection, &format!("{INSERT_ISSUE} {then}"), closed)?;

    let pair = |pair: &BrokenPair| {
        Ok((numbers.key(pair.low().as_str())?, numbers.key(pair.high().as_str())?))
    };
    let sql = "DELETE FROM broken_pair WHERE low = ? AND high = ?";
    execute_each(connection, sql, commit.pairs_unbroken.iter().map(pair))?;
    let sql = "INSERT INTO broken_pair (low, high) VALUES (?, ?) \
               ON CONFLICT (low, high) DO NOTHING";
    execute_each(connection, sql, commit.pairs_broken.iter().map(pair))
}

/// The columns of [`INSERT_ISSUE`].
type IssueRow = (i64, i64, i64, i64, i64, String, Option<i64>);

fn issue_row(
    issue: &MatchIssue,
    closed: Option<i64>,
    numbers: &Numbers<'_>,
) -> Result<IssueRow, StoreError> {
    let (revision, number) = plan::opening(&issue.id)?;
    Ok((
        revision,
        number,
        kind_code(issue.kind),
        numbers.key(issue.subject.as_str())?,
        numbers.key(issue.evidence.candidate.as_str())?,
        json(issue)?,
        closed,
    ))
}

fn write_texts(connection: &Connection, commit: &Commit) -> Result<(), StoreError> {
    let sql = "INSERT INTO explanation (hash, body) SELECT ?1, ?2 WHERE NOT EXISTS \
               (SELECT 1 FROM explanation WHERE substr(hash, 1, 16) = substr(?1, 1, 16) \
               AND hash = ?1)";
    let rows = commit.explanations.iter().map(|(hash, body)| Ok((hash.as_str(), body.as_str())));
    execute_each(connection, sql, rows)?;

    let sql = "INSERT INTO event (revision, at, body, hash) VALUES (?, ?, ?, ?)";
    let rows = commit.events.iter().map(|event| {
        let revision = sql::count(event.revision.0)?;
        Ok((revision, event.at.0, event.body.as_str(), event.hash.as_str()))
    });
    execute_each(connection, sql, rows)
}

fn write_head(
    connection: &Connection,
    head: &Head,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let sql = "UPDATE head SET revision = ?, hash = ?, next_record = ?, next_golden = ?, \
               next_key = ?, next_content = ?";
    connection.prepare_cached(sql)?.execute((
        sql::count(head.revision.0)?,
        head.hash.as_str(),
        head.next_record,
        head.next_golden,
        numbers.next_key,
        numbers.next_content,
    ))?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| refused("a state has no JSON form"))
}
