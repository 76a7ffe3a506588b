//! The score matrix: a record with all that it matches, and what each of these matches.
//!
//! Read-only (contract 3.12). A steward compares the rows side by side and decides; how they are
//! spelt for a screen is the edge's business. Rows and scores are told apart by the identity
//! within its system, so equal numbers of two systems do not collide (contract 6.3, D34).

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use fhir::{outcome::Issue, resource::Resource};
use matching::{
    features::Features,
    index::{Limits, Snapshot},
    score::{Band, Score},
};
use registry::{
    decide::Reviewed,
    event::Head,
    ids::{RecordId, RecordNumber, SourceKey},
    record::SourceRecord,
    state::{IssueKind, RecordState},
    stored::StoredPatient,
};

use crate::{
    Pipeline, PipelineError,
    linker::{Desk, blocking},
    load::{self, Named},
};

/// Rows that a matrix has at the most: more than a person compares.
pub const ROWS_MAX: usize = 500;

/// Whose matches are asked for.
#[derive(Clone)]
pub enum Asked {
    /// A stored record. It does not match itself.
    Stored(RecordId),
    /// A Patient that need not be stored; if it is, it matches itself.
    Patient(Box<AskedPatient>),
}

/// A Patient that need not be stored, ready to be compared.
#[derive(Clone)]
pub struct AskedPatient {
    /// Its identity, if it has one.
    pub source: Option<SourceKey>,
    /// The resource as JSON text.
    pub content: String,
    features: Features,
}

/// What a row is to the record that brought it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The one that was asked for.
    Asked,
    /// An automatic match, or any match that is the same person already.
    Auto,
    /// A potential match.
    Potential,
    /// A match that belongs to another person, though it scores as automatic.
    Conflict,
}

/// One record of the matrix.
#[derive(Clone)]
pub struct Row {
    /// Its identity; `None` for a Patient without one.
    pub source: Option<SourceKey>,
    /// What the registry knows of it: id, CRUID, client; `None` for one that is not stored.
    pub state: Option<RecordState>,
    /// The resource as JSON text, without what the registry adds.
    pub content: String,
    /// What it is to the record that brought it in.
    pub class: Class,
    /// Its scores with every record that it matches, whether that has a row or not.
    pub scores: BTreeMap<SourceKey, Scored>,
}

/// What the rules make of a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The rule, counted from 1.
    pub rule: u32,
    /// The score by that rule.
    pub score: Score,
    /// Where the score falls.
    pub band: Band,
}

impl Scored {
    /// Whether it is an automatic match.
    pub fn is_auto(&self) -> bool {
        self.band == Band::Auto
    }

    /// Whether it is one that a person should look at.
    pub fn is_potential(&self) -> bool {
        self.band == Band::Potential
    }
}

/// A record with all that it matches.
#[derive(Clone, Default)]
pub struct Matrix {
    /// The record asked for, then automatic matches, potential matches and conflicts, best first;
    /// each record once. Matches of matches follow.
    pub rows: Vec<Row>,
    /// Whether there are more rows than [`ROWS_MAX`].
    pub is_cut: bool,
}

/// A row without its content, on its way into the matrix.
struct Found {
    record: Option<RecordId>,
    class: Class,
}

impl Pipeline {
    /// Prepares a Patient that need not be stored for [`Pipeline::score_matrix`].
    ///
    /// # Errors
    ///
    /// A FHIR issue if the rules cannot read the Patient.
    pub fn asked(&self, resource: &Resource) -> Result<Asked, Issue> {
        let features = self.extractor().extract(resource.value())?;
        // Whose it is does not matter to its identity.
        let client = registry::ids::ClientId::new("");
        let vocabulary = &self.settings().vocabulary;
        let record = SourceRecord::decode(resource.clone(), None, &client, vocabulary);
        let source = record.ok().map(|record| record.source);
        let content = resource.value().to_string();
        Ok(Asked::Patient(Box::new(AskedPatient { source, content, features })))
    }

