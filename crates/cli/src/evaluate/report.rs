//! The wrong pairs, and the report with drawings: both hold values of people.

use std::fmt::Write as _;

use super::{
    figures::Evaluated,
    search::{Found, People},
};

/// Explains the pairs that are linked and wrong, and those that are missed.
pub(super) fn wrong_pairs(people: &People, found: &Found, most: usize) -> String {
    let mut out = String::new();
    for (title, pairs) in [("Wrong", wrong(found, most)), ("Missed", missed(found, most))] {
        for at in pairs {
            let pair = &found.pairs[at];
            let (one, other) = (pair.one as usize, pair.other as usize);
            let explained = matching::explain(
                &people.ruleset,
                pair.rule,
                &people.features[one],
                &people.features[other],
            );
            let (one, other) = (&people.ids[one], &people.ids[other]);
            let _ = writeln!(out, "\n{title}: {one} and {other}\n{}", explained.to_string().trim_end());
        }
    }
    out
}

fn wrong(found: &Found, most: usize) -> Vec<usize> {
    let is_wrong =
        |at: &usize| !found.pairs[*at].is_match && found.bands[*at] == matching::Band::Auto;
    by_weight(found, is_wrong, most)
}

fn missed(found: &Found, most: usize) -> Vec<usize> {
    let is_missed =
        |at: &usize| found.pairs[*at].is_match && found.bands[*at] != matching::Band::Auto;
    by_weight(found, is_missed, most)
}

fn by_weight(found: &Found, keep: impl Fn(&usize) -> bool, most: usize) -> Vec<usize> {
    let mut pairs: Vec<usize> = (0..found.pairs.len()).filter(keep).collect();
    pairs.sort_by(|a, b| found.pairs[*b].weight.total_cmp(&found.pairs[*a].weight));
    pairs.truncate(most);
    pairs
}

pub(super) fn html(_people: &People, _found: &Found, _evaluated: &Evaluated) -> String {
    String::new()
}
