//! One person: records side by side, what holds them together, and what happened.

use askama::Template;
use jiff::Timestamp;
use registry::account::Permission;

use super::evidence::{Evidence, signed};
use crate::{
    Frame,
    compare::{Agreement, Comparison, Group, Label},
    marks::{Mark, with_blanks},
};

/// What stands above every page of a person. No `Debug` here and below: these are people.
pub struct Head {
    /// The CRUID.
    pub cruid: String,
    /// The name that stands for the person; empty if nobody says one.
    pub name: String,
    /// The key of the sex; empty if it is not known.
    pub sex: &'static str,
    /// The birth date as it was given; empty if it is not known.
    pub birth_date: String,
    /// How many records.
    pub records: u64,
    /// How many systems they are of.
    pub sources: u64,
    /// Whether the person is somewhere else, or nowhere.
    pub end: End,
    /// When members last changed.
    pub updated_at: Timestamp,
    /// Open issues about its records.
    pub issues: u64,
    /// How many records are not shown, since they are too many.
    pub left_out: u64,
}

/// What became of a CRUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It stands for a person.
    None,
    /// The person is at this CRUID.
    Replaced(String),
    /// Nobody is there any more.
    Retired,
}

/// The ends of an id.
pub(crate) fn short(id: &str) -> String {
    let chars: Vec<char> = id.chars().collect();
    if chars.len() <= 10 {
        return id.to_owned();
    }
    let end = |range: &[char]| range.iter().collect::<String>();
    format!("{}…{}", end(&chars[..4]), end(&chars[chars.len() - 4..]))
}

/// A source record, as pages name it.
#[derive(Clone)]
pub struct Named {
    /// Its FHIR id.
    pub id: String,
    /// What the system is called.
    pub source: String,
    /// The number that the system gave it.
    pub number: String,
}

/// Records side by side.
#[derive(Template)]
#[template(path = "person.html")]
pub struct Compare<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// Who.
    pub head: Head,
    /// The records, one a column, and when each last changed.
    pub columns: Vec<(Named, Timestamp)>,
    /// What they say.
    pub comparison: Comparison,
    /// The column that all are compared with; `None` for what most say.
    pub base: Option<usize>,
    /// Whether only what differs is shown.
    pub only_differences: bool,
}

impl Compare<'_> {
    fn address(&self, base: Option<&str>, only_differences: bool) -> String {
        let mut query = Vec::new();
        query.extend(base.map(|base| format!("base={base}")));
        query.extend(only_differences.then(|| "only=differences".to_owned()));
        let path = format!("/ui/persons/{}", self.head.cruid);
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    fn is_base(&self, at: &usize) -> bool {
        self.base == Some(*at)
    }

    fn base_id(&self) -> Option<&str> {
        self.base.map(|at| self.columns[at].0.id.as_str())
    }
}

/// The records of two persons side by side; nothing is decided.
#[derive(Template)]
#[template(path = "beside.html")]
pub struct Beside<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// Both; nobody if not two were chosen.
    pub heads: Vec<Head>,
    /// The records, one a column, and the place of the person.
    pub columns: Vec<(Named, usize)>,
    /// What they say.
    pub comparison: Comparison,
    /// The address of a workbench with both on it; empty for who may not open it.
    pub bench: String,
}

impl Beside<'_> {
    fn letter(at: &usize) -> &'static str {
        if *at == 0 { "A" } else { "B" }
    }
}

/// How records agree: kind, glyph and words.
pub(crate) fn agreed(frame: &Frame, agreement: &Agreement) -> (&'static str, &'static str, String) {
    let texts = frame.texts;
    match agreement {
        Agreement::Same => ("same", "=", texts.say("agree-all")),
        Agreement::Some(same, of) => {
            let values = [("same", (*same).into()), ("count", (*of).into())];
            ("similar", "≈", texts.with("agree-some", &values))
        }
        Agreement::Differ => ("differs", "≠", texts.say("agree-none")),
        Agreement::Missing(count) => {
            ("missing", "○", texts.with("agree-missing", &[("count", (*count).into())]))
        }
        Agreement::Alone => ("", "", String::new()),
    }
}

/// Whether a stretch differs, so that it is also said and not only shown.
pub(crate) fn is_marked(stretch: &(String, bool)) -> bool {
    stretch.1
}

/// What a field is called.
pub(crate) fn label(frame: &Frame, label: &Label) -> String {
    match label {
        Label::Key { key, .. } => frame.say(key),
        Label::Given(name) => name.clone(),
    }
}

