//! Takes over what another registry decided, commit by commit, and compares what came of it.
//!
//! For an installation that is being set up: nobody else may write meanwhile, and nothing may
//! have been written before but by this. Run again, it continues where it was broken off.

mod flags;

use std::collections::{BTreeMap, HashSet};

use registry::{
    actor::Actor,
    adopt::{Adopted, Plan, adopt_emptied, adopt_pair, adopt_record, emptied_status},
    batch::Batch,
    event::Verb,
    ids::{Cruid, GoldenNumber, RecordId, RecordNumber, Revision, Timestamp},
    standing::Standing,
    state::BrokenPair,
    vocabulary::Vocabulary,
};
use store::{Store, StoreError};
use thiserror::Error;

use crate::StartError;

pub use flags::{Flags, adopt_flagged};

/// Things that one commit takes over; all of them are durable when the next one begins.
const CHUNK_MAX: usize = 500;

/// Things that are read at once for comparing.
const PAGE: u32 = 1_000;

/// Why nothing more could be taken over.
#[derive(Debug, Error)]
pub enum AdoptError {
    /// The registry holds what others wrote.
    #[error(
        "the store is in use: something other than a migration was written at revision {0}; \
         migrate into an empty data folder"
    )]
    Foreign(Revision),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index of what was taken over cannot be built.
    #[error(transparent)]
    Index(#[from] StartError),
}

/// What was written, and what differs after it.
#[derive(Clone, Debug, Default)]
pub struct Adoption {
    /// Source records written by this run.
    pub records: u64,
    /// Golden records without members written by this run.
    pub emptied: u64,
    /// Pairs declared different written by this run.
    pub pairs: u64,
    /// What is not in the store as the plan says; ids only.
    pub differences: Vec<String>,
}

/// Writes what of `plan` is not in the store yet, then compares all of it with the store.
///
/// # Errors
///
/// [`AdoptError::Foreign`] before anything is written; [`AdoptError::Store`] at any time, and
/// what was written until then stays.
pub async fn adopt(
    store: &dyn Store,
    plan: &Plan,
    (ruleset, vocabulary): (&str, &Vocabulary),
    progress: &mut (dyn FnMut(&str) + Send),
) -> Result<Adoption, AdoptError> {
    refuse_foreign(store).await?;
    let mut adoption = Adoption::default();
    let desk = Desk { store, ruleset, vocabulary, actor: Actor::Job("migrate".to_owned()) };
    let mut done = 0;
    for chunk in plan.records.chunks(CHUNK_MAX) {
        adoption.records += desk.records(chunk).await?;
        done += chunk.len();
        progress(&format!("{done} of {} records", plan.records.len()));
    }
    let latest = plan.records.last().map_or(Timestamp(0), |adopted| adopted.at);
    for chunk in plan.emptied.chunks(CHUNK_MAX) {
        adoption.emptied += desk.emptied(chunk).await?;
    }
    let pairs: Vec<BrokenPair> = plan.pairs.iter().cloned().collect();
    for chunk in pairs.chunks(CHUNK_MAX) {
        adoption.pairs += desk.pairs(chunk, latest).await?;
    }
    progress("comparing");
    adoption.differences = compare(store, plan, &pairs).await?;
    adoption.differences.extend(surplus(store, plan).await?);
    Ok(adoption)
}

/// A migration is the only thing that may have written before: it refuses all else, so the
/// newest event tells.
///
/// # Errors
///
/// [`AdoptError::Foreign`] for a store that others have written to.
pub async fn refuse_foreign(store: &dyn Store) -> Result<(), AdoptError> {
    let newest = store.head().await?.revision;
    let before = Revision(newest.0.saturating_sub(1));
    for event in store.events_after(before, 1).await? {
        let body: Result<registry::event::EventBody, _> = serde_json::from_str(&event.body);
        if !body.is_ok_and(|body| body.verb == Verb::Adopt) {
            return Err(AdoptError::Foreign(event.revision));
        }
    }
    Ok(())
}

struct Desk<'a> {
    store: &'a dyn Store,
    ruleset: &'a str,
    vocabulary: &'a Vocabulary,
    actor: Actor,
}

