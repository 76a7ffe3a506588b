//! What waits for a person's eyes, and one pair of it: same person or not?

use askama::Template;
use jiff::Timestamp;
use registry::account::Permission;

use super::{
    Preview, Problem,
    evidence::Evidence,
    of,
    person::{Named, agreed, group, is_marked, label, shown},
    view::{Held, Order, View},
};
use crate::{
    Frame,
    compare::{Comparison, Row},
    pages::evidence::signed,
};

/// Which of what waits is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Everything.
    All,
    /// Potential matches.
    Potential,
    /// Conflicts.
    Conflicts,
    /// What waits for more from its source; not in `All`.
    Waiting,
    /// What waits for a supervisor; not in `All`.
    Escalated,
    /// Automatic matches that nobody has looked at; they wait for nobody, and are not in `All`.
    Automatic,
}

impl Tab {
    /// In the order of the bar.
    pub const ALL: [Self; 6] = [
        Self::All,
        Self::Potential,
        Self::Conflicts,
        Self::Automatic,
        Self::Waiting,
        Self::Escalated,
    ];

    /// As addresses have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Potential => "potential",
            Self::Conflicts => "conflict",
            Self::Waiting => "waiting",
            Self::Escalated => "escalated",
            Self::Automatic => "auto",
        }
    }

    /// Reads an address; what is not known is everything.
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|tab| tab.as_str() == text).unwrap_or(Self::All)
    }

    /// The key of its name.
    pub fn text(self) -> &'static str {
        match self {
            Self::All => "queue-all",
            Self::Potential => "queue-potential",
            Self::Conflicts => "queue-conflicts",
            Self::Waiting => "queue-waiting",
            Self::Escalated => "queue-escalated",
            Self::Automatic => "queue-automatic",
        }
    }
}

/// Who is working on something, and until when it stays theirs.
#[derive(Clone)]
pub struct Holder {
    /// The user name.
    pub name: String,
    /// Until when.
    pub until: Timestamp,
    /// Whether it is who looks.
    pub is_me: bool,
}

/// A pair that waits. No `Debug` here and below: these are people.
pub struct Waiting {
    /// The key of the kind.
    pub kind: &'static str,
    /// The record whose match it is.
    pub record: Named,
    /// What it says of its person: name and birth date; empty where that may not be seen.
    pub says: String,
    /// The other record.
    pub other: Named,
    /// What that says.
    pub other_says: String,
    /// The score as people read it.
    pub score: String,
    /// Since when it waits.
    pub since: Timestamp,
    /// Who is working on it.
    pub holder: Option<Holder>,
    /// Whether who looks left it for later.
    pub is_skipped: bool,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// In each tab.
    pub tabs: [u64; Tab::ALL.len()],
    /// Decided by who looks.
    pub done: usize,
}

impl Totals {
    pub(super) fn of_tabs(&self) -> impl Iterator<Item = (Tab, u64)> + use<> {
        Tab::ALL.into_iter().zip(self.tabs)
    }
}

/// What waits.
#[derive(Template)]
#[template(path = "queue.html")]
pub struct Queue<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// What is shown.
    pub view: View,
    /// The systems that it can be filtered by: id and name.
    pub sources: Vec<(String, String)>,
    /// What is wrong with the filters; nothing is shown then.
    pub problems: Vec<Problem>,
    /// How many wait, by tab.
    pub totals: Totals,
    /// The pairs.
    pub rows: Vec<Waiting>,
    /// Which is the first, from 0.
    pub offset: u64,
    /// Pairs of one page.
    pub page: u64,
    /// Where the last decision of this session is undone.
    pub undo: Option<String>,
}

impl Queue<'_> {
    fn of(&self, field: &str) -> &str {
        of(&self.problems, field)
    }

    fn orders(&self) -> [(Order, bool); 2] {
        Order::ALL.map(|order| (order, order == self.view.filters.order))
    }

    /// The key of what comes first.
    fn order_told(&self) -> &'static str {
        match self.view.filters.order {
            Order::Age => "queue-order",
            Order::Score => "queue-by-score",
        }
    }

    fn helds(&self) -> [(Held, bool); 3] {
        Held::ALL.map(|held| (held, held == self.view.filters.held))
    }

    fn is_shown(&self, tab: Tab) -> bool {
        tab == self.view.tab
    }

    fn is_done(&self) -> bool {
        false
    }

    fn is_check(&self) -> bool {
        self.view.tab == Tab::Automatic
    }

    fn total(&self) -> u64 {
        self.totals.of_tabs().find(|(tab, _)| *tab == self.view.tab).map_or(0, |(_, total)| total)
    }

    fn earlier(&self) -> Option<u64> {
        (self.offset > 0).then(|| self.offset.saturating_sub(self.page))
    }

    fn later(&self) -> Option<u64> {
        let next = self.offset + self.page;
        (next < self.total()).then_some(next)
    }

    /// Which pairs are shown, of how many.
    fn range(&self) -> String {
        let last = self.offset + self.rows.len() as u64;
        let [first, last, total] =
            [self.offset + 1, last, self.total()].map(|number| self.frame.number(&number));
        format!("{first}–{last} / {total}")
    }
}

