//! Writing a commit: one statement for each kind of row, with arrays, sent without waiting for
//! the answers in between.
//!
//! The head row is locked first. Whoever commits after another therefore sees the other's head,
//! and is refused if it decided on an older one: the check and the write are one thing.

use std::{borrow::Cow, collections::HashMap};

use registry::{
    commit::Commit,
    event::Head,
    ids::{ContentHash, GoldenNumber, RecordNumber, Revision},
    state::{GoldenState, GoldenStatus, MatchIssue, RecordState},
};
use serde::Serialize;
use tokio_postgres::{Row, types::ToSql};

use super::{
    answered,
    error::is_aftermath,
    rows::{int, large, maybe_text, small, text},
    sql::{Db, all_held, count, held},
    states::identity,
    turn::Queue,
    write_index,
};
use crate::{
    StoreError,
    plan::{self, Kind, Known, KnownPatients, Plan, refused},
    shape::{
        GOLDEN, LIVE_GOLDEN, LIVE_SOURCE, REPLACED_GOLDEN, RETIRED_GOLDEN, SOURCE,
        WITHDRAWN_SOURCE, damaged, kind_code, method_code, reason_code,
    },
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

/// Writes all of `commit` inside a transaction at READ COMMITTED that the caller has begun and
/// will end, when `queue` lets it; tells others of it on `channel`.
///
/// # Errors
///
/// As [`crate::Store::commit`]; then the caller rolls back.
pub(super) async fn write(
    db: Db<'_>,
    commit: &Commit,
    channel: &str,
    queue: &Queue,
) -> Result<(), StoreError> {
    let statements = queue.prepare(db).await?;
    // Sent in this order, and carried out one after the other: who has the turn must not find the
    // head locked by somebody who waits for the turn.
    let waiting = queue.wait(db, statements, channel);
    let (_, locked) = tokio::try_join!(biased; waiting, lock(db, commit))?;
    let (head, first_key, next_content, known) = locked;
    if head.revision != commit.decided_at {
        let (decided_at, current) = (commit.decided_at, head.revision);
        return Err(StoreError::Stale { decided_at, current });
    }
    let plan = Plan::new(commit, &head, &known)?;
    let numbers = numbers(commit, &plan, &known, (first_key, next_content));
    let written: [Result<(), StoreError>; 11] = tokio::join!(
        write_contents(db, &plan, &numbers),
        write_patients(db, commit, &numbers),
        write_records(db, commit, &numbers, &known),
        write_versions(db, commit, &numbers, &known),
        write_golden_versions(db, commit, &numbers),
        write_index::write(db, commit, &plan, &numbers),
        write_issues(db, commit, &numbers),
        write_pairs(db, commit, &numbers),
        write_texts(db, commit),
        answered::write(db, &commit.answered),
        write_head(db, &plan.head, &numbers, channel),
    )
    .into();
    // After one statement fails all others do, which says nothing.
    let failed: Vec<StoreError> = written.into_iter().filter_map(Result::err).collect();
    let (after, causes): (Vec<_>, Vec<_>) = failed.into_iter().partition(is_aftermath);
    causes.into_iter().chain(after).next().map_or(Ok(()), Err)
}

/// The head, the next key and the next content, locked until the transaction ends, and the
/// patients that the commit names as they are under that lock.
async fn lock(db: Db<'_>, commit: &Commit) -> Result<(Head, i64, i64, KnownPatients), StoreError> {
    let of_head = "SELECT revision, hash, next_record, next_golden, next_key, next_content \
                   FROM head FOR UPDATE";
    let of_known = "SELECT p.key, p.kind, p.number, p.state, s.content, s.content_number, p.id \
                    FROM patient p LEFT JOIN source_record s ON s.key = p.key \
                    WHERE p.id = ANY($1)";
    let of_head = db.cache.prepare(db.client, of_head).await?;
    let of_known = db.cache.prepare(db.client, of_known).await?;
    let ids = all_held(plan::mentioned(commit));
    let named: [&(dyn ToSql + Sync); 1] = [&ids];
    // Sent in this order, and carried out one after the other.
    let (heads, known) = tokio::try_join!(
        biased;
        db.client.query(&of_head, &[]),
        db.client.query(&of_known, &named),
    )?;
    let row = heads.first().ok_or_else(|| damaged("the head"))?;
    let head = Head {
        revision: Revision(large(row, 0)?),
        hash: ContentHash::new(text(row, 1)?),
        next_record: small(row, 2)?,
        next_golden: small(row, 3)?,
    };
    let known: Result<KnownPatients, StoreError> =
        known.iter().map(|row| Ok((text(row, 6)?.into_owned(), known_patient(row)?))).collect();
    Ok((head, int(row, 4)?, int(row, 5)?, known?))
}

fn known_patient(row: &Row) -> Result<Known, StoreError> {
    let number = small(row, 2)?;
    Ok(Known {
        key: int(row, 0)?,
        kind: match int(row, 1)? {
            SOURCE => Kind::Source(RecordNumber(number)),
            _ => Kind::Golden(GoldenNumber(number)),
        },
        content: maybe_text(row, 4)?.map(ContentHash::new),
        content_number: row.try_get::<_, Option<i64>>(5)?.unwrap_or_default(),
        is_withdrawn: int(row, 3)? == WITHDRAWN_SOURCE,
    })
}

/// Gives keys to new patients in order of age, and numbers to the contents that are shown.
fn numbers<'c>(
    commit: &'c Commit,
    plan: &Plan<'c>,
    known: &'c KnownPatients,
    (first_key, mut next_content): (i64, i64),
) -> Numbers<'c> {
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
    Numbers { keys, first_key, contents, next_key, next_content }
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
    db: Db<'_>,
    plan: &Plan<'_>,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let mut contents: Vec<(i64, &str)> = Vec::with_capacity(numbers.contents.len());
    for (hash, number) in &numbers.contents {
        contents.extend(plan.contents.get(*hash).map(|content| (*number, content.text.as_str())));
    }
    if contents.is_empty() {
        return Ok(());
    }
    contents.sort_unstable();
    let (keys, texts): (Vec<i64>, Vec<Cow<'_, str>>) =
        contents.into_iter().map(|(number, text)| (number, held(text))).unzip();
    let sql = "INSERT INTO content (number, text) SELECT * FROM unnest($1::bigint[], $2::text[])";
    db.execute(sql, &[&keys, &texts]).await?;
    Ok(())
}