    /// Compares a record with all that it matches; `None` if there is no such live record.
    ///
    /// With `is_recursive` it goes on to what the matches match (OpenCR:
    /// `matching.resolvePotentialOfPotentials`).
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if the store cannot be read.
    pub async fn score_matrix(
        &self,
        asked: &Asked,
        is_recursive: bool,
    ) -> Result<Option<Matrix>, PipelineError> {
        let snapshot = self.index();
        let mut matrix = Matrix::default();
        let first = match asked {
            Asked::Stored(id) => Query { record: Some(id.clone()), features: None },
            Asked::Patient(patient) => {
                Query { record: None, features: Some(patient.features.clone()) }
            }
        };
        let mut seen: HashSet<RecordId> = first.record.iter().cloned().collect();
        let mut level = vec![(Found { record: first.record.clone(), class: Class::Asked }, first)];
        for depth in 0.. {
            let (found, queries): (Vec<Found>, Vec<Query>) = level.into_iter().unzip();
            let compared = self.compare(queries, &snapshot).await?;
            level = Vec::new();
            for (found, compared) in found.into_iter().zip(compared) {
                let content = compared.content;
                let content = match asked {
                    Asked::Patient(patient) if found.record.is_none() => {
                        Some((patient.source.clone(), patient.content.clone()))
                    }
                    _ => content,
                };
                // A record may be withdrawn between the reads.
                let Some((source, content)) = content else { continue };
                let (state, scores) = (compared.state, compared.scores);
                matrix.rows.push(Row { source, state, content, class: found.class, scores });
                if depth == 0 || is_recursive {
                    let fresh =
                        compared.reviewed.into_iter().filter(|(id, _)| seen.insert(id.clone()));
                    level.extend(fresh.map(|(id, class)| {
                        let query = Query { record: Some(id.clone()), features: None };
                        (Found { record: Some(id), class }, query)
                    }));
                }
            }
            let room = ROWS_MAX.saturating_sub(matrix.rows.len());
            matrix.is_cut |= level.len() > room;
            level.truncate(room);
            if level.is_empty() {
                break;
            }
        }
        Ok((!matrix.rows.is_empty()).then_some(matrix))
    }

    /// What a stored record matches by the rules in force, best first; `None` if there is no such
    /// live record.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if the store cannot be read.
    pub async fn matches_of(
        &self,
        record: &RecordId,
    ) -> Result<Option<Vec<(RecordState, Scored)>>, PipelineError> {
        let query = Query { record: Some(record.clone()), features: None };
        let compared = self.compare(vec![query], &self.index()).await?.pop();
        let Some(compared) = compared.filter(|compared| compared.state.is_some()) else {
            return Ok(None);
        };
        let ids: Vec<RecordId> = compared.reviewed.iter().map(|(id, _)| id.clone()).collect();
        let states = self.reader().records(&ids).await.map_err(read_error)?;
        let scored = |state: RecordState| {
            let scored = *compared.scores.get(&state.source)?;
            (!state.is_withdrawn).then_some((state, scored))
        };
        let mut found: Vec<(RecordState, Scored)> = states.into_iter().filter_map(scored).collect();
        found.sort_by_key(|(state, scored)| (std::cmp::Reverse(scored.score), state.number));
        Ok(Some(found))
    }

