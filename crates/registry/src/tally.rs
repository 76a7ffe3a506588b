//! [`Tally`]: figures about the registry by day or month, folded from its events.
//!
//! They are made of the events alone, so they can be made again at any time, and hold nothing of
//! patients. Days and months are those of UTC. What an import or another registry brought counts
//! on the day when it came.

use std::collections::BTreeMap;

use jiff::{civil, tz::TimeZone};

use crate::{
    actor::Actor,
    commit::Change,
    event::{EventBody, Verb},
    ids::{Revision, Timestamp},
    state::{Evidence, IssueKind, LinkBasis},
};

#[cfg(test)]
mod tests;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TallyKind {
    /// New source records; by day and by the system that sent them.
    Registered,
    /// The same, by month and by the best match that each found when it came ([`Best`]).
    Matched,
    /// Automatic matches that a person looked at; by month and by what was found ([`Checked`]).
    Checked,
    /// Decisions of persons; by day and user name.
    Decided,
    /// Decisions that a person took back; by day and user name.
    Undone,
    /// Open issues when the day began or, if nobody looked then, at the first look; by day and by
    /// their kind.
    Waiting,
}

impl TallyKind {
    /// Its name in a store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Matched => "matched",
            Self::Checked => "checked",
            Self::Decided => "decided",
            Self::Undone => "undone",
            Self::Waiting => "waiting",
        }
    }
}

/// What a count is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TallyKey {
    /// What is counted.
    pub kind: TallyKind,
    /// The day as `2026-11-23`, or the month as `2026-11`.
    pub period: String,
    /// Which system, best match, person or kind.
    pub name: String,
}

/// A count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What it is about.
    pub key: TallyKey,
    /// How many.
    pub count: u64,
}

/// Up to where the events are folded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TallyHead {
    /// The last event that is counted.
    pub revision: Revision,
    /// When it was counted.
    pub at: Timestamp,
}

/// What a store is to add at once, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyStep {
    /// What the counts go on from.
    pub after: Revision,
    /// Up to where they go.
    pub to: TallyHead,
    /// Counts to add.
    pub added: Vec<Tally>,
    /// Counts to keep unless there are some about the same already.
    pub first: Vec<Tally>,
}

/// The best match that a record found when it came: what [`TallyKind::Matched`] is counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Best {
    /// The rules that were in force, by their hash.
    pub ruleset: String,
    /// What was found; `None` if nothing reached a threshold.
    pub found: Option<BestScore>,
}

/// A score as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BestScore {
    /// The rule, counted from 1: scores of two rules do not share a scale.
    pub rule: u32,
    /// Whether it linked the record.
    pub is_automatic: bool,
    /// The score in tenths, rounded down.
    pub tenths: i64,
}

impl Best {
    /// Its name in a store.
    pub fn to_name(&self) -> String {
        match self.found {
            None => format!("{}/none", self.ruleset),
            Some(BestScore { rule, is_automatic, tenths }) => {
                let band = if is_automatic { "auto" } else { "review" };
                format!("{}/{band}/{rule}/{tenths}", self.ruleset)
            }
        }
    }

    /// What [`Self::to_name`] wrote; `None` for anything else.
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let ruleset = parts.next()?.to_owned();
        let band = parts.next()?;
        let found = match band {
            "none" => None,
            "auto" | "review" => {
                let rule = parts.next()?.parse().ok()?;
                let tenths = parts.next()?.parse().ok()?;
                Some(BestScore { rule, is_automatic: band == "auto", tenths })
            }
            _ => return None,
        };
        parts.next().is_none().then_some(Self { ruleset, found })
    }
}

/// What a person found an automatic match to be: what [`TallyKind::Checked`] is counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Checked {
    /// The rules that were in force when somebody looked, by their hash.
    pub ruleset: String,
    /// The rule that had linked, counted from 1.
    pub rule: u32,
    /// The score in tenths, rounded down.
    pub tenths: i64,
    /// Whether it was right.
    pub is_right: bool,
    /// That was taken back: it counts one less.
    pub is_undone: bool,
}

impl Checked {
    /// Its name in a store.
    pub fn to_name(&self) -> String {
        let Self { ruleset, rule, tenths, .. } = self;
        let found = if self.is_right { "right" } else { "wrong" };
        let undone = if self.is_undone { "/undone" } else { "" };
        format!("{ruleset}/{found}/{rule}/{tenths}{undone}")
    }

    /// What [`Self::to_name`] wrote; `None` for anything else.
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let ruleset = parts.next()?.to_owned();
        let is_right = match parts.next()? {
            "right" => true,
            "wrong" => false,
            _ => return None,
        };
        let rule = parts.next()?.parse().ok()?;
        let tenths = parts.next()?.parse().ok()?;
        let is_undone = match parts.next() {
            None => false,
            Some("undone") => true,
            Some(_) => return None,
        };
        let checked = Self { ruleset, rule, tenths, is_right, is_undone };
        parts.next().is_none().then_some(checked)
    }
}

