//! The dashboard: what to do first, and whether something is going wrong.

use askama::Template;
use jiff::{Timestamp, civil::Date};
use registry::account::Permission;

use crate::{
    Frame,
    chart::{self, Growth, Part, Scale, tenths},
};

/// Kinds of bars that can be told apart: so many sources at the most, the others as one.
pub const KINDS_MAX: usize = 6;

/// The first page.
#[derive(Debug, Template)]
#[template(path = "home.html", blocks = ["work"])]
pub struct Home<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// What waits.
    pub work: Panel<Work>,
    /// What the person did today; `None` for who decides nothing.
    pub day: Option<Day>,
    /// Who was registered.
    pub registrations: Panel<Registrations>,
    /// How well new records matched.
    pub scores: Panel<Scores>,
    /// What is going wrong with the registry itself; shown only if something is.
    pub troubles: Vec<String>,
}

/// A part of the page, which fails alone.
#[derive(Debug)]
pub enum Panel<T> {
    /// The person may not see it.
    Hidden,
    /// It could not be loaded.
    Failed,
    /// Here it is.
    Shown(T),
}

/// What waits for stewards.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Records with a potential match.
    pub potential: Waits,
    /// Records that reached several persons.
    pub conflicts: Waits,
    /// Automatic matches that nobody has looked at.
    pub automatic: Waits,
    /// When this was counted.
    pub as_of: Timestamp,
}

/// How much of a kind waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waits {
    /// How many.
    pub count: u64,
    /// Since when the first of them does.
    pub oldest: Option<Timestamp>,
    /// How many there were as the day began, if that is known.
    pub before: Option<u64>,
}

impl Waits {
    fn change(&self) -> Option<String> {
        let before = self.before?;
        Some(match self.count.checked_sub(before) {
            Some(0) => "±0".to_owned(),
            Some(more) => format!("+{more}"),
            None => format!("−{}", before - self.count),
        })
    }
}

impl Work {
    fn cards(&self) -> [(&'static str, &'static str, &Waits); 3] {
        [
            ("potential", "home-potential", &self.potential),
            ("conflict", "home-conflicts", &self.conflicts),
            ("auto", "home-automatic", &self.automatic),
        ]
    }

    /// Whether something waits that somebody has to decide.
    fn has_some(&self) -> bool {
        self.potential.count + self.conflicts.count > 0
    }
}

/// A person's own work of today.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Decisions.
    pub decided: u64,
    /// Decisions taken back.
    pub undone: u64,
    /// Seconds that half of the decisions of this sign-in took at the most.
    pub median_seconds: Option<u64>,
    /// It is time for a break.
    pub is_tired: bool,
}

/// New records by day or week and by source.
#[derive(Debug)]
pub struct Registrations {
    /// How many days are shown.
    pub days: u32,
    /// The sources in order of how much they sent, the last one "others" if there are many.
    pub sources: Vec<String>,
    /// What was registered from a day on, of each source.
    pub rows: Vec<(Date, Vec<u64>)>,
    /// Up to when it is counted.
    pub as_of: Timestamp,
}

impl Registrations {
    /// How many days can be shown.
    pub const RANGES: [u32; 3] = [30, 90, 365];

    fn ranges(&self) -> [u32; 3] {
        Self::RANGES
    }

    fn bars(&self) -> Vec<Part> {
        let counts: Vec<Vec<u64>> = self.rows.iter().map(|(_, counts)| counts.clone()).collect();
        chart::bars(&counts, Growth::Linear)
    }

    fn total(&self) -> u64 {
        self.rows.iter().flat_map(|(_, counts)| counts).sum()
    }

    /// The highest bar.
    fn most(&self) -> u64 {
        self.rows.iter().map(|(_, counts)| counts.iter().sum()).max().unwrap_or(0)
    }

    fn ends(&self) -> Option<(Date, Date)> {
        Some((self.rows.first()?.0, self.rows.last()?.0))
    }

    fn is_weekly(&self) -> bool {
        self.days > Self::RANGES[0]
    }

