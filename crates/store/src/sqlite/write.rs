//! Writing a commit inside a transaction that the caller opened and will end.
//!
//! Rows of one kind go together, many to a statement: a statement's way to SQLite's thread and
//! back costs more than a row.

use std::collections::HashMap;

use registry::{
    commit::Commit,
    event::Head,
    ids::{ContentHash, GoldenNumber, RecordNumber},
    state::{GoldenState, GoldenStatus, MatchIssue, RecordState},
};
use serde::Serialize;
use sqlx::{Row, SqliteConnection};

use super::{
    rows::{
        GOLDEN, LIVE_GOLDEN, LIVE_SOURCE, REPLACED_GOLDEN, RETIRED_GOLDEN, SOURCE,
        WITHDRAWN_SOURCE, kind_code, method_code, reason_code, small, text,
    },
    sql::{self, Value, fetch_in, id_list, insert},
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
pub(super) async fn write(
    connection: &mut SqliteConnection,
    commit: &Commit,
) -> Result<(), StoreError> {
    let head = states::head(connection).await?;
    if head.revision != commit.decided_at {
        let (decided_at, current) = (commit.decided_at, head.revision);
        return Err(StoreError::Stale { decided_at, current });
    }
    let known = known_patients(connection, commit).await?;
    let plan = Plan::new(commit, &head, &known)?;
    let numbers = numbers(connection, commit, &plan, &known).await?;
    // What others refer to comes first: see the migration.
    write_contents(connection, &plan, &numbers).await?;
    write_patients(connection, commit, &numbers).await?;
    write_records(connection, commit, &numbers, &known).await?;
    write_versions(connection, commit, &numbers, &known).await?;
    write_index::write(connection, commit, &plan, &numbers).await?;
    write_judgements(connection, commit, &numbers).await?;
    write_texts(connection, commit).await?;
    write_head(connection, &plan.head, &numbers).await
}

async fn known_patients(
    connection: &mut SqliteConnection,
    commit: &Commit,
) -> Result<KnownPatients, StoreError> {
    let sql = "SELECT p.id, p.key, p.kind, p.number, p.state, s.content, s.content_number \
               FROM patient p LEFT JOIN source_record s ON s.key = p.key WHERE p.id IN";
    let ids = id_list(plan::mentioned(commit));
    let mut known = KnownPatients::new();
    for row in fetch_in(connection, sql, &ids, "").await? {
        let number = small(&row, 3)?;
        let kind = match row.try_get(2)? {
            SOURCE => Kind::Source(RecordNumber(number)),
            _ => Kind::Golden(GoldenNumber(number)),
        };
        let patient = Known {
            key: row.try_get(1)?,
            kind,
            content: row.try_get::<Option<&str>, _>(5)?.map(ContentHash::new),
            content_number: row.try_get::<Option<i64>, _>(6)?.unwrap_or_default(),
            is_withdrawn: row.try_get::<i64, _>(4)? == WITHDRAWN_SOURCE,
        };
        known.insert(text(&row, 0)?.to_owned(), patient);
    }
    Ok(known)
}

/// Gives keys to new patients in order of age, and numbers to the contents that are shown.
async fn numbers<'c>(
    connection: &mut SqliteConnection,
    commit: &'c Commit,
    plan: &Plan<'c>,
    known: &'c KnownPatients,
) -> Result<Numbers<'c>, StoreError> {
    let row = sqlx::query("SELECT next_key, next_content FROM head").fetch_one(connection).await?;
    let (first_key, mut next_content): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
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