impl Desk<'_> {
    async fn batch(&self, goldens: &[Cruid]) -> Result<Batch, StoreError> {
        let head = self.store.head().await?;
        let mut standing = Standing::default();
        for golden in self.store.goldens(goldens).await? {
            standing.load_golden(golden);
        }
        Ok(Batch::new(head, standing, self.ruleset.to_owned()))
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.store.commit(batch.finish(self.vocabulary)).await
    }

    async fn records(&self, chunk: &[Adopted]) -> Result<u64, StoreError> {
        let ids: Vec<RecordId> = chunk.iter().map(|adopted| adopted.id.clone()).collect();
        let known: HashSet<RecordId> =
            self.store.records(&ids).await?.into_iter().map(|state| state.id).collect();
        let sources: Vec<_> = chunk.iter().map(|adopted| adopted.record.source.clone()).collect();
        let taken: HashSet<_> =
            self.store.records_of_sources(&sources).await?.into_iter().map(|r| r.source).collect();
        let goldens: Vec<Cruid> = chunk.iter().map(|adopted| adopted.golden.clone()).collect();
        let mut batch = self.batch(&goldens).await?;
        let mut written = 0;
        for adopted in chunk {
            // What has an id or identity already shows as a difference, if it is one.
            if known.contains(&adopted.id) || taken.contains(&adopted.record.source) {
                continue;
            }
            let head = batch.head();
            let is_new = batch.standing().golden(&adopted.golden).is_none();
            let golden = is_new.then_some(GoldenNumber(head.next_golden));
            let number = RecordNumber(head.next_record);
            let decision = adopt_record(adopted, number, golden, head.revision.next());
            batch.push(&self.actor, adopted.at, decision);
            written += 1;
        }
        self.commit(batch).await?;
        Ok(written)
    }

    async fn emptied(
        &self,
        chunk: &[(Cruid, Option<Cruid>, Timestamp)],
    ) -> Result<u64, StoreError> {
        let ids: Vec<Cruid> = chunk.iter().map(|(id, ..)| id.clone()).collect();
        let mut batch = self.batch(&ids).await?;
        let mut written = 0;
        for (id, replaced_by, at) in chunk {
            if batch.standing().golden(id).is_some() {
                continue;
            }
            let number = GoldenNumber(batch.head().next_golden);
            batch.push(&self.actor, *at, adopt_emptied(id, replaced_by.as_ref(), number));
            written += 1;
        }
        self.commit(batch).await?;
        Ok(written)
    }

    async fn pairs(&self, chunk: &[BrokenPair], at: Timestamp) -> Result<u64, StoreError> {
        let known = stored_pairs(self.store, chunk).await?;
        let mut batch = self.batch(&[]).await?;
        let mut written = 0;
        for pair in chunk.iter().filter(|pair| !known.contains(pair)) {
            batch.push(&self.actor, at, adopt_pair(pair));
            written += 1;
        }
        self.commit(batch).await?;
        Ok(written)
    }
}

async fn stored_pairs(
    store: &dyn Store,
    pairs: &[BrokenPair],
) -> Result<HashSet<BrokenPair>, StoreError> {
    let ids: Vec<RecordId> = pairs.iter().map(|pair| pair.low().clone()).collect();
    Ok(store.broken_pairs_of(&ids).await?.into_iter().collect())
}

async fn compare(
    store: &dyn Store,
    plan: &Plan,
    pairs: &[BrokenPair],
) -> Result<Vec<String>, StoreError> {
    let mut differences = Vec::new();
    for chunk in plan.records.chunks(CHUNK_MAX) {
        let ids: Vec<RecordId> = chunk.iter().map(|adopted| adopted.id.clone()).collect();
        let stored: BTreeMap<_, _> =
            store.records(&ids).await?.into_iter().map(|state| (state.id.clone(), state)).collect();
        for adopted in chunk {
            let id = &adopted.id;
            match stored.get(id) {
                None => differences.push(format!("Patient/{id} is not in the store")),
                Some(state) if state.golden != adopted.golden => differences.push(format!(
                    "Patient/{id} is linked to Patient/{}, not to Patient/{}",
                    state.golden, adopted.golden
                )),
                Some(state) if state.content != adopted.record.content.hash => {
                    differences.push(format!("Patient/{id} has another content in the store"));
                }
                Some(state) if state.is_adjudicated != adopted.is_adjudicated => {
                    differences.push(format!("Patient/{id} has another humanAdjudication"));
                }
                Some(_) => {}
            }
        }
    }
    for chunk in plan.emptied.chunks(CHUNK_MAX) {
        let ids: Vec<Cruid> = chunk.iter().map(|(id, ..)| id.clone()).collect();
        let stored: BTreeMap<_, _> =
            store.goldens(&ids).await?.into_iter().map(|g| (g.id.clone(), g.status)).collect();
        for (id, replaced_by, _) in chunk {
            if stored.get(id) != Some(&emptied_status(replaced_by.as_ref())) {
                differences.push(format!("Patient/{id}, a golden record, differs in the store"));
            }
        }
    }
    for chunk in pairs.chunks(CHUNK_MAX) {
        let stored = stored_pairs(store, chunk).await?;
        for pair in chunk.iter().filter(|pair| !stored.contains(pair)) {
            differences.push(format!(
                "Patient/{} and Patient/{} are not declared different",
                pair.low(),
                pair.high()
            ));
        }
    }
    Ok(differences)
}

/// What is in the store and not in the plan: left by an earlier run from another source, or deleted
/// there since.
async fn surplus(store: &dyn Store, plan: &Plan) -> Result<Vec<String>, StoreError> {
    let mut differences = Vec::new();
    let ids: HashSet<&RecordId> = plan.records.iter().map(|adopted| &adopted.id).collect();
    let of_records = plan.records.iter().map(|adopted| &adopted.golden);
    let goldens: HashSet<&Cruid> =
        of_records.chain(plan.emptied.iter().map(|(id, ..)| id)).collect();
    let mut after = None;
    loop {
        let records = store.records_after(after, PAGE).await?;
        let Some((last, _)) = records.last() else { break };
        after = Some(last.number);
        let others = records.iter().filter(|(state, _)| !ids.contains(&state.id));
        differences.extend(others.map(|(state, _)| {
            format!("Patient/{} is in the store, and not in what was read", state.id)
        }));
    }
    let mut after = None;
    loop {
        let found = store.goldens_after(after, PAGE).await?;
        let Some(last) = found.last() else { break };
        after = Some(last.number.0);
        let others = found.iter().filter(|golden| !goldens.contains(&golden.id));
        differences.extend(others.map(|golden| {
            format!("Patient/{}, a golden record, is in the store alone", golden.id)
        }));
    }
    let pairs = store.broken_pairs().await?.into_iter();
    differences.extend(pairs.filter(|pair| !plan.pairs.contains(pair)).map(|pair| {
        format!(
            "Patient/{} and Patient/{} are declared different here alone",
            pair.low(),
            pair.high()
        )
    }));
    Ok(differences)
}
