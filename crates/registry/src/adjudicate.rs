//! A person's decisions about links: break, unbreak, resolve, mark different or same, undo.
//!
//! They outrank the rules and take the same road as they do: a [`Decision`], a batch, a commit.
//! A trial (`dry_run`) decides by the same code and writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    commit::Change,
    decide::{Decision, Outcome, Refusal},
    event::{EventBody, Verb},
    ids::{Cruid, GoldenNumber, IssueId, RecordId, Revision, Timestamp},
    standing::Standing,
    state::{BasisKind, BrokenPair, LinkBasis, RecordState},
    undo,
};

mod breaks;
mod homes;
mod marks;
mod resolve;

pub use breaks::{Grouping, break_records, unbreak_and_rematch, unbreak_pairs};
pub use marks::{mark_different, mark_same};
pub use resolve::{Move, Resolve, Target, resolve};

/// Characters that a reason may have: a note, not a file.
pub const REASON_MAX: usize = 2_000;

/// Records that one decision may name: more than a person looks at.
pub const NAMED_MAX: usize = 500;

/// What a person decides.
#[derive(Clone, Debug, PartialEq)]
pub enum Adjudication {
    /// Break records out of their golden records.
    Break {
        /// The records.
        records: BTreeSet<RecordId>,
        /// Whether they stay together.
        grouping: Grouping,
    },
    /// Withdraw the declaration that pairs are different people, and decide on them anew.
    Unbreak {
        /// The pairs.
        pairs: Vec<BrokenPair>,
    },
    /// Close match issues of a record, with or without moving records.
    Resolve(Resolve),
    /// Declare two records different people that are not linked.
    MarkDifferent {
        /// The two records.
        pair: BrokenPair,
    },
    /// Declare two records one person: their golden records become one.
    MarkSame {
        /// The two records.
        pair: BrokenPair,
        /// Declarations that records of the two are different people are withdrawn; without it
        /// they keep the two apart.
        withdraw_broken: bool,
    },
    /// Take back an earlier decision.
    Undo {
        /// Its event.
        event: Revision,
    },
}

impl Adjudication {
    /// The source records that the decision names.
    pub fn records(&self) -> BTreeSet<RecordId> {
        let of_pair = |pair: &BrokenPair| [pair.low().clone(), pair.high().clone()];
        match self {
            Self::Break { records, .. } => records.clone(),
            Self::Unbreak { pairs } => pairs.iter().flat_map(of_pair).collect(),
            Self::Resolve(resolve) => resolve.records(),
            Self::MarkDifferent { pair } | Self::MarkSame { pair, .. } => of_pair(pair).into(),
            Self::Undo { .. } => BTreeSet::new(),
        }
    }

    /// The golden records that the decision names.
    pub fn goldens(&self) -> BTreeSet<Cruid> {
        match self {
            Self::Resolve(resolve) => resolve.goldens(),
            Self::Break { .. }
            | Self::Unbreak { .. }
            | Self::MarkDifferent { .. }
            | Self::MarkSame { .. }
            | Self::Undo { .. } => BTreeSet::new(),
        }
    }

    /// The records that are decided on anew by the rules.
    pub fn rematched(&self) -> BTreeSet<RecordId> {
        match self {
            Self::Unbreak { .. } => self.records(),
            Self::Break { .. }
            | Self::Resolve(_)
            | Self::MarkDifferent { .. }
            | Self::MarkSame { .. }
            | Self::Undo { .. } => BTreeSet::new(),
        }
    }
}

/// What the deciding functions may not make themselves.
pub struct Supply<'a> {
    /// The revision that the decision's event will have.
    pub revision: Revision,
    /// Now.
    pub at: Timestamp,
    /// The next free golden number.
    pub next_golden: u32,
    /// How many issues the event opens so far.
    pub issues_opened: usize,
    /// Gives a fresh CRUID.
    pub cruid: &'a dyn Fn() -> Cruid,
}