async fn write_contents(
    connection: &mut SqliteConnection,
    plan: &Plan<'_>,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let mut contents: Vec<(i64, &str)> = Vec::with_capacity(numbers.contents.len());
    for (hash, number) in &numbers.contents {
        contents.extend(plan.contents.get(*hash).map(|content| (*number, content.text.as_str())));
    }
    contents.sort_unstable();
    let rows: Vec<[Value<'_>; 2]> =
        contents.into_iter().map(|(number, text)| [number.into(), text.into()]).collect();
    insert(connection, "INSERT INTO content (number, text)", "", &rows).await
}

async fn write_patients(
    connection: &mut SqliteConnection,
    commit: &Commit,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let is_replaced = |state: &&GoldenState| matches!(state.status, GoldenStatus::Replaced(_));
    let replaced = || commit.goldens.iter().filter(is_replaced);
    let mut rows = Vec::with_capacity(commit.records.len() + commit.goldens.len());
    // One may be replaced by another that is itself new and replaced: these rows come twice,
    // first without their link.
    for state in replaced() {
        let [key, id, kind, number, code, version, updated_at, _] = golden_row(state, numbers)?;
        rows.push([key, id, kind, number, code, version, updated_at, Value::Null]);
    }
    for state in commit.goldens.iter().filter(|state| !is_replaced(state)).chain(replaced()) {
        rows.push(golden_row(state, numbers)?);
    }
    for state in &commit.records {
        rows.push(source_row(state, numbers)?);
    }
    insert(
        connection,
        "INSERT INTO patient (key, id, kind, number, state, version, updated_at, link)",
        "ON CONFLICT (key) DO UPDATE SET state = excluded.state, version = excluded.version, \
         updated_at = excluded.updated_at, link = excluded.link",
        &rows,
    )
    .await
}

fn source_row<'c>(
    state: &'c RecordState,
    numbers: &Numbers<'_>,
) -> Result<[Value<'c>; 8], StoreError> {
    Ok([
        numbers.key(state.id.as_str())?.into(),
        state.id.as_str().into(),
        SOURCE.into(),
        state.number.0.into(),
        if state.is_withdrawn { WITHDRAWN_SOURCE } else { LIVE_SOURCE }.into(),
        state.version.into(),
        state.updated_at.0.into(),
        numbers.key(state.golden.as_str())?.into(),
    ])
}

fn golden_row<'c>(
    state: &'c GoldenState,
    numbers: &Numbers<'_>,
) -> Result<[Value<'c>; 8], StoreError> {
    let (code, link) = match &state.status {
        GoldenStatus::Live => (LIVE_GOLDEN, None),
        GoldenStatus::Replaced(other) => (REPLACED_GOLDEN, Some(numbers.key(other.as_str())?)),
        GoldenStatus::Retired => (RETIRED_GOLDEN, None),
    };
    Ok([
        numbers.key(state.id.as_str())?.into(),
        state.id.as_str().into(),
        GOLDEN.into(),
        state.number.0.into(),
        code.into(),
        state.version.into(),
        state.updated_at.0.into(),
        link.into(),
    ])
}

async fn write_records(
    connection: &mut SqliteConnection,
    commit: &Commit,
    numbers: &Numbers<'_>,
    known: &KnownPatients,
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(commit.records.len());
    for state in &commit.records {
        let id = state.id.as_str();
        rows.push([
            numbers.key(id)?.into(),
            Value::from(&*state.source.system),
            Value::from(&*state.source.value),
            state.client.as_str().into(),
            state.content.as_str().into(),
            content_number(numbers, known, id, &state.content)?.into(),
            json(&state.basis)?,
            state.is_adjudicated.into(),
        ]);
    }
    insert(
        connection,
        "INSERT INTO source_record \
         (key, system, value, client, content, content_number, basis, adjudicated)",
        "ON CONFLICT (key) DO UPDATE SET system = excluded.system, value = excluded.value, \
         client = excluded.client, content = excluded.content, \
         content_number = excluded.content_number, basis = excluded.basis, \
         adjudicated = excluded.adjudicated",
        &rows,
    )
    .await
}

async fn write_versions(
    connection: &mut SqliteConnection,
    commit: &Commit,
    numbers: &Numbers<'_>,
    known: &KnownPatients,
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(commit.versions.len());
    for version in &commit.versions {
        let id = version.record.as_str();
        rows.push([
            numbers.key(id)?.into(),
            version.version.into(),
            version.at.0.into(),
            method_code(version.method).into(),
            Value::from(version.content.as_str()),
            content_number(numbers, known, id, &version.content)?.into(),
            numbers.key(version.golden.as_str())?.into(),
        ]);
    }
    let into = "INSERT INTO record_version \
                (key, version, at, method, content, content_number, golden)";
    insert(connection, into, "", &rows).await?;

    let mut rows = Vec::with_capacity(commit.golden_versions.len());
    for state in &commit.golden_versions {
        let key = numbers.key(state.id.as_str())?;
        rows.push([Value::from(key), state.version.into(), json(state)?]);
    }
    insert(connection, "INSERT INTO golden_version (key, version, body)", "", &rows).await
}