/// The columns of `patient`, one array each.
#[derive(Default)]
struct Patients<'c> {
    keys: Vec<i64>,
    ids: Vec<Cow<'c, str>>,
    kinds: Vec<i64>,
    numbers: Vec<i64>,
    states: Vec<i64>,
    versions: Vec<i64>,
    times: Vec<i64>,
    links: Vec<Option<i64>>,
}

impl<'c> Patients<'c> {
    fn add_source(
        &mut self,
        state: &'c RecordState,
        numbers: &Numbers<'_>,
    ) -> Result<(), StoreError> {
        self.keys.push(numbers.key(state.id.as_str())?);
        self.ids.push(held(state.id.as_str()));
        self.kinds.push(SOURCE);
        self.numbers.push(state.number.0.into());
        self.states.push(if state.is_withdrawn { WITHDRAWN_SOURCE } else { LIVE_SOURCE });
        self.versions.push(state.version.into());
        self.times.push(state.updated_at.0);
        self.links.push(Some(numbers.key(state.golden.as_str())?));
        Ok(())
    }

    fn add_golden(
        &mut self,
        golden: &'c GoldenState,
        numbers: &Numbers<'_>,
    ) -> Result<(), StoreError> {
        let (state, link) = match &golden.status {
            GoldenStatus::Live => (LIVE_GOLDEN, None),
            GoldenStatus::Replaced(other) => (REPLACED_GOLDEN, Some(numbers.key(other.as_str())?)),
            GoldenStatus::Retired => (RETIRED_GOLDEN, None),
        };
        self.keys.push(numbers.key(golden.id.as_str())?);
        self.ids.push(held(golden.id.as_str()));
        self.kinds.push(GOLDEN);
        self.numbers.push(golden.number.0.into());
        self.states.push(state);
        self.versions.push(golden.version.into());
        self.times.push(golden.updated_at.0);
        self.links.push(link);
        Ok(())
    }
}

async fn write_patients(
    db: Db<'_>,
    commit: &Commit,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let mut rows = Patients::default();
    for golden in &commit.goldens {
        rows.add_golden(golden, numbers)?;
    }
    for record in &commit.records {
        rows.add_source(record, numbers)?;
    }
    if rows.keys.is_empty() {
        return Ok(());
    }
    // References are checked at the end of the statement, so rows may name each other.
    let sql = "INSERT INTO patient (key, id, kind, number, state, version, updated_at, link) \
               SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], \
                   $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]) \
               ON CONFLICT (key) DO UPDATE SET state = excluded.state, \
               version = excluded.version, updated_at = excluded.updated_at, \
               link = excluded.link";
    let Patients { keys, ids, kinds, numbers, states, versions, times, links } = &rows;
    db.execute(sql, &[keys, ids, kinds, numbers, states, versions, times, links]).await?;
    Ok(())
}