impl Supply<'_> {
    /// A fresh CRUID and its number.
    pub fn golden(&mut self) -> (Cruid, GoldenNumber) {
        let number = GoldenNumber(self.next_golden);
        self.next_golden += 1;
        ((self.cruid)(), number)
    }

    /// The name of the event's next issue.
    pub fn issue(&mut self) -> IssueId {
        self.issues_opened += 1;
        IssueId::new(format!("{}-{}", self.revision, self.issues_opened))
    }
}

/// What becomes of a record that is decided on anew.
#[derive(Clone, Debug, Default)]
pub struct Rematched {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// Their explanations, by hash, as JSON text.
    pub explanations: Vec<(crate::ids::ContentHash, String)>,
}

/// Decides on a live stored record anew, on the state given.
pub type Rematch<'a> = &'a dyn Fn(&RecordId, &Standing, &mut Supply<'_>) -> Rematched;

/// What the person looked at when deciding; whatever has changed since refuses the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The revision that was shown: nothing that the decision names may have changed since.
    pub revision: Option<Revision>,
    /// The versions that were shown, by the FHIR id of a source or golden record.
    pub versions: BTreeMap<String, u32>,
}

impl Seen {
    /// Checks that the versions shown are still the newest.
    ///
    /// # Errors
    ///
    /// [`Refusal::Stale`] names the first that is not.
    pub fn check(&self, standing: &Standing) -> Result<(), Refusal> {
        for (id, version) in &self.versions {
            let record = standing.record(&RecordId::new(id.as_str())).map(|state| state.version);
            let golden = || standing.golden(&Cruid::new(id.as_str())).map(|state| state.version);
            if record.or_else(golden) != Some(*version) {
                return Err(Refusal::Stale(format!("Patient/{id}")));
            }
        }
        Ok(())
    }
}

/// What a person's decision rests on.
pub struct Grounds<'a> {
    /// Holds all that the decision names, their golden records with all members, and the broken
    /// pairs and open issues of all of these.
    pub standing: &'a Standing,
    /// Decides on a record anew.
    pub rematch: Rematch<'a>,
    /// The event that is to be undone, if it exists.
    pub undone: Option<&'a EventBody>,
}

/// Carries out a person's decision, as far as thinking goes.
///
/// # Errors
///
/// [`Refusal`]: see the functions of each kind.
pub fn adjudicate(
    adjudication: &Adjudication,
    grounds: &Grounds<'_>,
    supply: &mut Supply<'_>,
) -> Result<Decision, Refusal> {
    let standing = grounds.standing;
    match adjudication {
        Adjudication::Break { records, grouping } => {
            if records.is_empty() {
                return Err(Refusal::NotPossible("name at least one record to break".to_owned()));
            }
            let revision = supply.revision;
            break_records(records, *grouping, standing, revision, &mut || supply.golden())
        }
        Adjudication::Unbreak { pairs } => {
            unbreak_and_rematch(pairs, standing, supply, grounds.rematch)
        }
        Adjudication::Resolve(asked) => resolve(asked, standing, supply),
        Adjudication::MarkDifferent { pair } => mark_different(pair, standing),
        Adjudication::MarkSame { pair, withdraw_broken } => {
            mark_same(pair, *withdraw_broken, standing, supply.revision)
        }
        Adjudication::Undo { event } => match grounds.undone {
            Some(body) => undo::undo(body, standing),
            None => Err(Refusal::NotPossible(format!("there is no event {event}"))),
        },
    }
}

/// A live source record.
fn live<'a>(id: &RecordId, standing: &'a Standing) -> Result<&'a RecordState, Refusal> {
    standing
        .record(id)
        .filter(|state| !state.is_withdrawn)
        .ok_or_else(|| Refusal::Unknown(id.clone()))
}

/// The reason for a link that a person made.
fn by_person(revision: Revision) -> LinkBasis {
    LinkBasis { kind: BasisKind::Adjudicated, revision, evidence: None }
}

fn decision(verb: Verb, changes: Vec<Change>, subjects: &BTreeSet<RecordId>) -> Decision {
    Decision {
        verb,
        changes,
        content: None,
        explanations: Vec::new(),
        subjects: subjects.iter().cloned().collect(),
        outcome: Outcome::Adjudicated,
        candidates_total: None,
    }
}
