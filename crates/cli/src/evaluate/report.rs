//! The wrong pairs, and the report as a page: both hold values of people.

mod draw;
mod page;
mod table;

use std::fmt::Write as _;

use matching::{Band, Explanation};
use serde::Serialize;

use super::search::{Found, People};
pub(super) use page::html;

/// A pair that is linked and wrong, or one person and not linked.
#[derive(Serialize)]
pub(super) struct WrongPair<'p> {
    /// `wrong` or `missed`.
    kind: &'static str,
    one: &'p str,
    other: &'p str,
    explanation: Explanation,
}

/// The wrong pairs of either kind, and the records that cannot be linked at all.
#[derive(Serialize)]
pub(super) struct Wrong<'p> {
    wrong_pairs: Vec<WrongPair<'p>>,
    /// Ids of records that could not even be linked with themselves.
    unlinkable_records: Vec<&'p str>,
}

/// Explains the pairs that are linked and wrong, those that are missed, and lists the records
/// of which too little is known; `most` of each.
pub(super) fn wrong<'p>(people: &'p People, found: &Found, most: usize) -> Wrong<'p> {
    let pairs = |kind, pairs: Vec<(u32, u32)>| {
        pairs.into_iter().map(move |pair| {
            let (one, other, explanation) = explain(people, pair);
            WrongPair { kind, one, other, explanation }
        })
    };
    let wrong_pairs = pairs("wrong", linked_wrongly(found, most));
    let wrong_pairs = wrong_pairs.chain(pairs("missed", missed(found, most))).collect();
    let records = 0..people.ids.len() as u32;
    let unlinkable = records.filter(|at| people.judge(*at, *at, true).band != Band::Auto);
    let unlinkable_records = unlinkable.take(most).map(|at| people.ids[at as usize].as_str());
    Wrong { wrong_pairs, unlinkable_records: unlinkable_records.collect() }
}

impl Wrong<'_> {
    /// For people.
    pub(super) fn told(&self) -> String {
        let mut out = String::new();
        for pair in &self.wrong_pairs {
            let title = if pair.kind == "wrong" { "Wrong" } else { "Missed" };
            let explained = pair.explanation.to_string();
            let _ = writeln!(out, "\n{title}: {} and {}", pair.one, pair.other);
            let _ = writeln!(out, "{}", explained.trim_end());
        }
        if !self.unlinkable_records.is_empty() {
            let ids = self.unlinkable_records.join(", ");
            let _ = writeln!(out, "\nToo little is known of these records: {ids}");
        }
        out
    }
}

/// The ids of a pair's records and why it has its score, by the pass that gives the best.
fn explain(people: &People, (one, other): (u32, u32)) -> (&str, &str, Explanation) {
    let rule = people.judge(one, other, true).pair.rule;
    let (one, other) = (one as usize, other as usize);
    let features = (&people.features[one], &people.features[other]);
    let explained = matching::explain(&people.ruleset, rule, features.0, features.1);
    (&people.ids[one], &people.ids[other], explained)
}

fn linked_wrongly(found: &Found, most: usize) -> Vec<(u32, u32)> {
    let is_wrong = |at: &usize| !found.pairs[*at].is_match && found.bands[*at] == Band::Auto;
    by_weight(found, is_wrong, most)
}

/// Those above the floor first, the nearest to being linked before others.
fn missed(found: &Found, most: usize) -> Vec<(u32, u32)> {
    let is_missed = |at: &usize| found.pairs[*at].is_match && found.bands[*at] != Band::Auto;
    let mut pairs = by_weight(found, is_missed, most);
    let room = most - pairs.len();
    pairs.extend(found.unscored.iter().take(room));
    pairs
}

/// The one in the middle of those that are linked and right.
fn usual(found: &Found) -> Vec<(u32, u32)> {
    let is_right = |at: &usize| found.pairs[*at].is_match && found.bands[*at] == Band::Auto;
    let pairs = by_weight(found, is_right, usize::MAX);
    pairs.get(pairs.len() / 2).copied().into_iter().collect()
}

fn by_weight(found: &Found, keep: impl Fn(&usize) -> bool, most: usize) -> Vec<(u32, u32)> {
    let mut pairs: Vec<usize> = (0..found.pairs.len()).filter(keep).collect();
    pairs.sort_by(|a, b| found.pairs[*b].weight.total_cmp(&found.pairs[*a].weight));
    pairs.truncate(most);
    pairs.into_iter().map(|at| (found.pairs[at].one, found.pairs[at].other)).collect()
}