/// Stretches with blanks that are seen.
pub(crate) fn shown(marks: &[Mark]) -> Vec<(String, bool)> {
    let last = marks.len().saturating_sub(1);
    let stretch =
        |(at, mark): (usize, &Mark)| (with_blanks(&mark.text, at == 0, at == last), mark.differs);
    marks.iter().enumerate().map(stretch).collect()
}

/// Why a record is where it is.
pub struct Link {
    /// The record.
    pub record: Named,
    /// The key of the kind of decision.
    pub kind: &'static str,
    /// The match that decided.
    pub evidence: Option<Scored>,
    /// When; `None` if its event is not there.
    pub at: Option<Timestamp>,
    /// Who.
    pub actor: String,
    /// The rule set, by its hash.
    pub ruleset: String,
    /// Why, in a person's words.
    pub reason: String,
}

/// A scored pair, and where its explanation is.
pub struct Scored {
    /// The record whose match it was.
    pub of: String,
    /// The other record.
    pub other: Named,
    /// The person that the other record belongs to; empty if that is nobody.
    pub cruid: String,
    /// The rule, from 1.
    pub rule: u64,
    /// The score as people read it.
    pub score: String,
    /// The explanation.
    pub explanation: String,
}

/// Two records declared to be different people.
pub struct Different {
    /// The record of this person.
    pub record: Named,
    /// The other.
    pub other: Named,
    /// The other's person.
    pub cruid: String,
    /// When and by whom, if the history says it.
    pub by: Option<(Timestamp, String, String)>,
}

/// A pair that somebody should look at.
pub struct NearMiss {
    /// The key of the kind.
    pub kind: &'static str,
    /// This person's record.
    pub record: Named,
    /// The match.
    pub scored: Scored,
    /// Since when.
    pub at: Timestamp,
}

/// What holds a person together.
#[derive(Template)]
#[template(path = "person_links.html")]
pub struct Links<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// Who.
    pub head: Head,
    /// For each record why it belongs here.
    pub links: Vec<Link>,
    /// Pairs that were broken or rejected.
    pub different: Vec<Different>,
    /// Candidates that were not linked.
    pub near: Vec<NearMiss>,
}

/// Something that happened.
pub struct Event {
    /// Its number in the chain.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// The key of what it was.
    pub verb: &'static str,
    /// Who.
    pub actor: String,
    /// The key of what kind of party that is.
    pub actor_kind: &'static str,
    /// Why, in a person's words.
    pub reason: String,
    /// The event that it took back.
    pub undoes: Option<u64>,
    /// Whether who looks may undo it.
    pub may_undo: bool,
    /// The rule set in force.
    pub ruleset: String,
    /// What changed, in words.
    pub changes: Vec<Change>,
}

/// A step of what happened.
pub struct Change {
    /// In words.
    pub text: String,
    /// The explanation behind it: the record, and the hash.
    pub explanation: Option<(String, String)>,
}

/// What happened to a person.
#[derive(Template)]
#[template(path = "person_history.html")]
pub struct History<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// Who.
    pub head: Head,
    /// Newest first.
    pub events: Vec<Event>,
    /// The records, for their versions.
    pub records: Vec<Named>,
    /// Whether these are the newest events.
    pub is_newest: bool,
    /// The event before which there is more.
    pub older: Option<u64>,
}

/// Why two records have their score.
#[derive(Template)]
#[template(path = "explanation.html")]
pub struct Explanation<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The record whose match it was.
    pub record: Named,
    /// The other.
    pub other: Named,
    /// The person that the record belongs to.
    pub cruid: String,
    /// What was stored.
    pub evidence: Evidence,
    /// When it was decided.
    pub at: Timestamp,
    /// The hash of what was stored, as the address has it.
    pub hash: String,
    /// Whether both records are still there to be scored.
    pub may_score: bool,
    /// Whether the score by the rules in force is asked for.
    pub is_asked: bool,
    /// What the rules in force make of what both records say now, if it is asked for.
    pub today: Option<Evidence>,
}

/// What a source said, one version after the other.
#[derive(Template)]
#[template(path = "versions.html")]
pub struct Versions<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The record.
    pub record: Named,
    /// The person that it belongs to.
    pub cruid: String,
    /// Newest first.
    pub versions: Vec<Version>,
    /// How many there are in all.
    pub total: u64,
}

/// A version, and what differs from the one before.
pub struct Version {
    /// Its number.
    pub number: u64,
    /// When it came about.
    pub at: Timestamp,
    /// The key of what made it.
    pub how: &'static str,
    /// The person that the record then belonged to.
    pub cruid: String,
    /// What differs from the version before: two columns, before and after. `None` for the first.
    pub changed: Option<Comparison>,
}

/// The key of a group's name.
pub(crate) fn group(group: &Group) -> &'static str {
    group.text()
}