/// One of those that a record may be the same person as.
pub struct Candidate {
    /// The record.
    pub record: Named,
    /// What it says.
    pub says: String,
    /// The key of the kind of match.
    pub kind: &'static str,
    /// The score as people read it.
    pub score: String,
    /// Whether it is the one that is compared.
    pub is_chosen: bool,
    /// Whether somebody found it, and nothing waits about the pair.
    pub is_found: bool,
}

/// What else a person holds.
pub struct Cluster {
    /// The CRUID.
    pub cruid: String,
    /// The person's other records, and what they say.
    pub others: Vec<(Named, String)>,
}

impl Cluster {
    fn count(&self, frame: &Frame) -> String {
        frame.number(&(self.others.len() as u64))
    }
}

/// The pair that is compared.
pub struct Facing {
    /// What both say.
    pub comparison: Comparison,
    /// The stored explanation of the score, if it is there.
    pub evidence: Option<Evidence>,
    /// The person of the record.
    pub mine: Cluster,
    /// The person of the candidate.
    pub theirs: Cluster,
    /// What else speaks against it: a key and the record.
    pub warnings: Vec<(&'static str, Named)>,
}

impl Facing {
    fn rows(&self) -> &[Row] {
        &self.comparison.rows
    }

    fn clusters(&self) -> [(&'static str, &Cluster); 2] {
        [("pair-mine", &self.mine), ("pair-theirs", &self.theirs)]
    }
}

/// How a record is put aside.
pub struct AsideTold {
    /// For a supervisor; else until its source sends more.
    pub is_escalated: bool,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// What they noted.
    pub note: String,
    /// Whether who looks may take it back.
    pub may_take_back: bool,
}

/// A record and those that it may be the same person as.
#[derive(Template)]
#[template(path = "pair.html")]
pub struct Pair<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The part of the queue that was come from.
    pub view: View,
    /// The record.
    pub record: Named,
    /// What it says.
    pub says: String,
    /// Those that it may be.
    pub candidates: Vec<Candidate>,
    /// The record with the chosen one; `None` if nothing is left to decide.
    pub facing: Option<Facing>,
    /// Who else is working on it, so that it is only looked at.
    pub holder: Option<Holder>,
    /// How it is put aside, if it is.
    pub aside: Option<AsideTold>,
    /// Whether only what differs is shown.
    pub only_differences: bool,
    /// Why, as the form has it.
    pub reason: String,
    /// Whether only the record moves, not all of its person.
    pub is_alone: bool,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
    /// What would become of the verdict: its value, and the lines.
    pub preview: Option<(&'static str, Preview)>,
    /// Where the last decision of this session is undone.
    pub undo: Option<String>,
}

impl Pair<'_> {
    fn of(&self, field: &str) -> &str {
        of(&self.problems, field)
    }

    /// For how many days an item may wait.
    fn days(&self) -> [u32; 3] {
        [1, 7, 30]
    }

    fn is_usual(&self, days: &u32) -> bool {
        *days == 7
    }

    fn chosen(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.is_chosen)
    }

    fn address(&self, with: Option<&str>, only_differences: bool) -> String {
        let mut address = format!("/ui/queue/{}?{}", self.record.id, self.view.query());
        if let Some(with) = with {
            let is_found = |one: &Candidate| one.is_found && one.record.id == with;
            let name = if self.candidates.iter().any(is_found) { "other" } else { "with" };
            address.push_str(&format!("&{name}={with}"));
        }
        if only_differences {
            address.push_str("&only=differences");
        }
        address
    }

    fn chosen_id(&self) -> Option<&str> {
        self.chosen().map(|candidate| candidate.record.id.as_str())
    }

    /// The candidate so many places on, if there is one.
    fn neighbour(&self, by: isize) -> Option<String> {
        let at = self.candidates.iter().position(|candidate| candidate.is_chosen)?;
        let other = self.candidates.get(at.checked_add_signed(by)?)?;
        Some(self.address(Some(&other.record.id), self.only_differences))
    }

    fn before(&self) -> Option<String> {
        self.neighbour(-1)
    }

    fn after(&self) -> Option<String> {
        self.neighbour(1)
    }

    /// The same pair, showing all or only what differs.
    fn toggled(&self) -> String {
        self.address(self.chosen_id(), !self.only_differences)
    }

    fn is_check(&self) -> bool {
        self.view.tab == Tab::Automatic
    }

    /// Whether the pair is one that somebody found.
    fn is_found(&self) -> bool {
        self.chosen().is_some_and(|candidate| candidate.is_found)
    }

    fn may_break(&self) -> bool {
        self.frame.may(Permission::MatchBreak)
    }

    fn may_decide(&self) -> bool {
        self.holder.is_none() && self.frame.may(Permission::MatchDecide)
    }
}
