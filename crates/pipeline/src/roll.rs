//! A roll of people: all of them are known before the first is decided on.
//!
//! A file is linked as a registry would that received its rows in their order. But what each row
//! finds among those before it can be looked for in an index of all of them
//! ([`matching::index::Join`]), where the work for a name is done once for everybody who has it.
//! Only identities and features are kept of the rows, and the outcome alone of the decisions, which
//! are taken by the same steps as a submission's.

use std::{collections::HashSet, hash::BuildHasher as _, sync::Arc};

use fhir::{outcome::Issue, resource::Resource};
use matching::{
    features::Features,
    index::{Found, Index, Join},
};
use rayon::prelude::*;
use registry::{
    actor::Actor,
    batch::Receipt,
    decide::Submitted,
    extract::Extractor,
    ids::{ClientId, SourceKey},
    record::{SourceRecord, examine},
    vocabulary::Vocabulary,
};
use store::{DraftStore, Reader as _, Store as _, StoreError};

use crate::{
    Operation, PipelineError, Settings, Submission, Work,
    linker::{Desk, blocking, wanted},
    load,
};

/// People who are searched for on all cores before others are.
const SEARCHED: usize = 10_000;
/// People who are decided on together.
const PART: usize = 500;

/// Everybody, in their order.
pub struct Roll {
    extractor: Arc<Extractor>,
    settings: Settings,
    index: Index,
    sources: Vec<SourceKey>,
    /// Hashes of the identities: two of the same hash are taken for the same.
    known: HashSet<u64>,
    hasher: std::hash::RandomState,
}

/// Decodes those who are to be added, on any thread.
#[derive(Clone)]
pub struct Decoder {
    extractor: Arc<Extractor>,
    vocabulary: Arc<Vocabulary>,
}

/// One who is to be added.
pub struct Entry {
    source: SourceKey,
    features: Features,
}

/// Says that somebody is on the roll already, or perhaps: it takes nobody twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twice;

impl Roll {
    /// Nobody yet.
    pub fn new(extractor: Extractor, settings: Settings) -> Self {
        let index = Index::new(extractor.ruleset().clone());
        let (extractor, known) = (Arc::new(extractor), HashSet::new());
        let hasher = std::hash::RandomState::new();
        Self { extractor, settings, index, sources: Vec::new(), known, hasher }
    }

    /// What makes entries of this roll.
    pub fn decoder(&self) -> Decoder {
        let vocabulary = Arc::new(self.settings.vocabulary.clone());
        Decoder { extractor: self.extractor.clone(), vocabulary }
    }

    /// Adds somebody behind the others.
    ///
    /// # Errors
    ///
    /// [`Twice`] if the identity may be on the roll; it is left as it was.
    pub fn add(&mut self, entry: Entry) -> Result<(), Twice> {
        // Numbers are of 32 bits, and so are those of records.
        let number = u32::try_from(self.sources.len()).map_err(|_| Twice)?;
        if !self.known.insert(self.hasher.hash_one(&entry.source)) {
            return Err(Twice);
        }
        self.index.insert(number, entry.features);
        self.sources.push(entry.source);
        Ok(())
    }

    /// Decides on everybody, one after another, and gives the state after the last.
    ///
    /// `on_done` hears of each, in their order.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if there is a fault; the outcome is lost.
    pub async fn decide(
        self,
        client: ClientId,
        actor: Actor,
        on_done: &mut dyn FnMut(Receipt),
    ) -> Result<DraftStore, PipelineError> {
        let Roll { extractor, settings, index, sources, .. } = self;
        let snapshot = Arc::new(index.snapshot());
        drop(index);
        let join = Join::new((*snapshot).clone(), settings.limits());
        // What the join remembers is gone before the state grows: the two together would take twice
        // the memory.
        let found = blocking(move || search(&join)).await?;
        let store = DraftStore::default();
        let mut everybody = (0..).zip(sources).zip(found);
        loop {
            let mut operations = Vec::with_capacity(PART);
            let mut matched = Vec::with_capacity(PART);
            for ((number, source), found) in everybody.by_ref().take(PART) {
                let record = SourceRecord::unsaid(source, client.clone());
                let submitted = Submitted { record, if_match: None, only_create: false };
                let features = snapshot.features(number).ok_or(PipelineError::Fault)?;
                operations.push(Operation::Submit(Box::new(Submission { submitted, features })));
                matched.push(Some(found.map_or_else(Found::default, |found| *found)));
            }
            if operations.is_empty() {
                return Ok(store);
            }
            let works = [Work { operations, actor: actor.clone(), is_atomic: false, once: None }];
            let matched = vec![matched];
            let has_guards = !extractor.ruleset().golden_guards.is_empty();
            let wanted = wanted(&works, &matched, has_guards);
            let standing = load::standing(&store, &wanted).await.map_err(failed)?;
            let head = store.head().await.map_err(failed)?;
            let desk = Desk::new(head, standing, snapshot.clone(), extractor.clone(), &settings);
            let desk = desk.foreseeing();
            let decided = blocking(move || desk.decide_all(&works, &matched)).await?;
            store.commit(decided.commit).await.map_err(failed)?;
            for answer in decided.answers.into_iter().flatten() {
                // Nobody is there who could make a new record be refused, and if one were, those
                // after it would have other numbers than they were found by.
                let receipts = answer.map_err(|_| PipelineError::Fault)?;
                receipts.into_iter().for_each(&mut *on_done);
            }
        }
    }
}

impl Decoder {
    /// Decodes a Patient as [`crate::Pipeline::decode`] does, without what the outcome does not
    /// depend on.
    ///
    /// # Errors
    ///
    /// Every problem as a FHIR issue with the expression at fault.
    pub fn decode(&self, mut resource: Resource) -> Result<Entry, Vec<Issue>> {
        let (_, source) = examine(&mut resource, None, &self.vocabulary)?;
        let features = self.extractor.extract(resource.value()).map_err(|issue| vec![issue])?;
        Ok(Entry { source, features })
    }
}

/// Searches for everybody, on all cores; most find nobody.
fn search(join: &Join) -> Vec<Option<Box<Found>>> {
    // As many as are numbered in 32 bits.
    let everybody = join.snapshot().len() as u32;
    let mut all = Vec::with_capacity(everybody as usize);
    // In their order, so that what is remembered first is what the first and most of the rest have.
    for begin in (0..everybody).step_by(SEARCHED) {
        let numbers = begin..everybody.min(begin.saturating_add(SEARCHED as u32));
        let found = numbers.into_par_iter().map(|number| join.before(number).1);
        let found = found.map(|found| found.is_any().then(|| Box::new(found)));
        all.par_extend(found);
    }
    all
}

fn failed(error: StoreError) -> PipelineError {
    PipelineError::Store(Arc::new(error))
}