    /// Rows with something in them, the newest first.
    fn lines(&self) -> Vec<(&Date, &Vec<u64>, u64)> {
        let lines =
            self.rows.iter().rev().map(|(date, counts)| (date, counts, counts.iter().sum()));
        lines.filter(|(_, _, sum)| *sum > 0).collect()
    }
}

/// The best match that each new record found under the rules in force.
#[derive(Debug)]
pub struct Scores {
    /// From which day on they are counted.
    pub since: Date,
    /// New records that matched nobody.
    pub none: u64,
    /// One chart for each rule: their scores do not share a scale.
    pub rules: Vec<RuleScores>,
    /// Up to when it is counted.
    pub as_of: Timestamp,
}

/// The scores of a rule.
#[derive(Debug)]
pub struct RuleScores {
    /// The rule's name.
    pub name: String,
    /// From where on a person looks.
    pub review: Option<f64>,
    /// From where on a match links by itself.
    pub automatic: f64,
    /// How many records there are for each tenth of a score: left to a person, and linked.
    pub counts: Vec<(i64, [u64; 2])>,
}

impl Scores {
    /// Records left to a person, and linked.
    fn of(&self, band: usize) -> u64 {
        let counts = self.rules.iter().flat_map(|rule| &rule.counts);
        counts.map(|(_, bands)| bands[band]).sum()
    }

    fn total(&self) -> u64 {
        self.none + self.of(0) + self.of(1)
    }

    /// What became of them, as key, count and share.
    fn shares(&self) -> [(&'static str, u64, String); 3] {
        let total = self.total().max(1) as f64;
        let share = |count: u64| format!("{:.1} %", count as f64 / total * 100.0);
        let (none, review, automatic) = (self.none, self.of(0), self.of(1));
        [
            ("home-share-none", none, share(none)),
            ("home-share-review", review, share(review)),
            ("home-share-automatic", automatic, share(automatic)),
        ]
    }
}

impl RuleScores {
    fn scale(&self) -> Scale {
        let thresholds = self.review.into_iter().chain([self.automatic]);
        let thresholds = thresholds.map(|score| (score * 10.0).floor() as i64);
        let all = || self.counts.iter().map(|(tenths, _)| *tenths).chain(thresholds.clone());
        Scale::over(all().min().unwrap_or(0), all().max().unwrap_or(0))
    }

    /// The counts of each bar: left to a person, and linked.
    fn columns(&self) -> Vec<Vec<u64>> {
        let scale = self.scale();
        let mut columns = vec![vec![0; 2]; scale.number];
        for (tenths, counts) in &self.counts {
            let column = &mut columns[scale.bar(*tenths)];
            column[0] += counts[0];
            column[1] += counts[1];
        }
        columns
    }

    fn bars(&self) -> Vec<Part> {
        chart::bars(&self.columns(), Growth::Logarithmic)
    }

    fn most(&self) -> u64 {
        self.columns().iter().map(|column| column.iter().sum()).max().unwrap_or(0)
    }

    /// Where the chart begins and ends.
    fn ends(&self) -> (String, String) {
        let scale = self.scale();
        (tenths(scale.begins(0)), tenths(scale.begins(scale.number)))
    }

    /// Where the thresholds stand: class of the line, and from the left.
    fn lines(&self) -> Vec<(&'static str, u32)> {
        let scale = self.scale();
        let lines = [("review", self.review), ("automatic", Some(self.automatic))];
        let place = |(class, score): (_, Option<f64>)| Some((class, scale.place(score?)?));
        lines.into_iter().filter_map(place).collect()
    }

    /// Bars with something in them: from, to, left to a person, linked.
    fn table(&self) -> Vec<(String, String, u64, u64)> {
        let scale = self.scale();
        let columns = self.columns().into_iter().enumerate();
        let line = |(bar, column): (usize, Vec<u64>)| {
            let ends = (tenths(scale.begins(bar)), tenths(scale.begins(bar + 1)));
            (ends.0, ends.1, column[0], column[1])
        };
        columns.map(line).filter(|(_, _, review, automatic)| review + automatic > 0).collect()
    }
}

/// A threshold as people write it.
fn threshold(score: &f64) -> String {
    if *score < 0.0 { format!("−{}", score.abs()) } else { score.to_string() }
}
