//! What a decision becomes: changes, events and the commit that the store writes whole or not.

use fhir::search::IndexEntry;
use serde::{Deserialize, Serialize};

use crate::{
    event::Event,
    ids::{
        ClientId, ContentHash, Cruid, GoldenNumber, IssueId, RecordId, RecordNumber, Revision,
        SourceKey, Timestamp,
    },
    once::Answered,
    state::{BrokenPair, GoldenState, LinkBasis, MatchIssue, RecordState},
};

/// One step from a state of the registry to the next; events are made of these.
///
/// They hold no demographics: content and explanations are named by their hashes, so a chain
/// of events can be kept when a person's data must go.
///
/// The JSON form is `{"<kind>": {…}}`. A tag beside the fields would make serde buffer them,
/// and buffered numbers do not survive `serde_json`'s arbitrary precision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A source record appears, belonging to `golden`.
    CreateRecord {
        /// Its FHIR id.
        record: RecordId,
        /// Its number in the match index.
        number: RecordNumber,
        /// Its identity.
        source: SourceKey,
        /// Who submitted it.
        client: ClientId,
        /// What was submitted.
        content: ContentHash,
        /// Whom it belongs to.
        golden: Cruid,
        /// Why.
        basis: LinkBasis,
    },
    /// The source replaced the content of its record, or submitted a withdrawn one again.
    UpdateRecord {
        /// The record.
        record: RecordId,
        /// What was submitted.
        content: ContentHash,
    },
    /// The source withdrew its record.
    WithdrawRecord {
        /// The record.
        record: RecordId,
    },
    /// A golden record appears, without members yet.
    CreateGolden {
        /// The new CRUID.
        golden: Cruid,
        /// Its age rank.
        number: GoldenNumber,
    },
    /// The record belongs to `golden` from now on, and to no other.
    Link {
        /// The record.
        record: RecordId,
        /// Whom it belongs to.
        golden: Cruid,
        /// Why.
        basis: LinkBasis,
    },
    /// The golden record has no members any more.
    RetireGolden {
        /// The emptied golden record.
        golden: Cruid,
        /// Where the person is now, if its last member moved.
        replaced_by: Option<Cruid>,
    },
    /// A pair needs a person's eyes.
    OpenIssue {
        /// The issue.
        issue: MatchIssue,
    },
    /// It does not any more.
    CloseIssue {
        /// The issue.
        issue: IssueId,
        /// Why it is closed.
        reason: CloseReason,
    },
    /// A person declared two records to be different people.
    BreakPair {
        /// The pair.
        pair: BrokenPair,
    },
    /// The declaration is withdrawn.
    UnbreakPair {
        /// The pair.
        pair: BrokenPair,
    },
    /// A person has decided about this record, so rules do not move it.
    Adjudicate {
        /// The record.
        record: RecordId,
    },
    /// That decision was taken back, so rules may move the record again.
    Release {
        /// The record.
        record: RecordId,
    },
}

impl Change {
    /// Its kind, as in its JSON form.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateRecord { .. } => "create-record",
            Self::UpdateRecord { .. } => "update-record",
            Self::WithdrawRecord { .. } => "withdraw-record",
            Self::CreateGolden { .. } => "create-golden",
            Self::Link { .. } => "link",
            Self::RetireGolden { .. } => "retire-golden",
            Self::OpenIssue { .. } => "open-issue",
            Self::CloseIssue { .. } => "close-issue",
            Self::BreakPair { .. } => "break-pair",
            Self::UnbreakPair { .. } => "unbreak-pair",
            Self::Adjudicate { .. } => "adjudicate",
            Self::Release { .. } => "release",
        }
    }
}

/// Why an issue is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloseReason {
    /// One of the two records was submitted again and the pair was judged anew.
    Superseded,
    /// One of the two records was withdrawn.
    Withdrawn,
    /// The two records are in one golden record, or were declared different.
    Decided,
}

/// A submitted content as the store keeps it, once per version of a record.
#[derive(Clone)]
pub struct Content {
    /// The hash of `text`.
    pub hash: ContentHash,
    /// The resource as JSON text, without what the registry owns.
    pub text: String,
    /// What FHIR searches find it by.
    pub index: Vec<IndexEntry>,
    /// The tags that the source itself put on it.
    pub tags: Vec<TagKey>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({})", self.hash)
    }
}

/// One version of a source record, for `vread` and `_history`.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordVersion {
    /// The record.
    pub record: RecordId,
    /// Its `versionId`.
    pub version: u32,
    /// When it came about.
    pub at: Timestamp,
    /// Which interaction made it.
    pub method: Method,
    /// The content that it shows; of the version before it, for a withdrawal.
    pub content: ContentHash,
    /// The golden record it then belonged to.
    pub golden: Cruid,
}

/// The interaction that made a version, as `Bundle.entry.request.method` reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// FHIR create.
    Post,
    /// FHIR update, or a change of link.
    Put,
    /// FHIR delete.
    Delete,
}

/// A rendered FHIR tag as searches see it: system and code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagKey {
    /// The tag's system; the golden tag has none.
    pub system: Option<String>,
    /// The tag's code.
    pub code: String,
}

/// Everything that a batch of decisions writes: all of it, or nothing.
///
/// The rows are the states *after* the batch, one a touched thing, so that the store only
/// inserts or replaces; the events tell how they came about.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The revision that was decided on; the store refuses the commit if it has moved on.
    pub decided_at: Revision,
    /// New events, in order, chained from the head at `decided_at`.
    pub events: Vec<Event>,
    /// Source records that are new or changed.
    pub records: Vec<RecordState>,
    /// Golden records that are new or changed.
    pub goldens: Vec<GoldenState>,
    /// Each version that a golden record went through in this batch, oldest first.
    pub golden_versions: Vec<GoldenState>,
    /// New versions of source records, oldest first.
    pub versions: Vec<RecordVersion>,
    /// New contents, each belonging to at least one of `versions`; a withdrawn record that comes
    /// back brings its content again. The newest content of a record in `records` replaces what
    /// searches find the record by.
    pub contents: Vec<Content>,
    /// Explanations by their hash, as JSON text.
    pub explanations: Vec<(ContentHash, String)>,
    /// Issues opened in this batch, for the first time or again, and still open after it.
    pub issues_opened: Vec<MatchIssue>,
    /// Issues opened and closed in this batch, or opened earlier and closed now.
    pub issues_closed: Vec<(MatchIssue, CloseReason)>,
    /// Pairs declared different.
    pub pairs_broken: Vec<BrokenPair>,
    /// Pairs whose declaration was withdrawn.
    pub pairs_unbroken: Vec<BrokenPair>,
    /// What was answered to acts that may be sent again; kept for [`crate::once::KEPT_MICROS`].
    /// They are no part of the state, which events tell of.
    pub answered: Vec<Answered>,
    /// The registry's own tags of every patient in which they may have changed, by FHIR id;
    /// they replace the earlier ones. Tags that sources submit are in `contents`.
    pub tags: Vec<(String, Vec<TagKey>)>,
}

impl Commit {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.answered.is_empty()
    }
}