async fn write_records(
    db: Db<'_>,
    commit: &Commit,
    numbers: &Numbers<'_>,
    known: &KnownPatients,
) -> Result<(), StoreError> {
    let states = &commit.records;
    if states.is_empty() {
        return Ok(());
    }
    let mut keys = Vec::with_capacity(states.len());
    let mut contents = Vec::with_capacity(states.len());
    let mut bases = Vec::with_capacity(states.len());
    for state in states {
        keys.push(numbers.key(state.id.as_str())?);
        contents.push(content_number(numbers, known, state.id.as_str(), &state.content)?);
        bases.push(json(&state.basis)?);
    }
    let identities: Vec<ContentHash> = states.iter().map(|state| identity(&state.source)).collect();
    let identities: Vec<&str> = identities.iter().map(ContentHash::as_str).collect();
    let systems = all_held(states.iter().map(|state| &*state.source.system));
    let values = all_held(states.iter().map(|state| &*state.source.value));
    let clients = all_held(states.iter().map(|state| state.client.as_str()));
    let hashes: Vec<&str> = states.iter().map(|state| state.content.as_str()).collect();
    let adjudicated: Vec<bool> = states.iter().map(|state| state.is_adjudicated).collect();
    let sql = "INSERT INTO source_record (key, identity, system, value, client, content, \
                   content_number, basis, adjudicated) \
               SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], \
                   $6::text[], $7::bigint[], $8::text[], $9::boolean[]) \
               ON CONFLICT (key) DO UPDATE SET identity = excluded.identity, \
               system = excluded.system, value = excluded.value, client = excluded.client, \
               content = excluded.content, content_number = excluded.content_number, \
               basis = excluded.basis, adjudicated = excluded.adjudicated";
    db.execute(
        sql,
        &[
            &keys,
            &identities,
            &systems,
            &values,
            &clients,
            &hashes,
            &contents,
            &bases,
            &adjudicated,
        ],
    )
    .await?;
    Ok(())
}

async fn write_versions(
    db: Db<'_>,
    commit: &Commit,
    numbers: &Numbers<'_>,
    known: &KnownPatients,
) -> Result<(), StoreError> {
    let rows = &commit.versions;
    if rows.is_empty() {
        return Ok(());
    }
    let mut keys = Vec::with_capacity(rows.len());
    let mut contents = Vec::with_capacity(rows.len());
    let mut goldens = Vec::with_capacity(rows.len());
    for row in rows {
        keys.push(numbers.key(row.record.as_str())?);
        contents.push(content_number(numbers, known, row.record.as_str(), &row.content)?);
        goldens.push(numbers.key(row.golden.as_str())?);
    }
    let versions: Vec<i64> = rows.iter().map(|row| row.version.into()).collect();
    let times: Vec<i64> = rows.iter().map(|row| row.at.0).collect();
    let methods: Vec<i64> = rows.iter().map(|row| method_code(row.method)).collect();
    let hashes: Vec<&str> = rows.iter().map(|row| row.content.as_str()).collect();
    let sql = "INSERT INTO record_version (key, version, at, method, content, content_number, \
                   golden) \
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], \
                   $5::text[], $6::bigint[], $7::bigint[])";
    db.execute(sql, &[&keys, &versions, &times, &methods, &hashes, &contents, &goldens]).await?;
    Ok(())
}

