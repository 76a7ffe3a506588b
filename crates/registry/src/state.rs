//! The state of the registry's things: source records, golden records, issues, pair decisions.
//!
//! Plain values. How they change is in [`crate::standing`]; why is in [`crate::decide`].

use std::collections::BTreeSet;

use matching::score::Score;
use serde::{Deserialize, Serialize};

use crate::ids::{
    ClientId, ContentHash, Cruid, GoldenNumber, IssueId, RecordId, RecordNumber, Revision,
    SourceKey, Timestamp,
};

/// What the registry knows of one source record, without its submitted content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordState {
    /// The FHIR logical id.
    pub id: RecordId,
    /// Its number in the match index.
    pub number: RecordNumber,
    /// The identity given by the source system; unique in the registry.
    pub source: SourceKey,
    /// The system that submitted it first.
    pub client: ClientId,
    /// FHIR `versionId`: grows by one with each new content, withdrawal and change of link.
    pub version: u32,
    /// When that version came about.
    pub updated_at: Timestamp,
    /// The hash of the newest submitted content.
    pub content: ContentHash,
    /// The source has withdrawn it (FHIR delete): it belongs to nobody and matches nobody.
    pub is_withdrawn: bool,
    /// The golden record it belongs to or, once withdrawn, belonged to last.
    pub golden: Cruid,
    /// Why it belongs there.
    pub basis: LinkBasis,
    /// A person has decided about it (tag `humanAdjudication`), so rules do not move it.
    pub is_adjudicated: bool,
}

/// Why a source record is linked to its golden record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkBasis {
    /// What kind of decision it was.
    pub kind: BasisKind,
    /// The revision at which it was taken.
    pub revision: Revision,
    /// The match that decided, for [`BasisKind::Auto`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<Evidence>,
}

/// The kinds of reasons for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasisKind {
    /// Nothing matched: the record stands for a person of its own.
    Alone,
    /// The rules found an automatic match in the golden record.
    Auto,
    /// A person decided.
    Adjudicated,
}

/// One scored pair, with the place of its stored explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The other record of the pair.
    pub candidate: RecordId,
    /// The rule that scored it, counted from 1.
    pub rule: u32,
    /// The final score.
    pub score: Score,
    /// The stored explanation's hash.
    pub explanation: ContentHash,
}

/// One person: the golden record and the source records that it links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenState {
    /// The CRUID.
    pub id: Cruid,
    /// Its age rank: lower is older.
    pub number: GoldenNumber,
    /// FHIR `versionId`: grows by one with each event that changes members or status.
    pub version: u32,
    /// When that version came about.
    pub updated_at: Timestamp,
    /// The live source records that belong to it.
    pub members: BTreeSet<RecordId>,
    /// Whether it stands for a person.
    pub status: GoldenStatus,
}

/// Whether a golden record stands for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoldenStatus {
    /// It has members.
    Live,
    /// Its last member moved away: the person is now at the other CRUID.
    Replaced(Cruid),
    /// Its last member was withdrawn: nobody is there, and nothing replaces it.
    Retired,
}

/// Something that a person should look at: a pair and why it is doubtful.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchIssue {
    /// Its lasting name.
    pub id: IssueId,
    /// What is doubtful.
    pub kind: IssueKind,
    /// The record whose submission raised it; it carries the FHIR tag.
    pub subject: RecordId,
    /// The scored pair: the other record, rule, score and explanation.
    pub evidence: Evidence,
    /// When it was raised.
    pub opened_at: Timestamp,
    /// How many candidates of this kind the record had in all, when only the best are kept as
    /// issues; `None` when none was left out. As of its opening.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub candidates_total: Option<u64>,
}

/// The kinds of match issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueKind {
    /// Scored from the potential threshold up to the automatic one.
    Potential,
    /// Scored as automatic, but linked to another golden record than the best match's.
    Conflict,
    /// Linked automatically; a steward may want to see it.
    Auto,
}

impl IssueKind {
    /// Every kind, in the order in which their tags are shown.
    pub const ALL: [Self; 3] = [Self::Potential, Self::Conflict, Self::Auto];
}

/// Two records that a person declared to be different people; kept in order, lower id first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BrokenPair {
    low: RecordId,
    high: RecordId,
}

impl BrokenPair {
    /// The pair of two different records, in whichever order they come.
    pub fn new(a: RecordId, b: RecordId) -> Self {
        if a <= b { Self { low: a, high: b } } else { Self { low: b, high: a } }
    }

    /// The record with the lower id.
    pub fn low(&self) -> &RecordId {
        &self.low
    }

    /// The record with the higher id.
    pub fn high(&self) -> &RecordId {
        &self.high
    }
}
