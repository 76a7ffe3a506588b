//! What the store hands out for rendering and for checking: states together with their texts.

use std::collections::BTreeSet;

use crate::{
    commit::{RecordVersion, TagKey},
    ids::RecordId,
    state::{GoldenState, IssueKind, RecordState},
};

/// A patient as FHIR readers see it, before rendering.
#[derive(Clone, PartialEq)]
pub enum StoredPatient {
    /// A source record, live or withdrawn.
    Source(SourcePatient),
    /// A golden record, whatever its status.
    Golden(GoldenState),
}

/// A source record with what its rendering needs.
#[derive(Clone, PartialEq)]
pub struct SourcePatient {
    /// Its state.
    pub state: RecordState,
    /// The newest submitted content, as JSON text without what the registry owns.
    pub content: String,
    /// The kinds of open issues of which it is the subject.
    pub issues: BTreeSet<IssueKind>,
    /// The records that it was declared different from, in order of their ids.
    pub broken: Vec<RecordId>,
}

/// One version of a source record with its content.
#[derive(Clone, PartialEq)]
pub struct StoredVersion {
    /// Number, time, method and link of the version.
    pub version: RecordVersion,
    /// The content that it shows, as JSON text.
    pub content: String,
}

/// How many things there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Live source records.
    pub records: u64,
    /// Withdrawn source records.
    pub withdrawn: u64,
    /// Golden records that stand for a person.
    pub persons: u64,
    /// Golden records that were replaced or retired.
    pub retired: u64,
    /// Open potential matches.
    pub potential: u64,
    /// Open conflicts.
    pub conflicts: u64,
    /// Automatic matches not yet reviewed.
    pub auto: u64,
}

/// The registry's own tags of one patient, as the store keeps them for searches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientTags {
    /// The patient's FHIR id.
    pub id: String,
    /// Its tags, sorted.
    pub tags: Vec<TagKey>,
}