async fn write_golden_versions(
    db: Db<'_>,
    commit: &Commit,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    if commit.golden_versions.is_empty() {
        return Ok(());
    }
    let (mut keys, mut versions, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for state in &commit.golden_versions {
        keys.push(numbers.key(state.id.as_str())?);
        versions.push(i64::from(state.version));
        bodies.push(json(state)?);
    }
    let sql = "INSERT INTO golden_version (key, version, body) \
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])";
    db.execute(sql, &[&keys, &versions, &bodies]).await?;
    Ok(())
}

async fn write_issues(
    db: Db<'_>,
    commit: &Commit,
    numbers: &Numbers<'_>,
) -> Result<(), StoreError> {
    let opened: Vec<_> = commit.issues_opened.iter().map(|issue| (issue, None)).collect();
    // A closed issue may be opened again; an open one is left alone, which shows.
    let again = "ON CONFLICT (revision, number) DO UPDATE SET closed = NULL \
                 WHERE issue.closed IS NOT NULL";
    if upsert_issues(db, &opened, again, numbers).await? < opened.len() as u64 {
        return Err(refused("an issue is opened twice"));
    }
    let closed = commit.issues_closed.iter();
    let closed: Vec<_> =
        closed.map(|(issue, reason)| (issue, Some(reason_code(*reason)))).collect();
    let then = "ON CONFLICT (revision, number) DO UPDATE SET closed = excluded.closed";
    upsert_issues(db, &closed, then, numbers).await?;
    Ok(())
}

async fn upsert_issues(
    db: Db<'_>,
    issues: &[(&MatchIssue, Option<i64>)],
    conflict: &str,
    numbers: &Numbers<'_>,
) -> Result<u64, StoreError> {
    if issues.is_empty() {
        return Ok(0);
    }
    let (mut revisions, mut places) = (Vec::new(), Vec::new());
    let (mut subjects, mut candidates) = (Vec::new(), Vec::new());
    let mut bodies = Vec::new();
    for (issue, _) in issues {
        let (revision, number) = plan::opening(&issue.id)?;
        revisions.push(revision);
        places.push(number);
        subjects.push(numbers.key(issue.subject.as_str())?);
        candidates.push(numbers.key(issue.evidence.candidate.as_str())?);
        bodies.push(json(issue)?);
    }
    let kinds: Vec<i64> = issues.iter().map(|(issue, _)| kind_code(issue.kind)).collect();
    let closed: Vec<Option<i64>> = issues.iter().map(|(_, closed)| *closed).collect();
    let sql = format!(
        "INSERT INTO issue (revision, number, kind, subject, candidate, body, closed) \
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], \
             $5::bigint[], $6::text[], $7::bigint[]) {conflict}"
    );
    db.execute(&sql, &[&revisions, &places, &kinds, &subjects, &candidates, &bodies, &closed]).await
}

async fn write_pairs(db: Db<'_>, commit: &Commit, numbers: &Numbers<'_>) -> Result<(), StoreError> {
    let delete = "DELETE FROM broken_pair b USING unnest($1::bigint[], $2::bigint[]) u (low, high) \
                  WHERE b.low = u.low AND b.high = u.high";
    let insert = "INSERT INTO broken_pair (low, high) \
                  SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING";
    for (sql, pairs) in [(delete, &commit.pairs_unbroken), (insert, &commit.pairs_broken)] {
        if pairs.is_empty() {
            continue;
        }
        let (mut lows, mut highs) = (Vec::new(), Vec::new());
        for pair in pairs {
            lows.push(numbers.key(pair.low().as_str())?);
            highs.push(numbers.key(pair.high().as_str())?);
        }
        db.execute(sql, &[&lows, &highs]).await?;
    }
    Ok(())
}

async fn write_texts(db: Db<'_>, commit: &Commit) -> Result<(), StoreError> {
    if !commit.explanations.is_empty() {
        let hashes = all_held(commit.explanations.iter().map(|(hash, _)| hash.as_str()));
        let bodies = all_held(commit.explanations.iter().map(|(_, body)| body.as_str()));
        let sql = "INSERT INTO explanation (hash, body) \
                   SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING";
        db.execute(sql, &[&hashes, &bodies]).await?;
    }
    if commit.events.is_empty() {
        return Ok(());
    }
    let revisions: Result<Vec<i64>, StoreError> =
        commit.events.iter().map(|event| count(event.revision.0)).collect();
    let times: Vec<i64> = commit.events.iter().map(|event| event.at.0).collect();
    let bodies = all_held(commit.events.iter().map(|event| event.body.as_str()));
    let hashes: Vec<&str> = commit.events.iter().map(|event| event.hash.as_str()).collect();
    let sql = "INSERT INTO event (revision, at, body, hash) \
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])";
    db.execute(sql, &[&revisions?, &times, &bodies, &hashes]).await?;
    Ok(())
}

async fn write_head(
    db: Db<'_>,
    head: &Head,
    numbers: &Numbers<'_>,
    channel: &str,
) -> Result<(), StoreError> {
    let sql = "WITH moved AS (UPDATE head SET revision = $1, hash = $2, next_record = $3, \
                   next_golden = $4, next_key = $5, next_content = $6 RETURNING revision) \
               SELECT pg_notify($7, revision::text) FROM moved";
    db.execute(
        sql,
        &[
            &count(head.revision.0)?,
            &head.hash.as_str(),
            &i64::from(head.next_record),
            &i64::from(head.next_golden),
            &numbers.next_key,
            &numbers.next_content,
            &channel,
        ],
    )
    .await?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| refused("a state has no JSON form"))
}