/// The counts of some events, to be added to those before.
pub fn count<'e>(events: impl IntoIterator<Item = &'e EventBody>) -> Vec<Tally> {
    let mut counts: BTreeMap<TallyKey, u64> = BTreeMap::new();
    for event in events {
        for key in keys(event) {
            *counts.entry(key).or_default() += 1;
        }
    }
    counts.into_iter().map(|(key, count)| Tally { key, count }).collect()
}

/// The day of a moment, as `2026-11-23`.
pub fn day(at: Timestamp) -> String {
    date(at).to_string()
}

/// What counts of [`TallyKind::Waiting`] call a kind of issue.
pub fn kind_name(kind: IssueKind) -> &'static str {
    match kind {
        IssueKind::Potential => "potential",
        IssueKind::Conflict => "conflict",
        IssueKind::Auto => "auto",
    }
}

fn date(at: Timestamp) -> civil::Date {
    let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
    at.to_zoned(TimeZone::UTC).date()
}

fn keys(event: &EventBody) -> Vec<TallyKey> {
    let date = date(event.at);
    let (day, month) = (date.to_string(), date.strftime("%Y-%m").to_string());
    let mut keys = Vec::new();
    for change in &event.changes {
        if let Change::CreateRecord { record, client, basis, .. } = change {
            let name = client.as_str().to_owned();
            keys.push(TallyKey { kind: TallyKind::Registered, period: day.clone(), name });
            // What was taken over from elsewhere was not matched here.
            if event.verb == Verb::Submit {
                let raised = event.changes.iter().filter_map(|change| match change {
                    Change::OpenIssue { issue } if issue.subject == *record => {
                        Some(&issue.evidence)
                    }
                    _ => None,
                });
                let found = best(basis, raised);
                let name = Best { ruleset: event.ruleset.clone(), found }.to_name();
                keys.push(TallyKey { kind: TallyKind::Matched, period: month.clone(), name });
            }
        }
    }
    keys.extend(checked(event).into_iter().map(|checked| TallyKey {
        kind: TallyKind::Checked,
        period: month.clone(),
        name: checked.to_name(),
    }));
    if let (true, Actor::User(name)) = (event.verb.is_adjudication(), &event.actor) {
        let kind = if event.verb == Verb::Undo { TallyKind::Undone } else { TallyKind::Decided };
        keys.push(TallyKey { kind, period: day, name: name.clone() });
    }
    keys
}

/// The automatic matches that a decision is about. It closed them, so its way back opens them; an
/// undo opens them itself. Nobody moved: it was right. Somebody was broken out: it was wrong. What
/// came along with another decision says nothing.
fn checked(event: &EventBody) -> Vec<Checked> {
    if !event.verb.is_adjudication() || event.unseen {
        return Vec::new();
    }
    let way_back = event.way_back.as_ref().map_or(&[][..], |way| &way.changes);
    let mut found = found(event, &event.changes, way_back, false);
    if event.verb == Verb::Undo {
        found.extend(self::found(event, way_back, &event.changes, true));
    }
    found
}

/// What was found by `done`, if `back` is what takes it back.
fn found(event: &EventBody, done: &[Change], back: &[Change], is_undone: bool) -> Vec<Checked> {
    let breaks = done.iter().any(|change| matches!(change, Change::BreakPair { .. }));
    let moves = done.iter().any(|change| matches!(change, Change::Link { .. }));
    if moves && !breaks {
        return Vec::new();
    }
    let opened = back.iter().filter_map(|change| match change {
        Change::OpenIssue { issue } if issue.kind == IssueKind::Auto => Some(&issue.evidence),
        _ => None,
    });
    let of = |evidence: &Evidence| Checked {
        ruleset: event.ruleset.clone(),
        rule: evidence.rule,
        tenths: tenths(evidence),
        is_right: !breaks,
        is_undone,
    };
    opened.map(of).collect()
}

fn tenths(evidence: &Evidence) -> i64 {
    (evidence.score.as_f64() * 10.0).floor() as i64
}

/// The match that linked a record or, if none did, the best of the first rule that raised an issue.
fn best<'e>(basis: &LinkBasis, raised: impl Iterator<Item = &'e Evidence>) -> Option<BestScore> {
    let score = |evidence: &Evidence, is_automatic| BestScore {
        rule: evidence.rule,
        is_automatic,
        tenths: tenths(evidence),
    };
    if let Some(evidence) = &basis.evidence {
        return Some(score(evidence, true));
    }
    let raised = raised.map(|evidence| score(evidence, false));
    raised.min_by_key(|found| (found.rule, -found.tenths))
}