    /// Compares each of the records with the whole registry.
    async fn compare(
        &self,
        queries: Vec<Query>,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Vec<Compared>, PipelineError> {
        let reader = self.reader();
        let records: BTreeSet<RecordId> =
            queries.iter().filter_map(|query| query.record.clone()).collect();
        let ids: Vec<RecordId> = records.iter().cloned().collect();
        let states = reader.records(&ids).await.map_err(read_error)?;
        let limits = Limits { potential_max: self.settings().potential_max };
        let searched = blocking({
            let snapshot = snapshot.clone();
            move || search(queries, &states, &snapshot, &limits)
        })
        .await?;
        let hits = || {
            searched.iter().filter_map(|one| one.found.as_ref()).flat_map(|(_, found)| &found.hits)
        };
        let automatic = hits().filter(|hit| hit.band == Band::Auto);
        let named = Named {
            automatic: automatic.map(|hit| RecordNumber(hit.number)).collect(),
            numbers: hits().map(|hit| RecordNumber(hit.number)).collect(),
            records,
            ..Named::default()
        };
        let standing = load::case(&**reader, &named).await.map_err(read_error)?;
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let patients = reader.patients(&texts).await.map_err(read_error)?;
        let mut contents: BTreeMap<RecordId, String> = BTreeMap::new();
        for patient in patients {
            if let StoredPatient::Source(source) = patient {
                contents.insert(source.state.id.clone(), source.content);
            }
        }
        let (extractor, settings) = (self.extractor().clone(), self.settings().clone());
        let snapshot = snapshot.clone();
        blocking(move || {
            let desk = Desk::new(Head::start(), standing, snapshot, extractor, &settings);
            searched.into_iter().map(|one| one.compare(&desk, &mut contents)).collect()
        })
        .await
    }
}

/// A record to compare: a stored one, or features.
struct Query {
    record: Option<RecordId>,
    features: Option<Features>,
}

/// What the index found for a record.
struct Searched {
    record: Option<RecordId>,
    found: Option<(Features, matching::index::Found)>,
}

/// A record compared with the whole registry.
struct Compared {
    state: Option<RecordState>,
    content: Option<(Option<SourceKey>, String)>,
    scores: BTreeMap<SourceKey, Scored>,
    /// What it matches, in the order of rows.
    reviewed: Vec<(RecordId, Class)>,
}

fn search(
    queries: Vec<Query>,
    states: &[RecordState],
    snapshot: &Snapshot,
    limits: &Limits,
) -> Vec<Searched> {
    let number = |id: &RecordId| states.iter().find(|state| state.id == *id).map(|one| one.number);
    let search = |query: Query| {
        let of_stored = || snapshot.features(number(query.record.as_ref()?)?.0);
        let features = query.features.clone().or_else(of_stored);
        let found = features.map(|features| {
            let found = snapshot.search(&features, limits);
            (features, found)
        });
        Searched { record: query.record, found }
    };
    queries.into_iter().map(search).collect()
}

impl Searched {
    fn compare(self, desk: &Desk, contents: &mut BTreeMap<RecordId, String>) -> Compared {
        let standing = desk.standing();
        let state = self.record.as_ref().and_then(|id| standing.record(id)).cloned();
        let state = state.filter(|state| !state.is_withdrawn);
        let mut reviewed = match &self.found {
            Some((features, found)) => desk.review(state.as_ref(), features, found),
            // A record that the rules in force cannot read matches nobody.
            None => Vec::new(),
        };
        // The sort is stable, so the best of each class stay in front.
        reviewed.sort_by_key(class);
        let scores = reviewed.iter().filter_map(|one| {
            let other = standing.record(&one.candidate.record)?;
            let candidate = &one.candidate;
            let (rule, score, band) = (candidate.rule, candidate.score, candidate.band);
            Some((other.source.clone(), Scored { rule, score, band }))
        });
        let content = state
            .as_ref()
            .and_then(|state| Some((Some(state.source.clone()), contents.remove(&state.id)?)));
        Compared {
            scores: scores.collect(),
            content,
            reviewed: reviewed
                .iter()
                .map(|one| (one.candidate.record.clone(), class(one)))
                .collect(),
            state,
        }
    }
}

fn class(reviewed: &Reviewed) -> Class {
    match reviewed.kind {
        IssueKind::Auto => Class::Auto,
        IssueKind::Potential => Class::Potential,
        IssueKind::Conflict => Class::Conflict,
    }
}

fn read_error(error: store::StoreError) -> PipelineError {
    PipelineError::Store(Arc::new(error))
}
