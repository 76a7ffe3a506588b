//! How common values are: the tables that training writes.

use std::collections::{BTreeMap, BTreeSet};

use super::{OTHERS_PART_MIN, Options, PROBABILITY_MIN, Records, rounded};
use crate::native::RuleFile;
use crate::native::entries::FrequencyEntry;
use crate::rules::Ruleset;

/// Writes a table for every feature that a level asks one of, if records have the feature.
pub(super) fn write(
    file: &mut RuleFile,
    ruleset: &Ruleset,
    records: &Records,
    options: &Options,
    prior: f64,
) {
    let levels = file.pass.iter().flat_map(|pass| &pass.comparison).flat_map(|c| &c.levels);
    let wanted: BTreeSet<String> = levels.filter_map(|level| level.frequencies.clone()).collect();
    for name in wanted {
        let Some(at) = ruleset.features.iter().position(|feature| feature.name == name) else {
            continue;
        };
        match table(records, at, options, prior) {
            Some(table) => _ = file.frequencies.insert(name, table),
            None => _ = file.frequencies.remove(&name),
        }
    }
}

/// Shares of the common values, and one for all others.
///
/// The share of a value is P(another record has it): a record that is the only one with its
/// value tells nothing of others. Values with few records are not listed, since they could tell
/// who is among the records.
pub(super) fn table(
    records: &Records,
    feature: usize,
    options: &Options,
    prior: f64,
) -> Option<FrequencyEntry> {
    let others = records.present(feature).checked_sub(1).filter(|others| *others > 0)? as f64;
    let mut counts = records.counts(feature);
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let common = counts.iter().take_while(|(_, count)| *count >= options.listed_min).count();
    let (listed, unlisted) = counts.split_at(common.min(options.listed_max));
    let share = |count: u64| (count as f64 - 1.0) / others;
    let shares: BTreeMap<String, f64> = listed
        .iter()
        .map(|(value, count)| (value.clone(), rounded(share(*count).clamp(PROBABILITY_MIN, 1.0))))
        .collect();
    let people: f64 = unlisted.iter().map(|(_, count)| *count as f64).sum();
    let same: f64 = unlisted.iter().map(|(_, count)| *count as f64 * share(*count)).sum();
    // Those that are one person say nothing of how common a value is.
    let seen = if people > 0.0 { same / people } else { share(1) };
    let least = (1.0 / others / others.max(20.0)).max(PROBABILITY_MIN);
    let rest = (seen - prior).max(seen * OTHERS_PART_MIN).clamp(least, 1.0);
    let rest = rounded(rest);
    let floor = shares.values().copied().fold(rest, f64::min);
    Some(FrequencyEntry { floor, rest, shares })
}