async fn write_judgements(
    connection: &mut SqliteConnection,
    commit: &Commit,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let mut opened = Vec::with_capacity(commit.issues_opened.len());
    for issue in &commit.issues_opened {
        opened.push(issue_row(issue, None, numbers)?);
    }
    let mut closed = Vec::with_capacity(commit.issues_closed.len());
    for (issue, reason) in &commit.issues_closed {
        closed.push(issue_row(issue, Some(reason_code(*reason)), numbers)?);
    }
    let into = "INSERT INTO issue (revision, number, kind, subject, candidate, body, closed)";
    insert(connection, into, "", &opened).await?;
    let then = "ON CONFLICT (revision, number) DO UPDATE SET closed = excluded.closed";
    insert(connection, into, then, &closed).await?;

    for pair in &commit.pairs_unbroken {
        sqlx::query("DELETE FROM broken_pair WHERE low = $1 AND high = $2")
            .bind(numbers.key(pair.low().as_str())?)
            .bind(numbers.key(pair.high().as_str())?)
            .execute(&mut *connection)
            .await?;
    }
    let mut pairs: Vec<[Value<'_>; 2]> = Vec::with_capacity(commit.pairs_broken.len());
    for pair in &commit.pairs_broken {
        let (low, high) = (numbers.key(pair.low().as_str())?, numbers.key(pair.high().as_str())?);
        pairs.push([low.into(), high.into()]);
    }
    let then = "ON CONFLICT (low, high) DO NOTHING";
    insert(connection, "INSERT INTO broken_pair (low, high)", then, &pairs).await
}

fn issue_row(
    issue: &MatchIssue,
    closed: Option<i64>,
    numbers: &Numbers<'_>,
) -> Result<[Value<'static>; 7], StoreError> {
    let (revision, number) = plan::opening(&issue.id)?;
    Ok([
        revision.into(),
        number.into(),
        kind_code(issue.kind).into(),
        numbers.key(issue.subject.as_str())?.into(),
        numbers.key(issue.evidence.candidate.as_str())?.into(),
        json(issue)?,
        closed.into(),
    ])
}

async fn write_texts(connection: &mut SqliteConnection, commit: &Commit) -> Result<(), StoreError> {
    let rows: Vec<[Value<'_>; 2]> = commit
        .explanations
        .iter()
        .map(|(hash, body)| [hash.as_str().into(), body.as_str().into()])
        .collect();
    let then = "ON CONFLICT (hash) DO NOTHING";
    insert(connection, "INSERT INTO explanation (hash, body)", then, &rows).await?;

    let mut rows: Vec<[Value<'_>; 4]> = Vec::with_capacity(commit.events.len());
    for event in &commit.events {
        let (body, hash) = (event.body.as_str(), event.hash.as_str());
        rows.push([sql::count(event.revision.0)?, event.at.0.into(), body.into(), hash.into()]);
    }
    insert(connection, "INSERT INTO event (revision, at, body, hash)", "", &rows).await
}

async fn write_head(
    connection: &mut SqliteConnection,
    head: &Head,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let sql = "UPDATE head SET revision = ?, hash = ?, next_record = ?, next_golden = ?, \
               next_key = ?, next_content = ?";
    let values = [
        sql::count(head.revision.0)?,
        head.hash.as_str().into(),
        head.next_record.into(),
        head.next_golden.into(),
        numbers.next_key.into(),
        numbers.next_content.into(),
    ];
    sql::query(sql.to_owned(), &values).execute(connection).await?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<Value<'static>, StoreError> {
    let text = serde_json::to_string(value);
    text.map(Value::from).map_err(|_| refused("a state has no JSON form"))
}
