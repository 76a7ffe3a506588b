//! What the dashboard's charts show, from the registry's counts.

use std::collections::{BTreeMap, HashMap};

use jiff::{Span, civil::Date, tz::TimeZone};
use pipeline::figures::Scale;
use registry::{
    ids::ClientId,
    tally::{Best, Tally, TallyKind},
};
use store::StoreError;
use ui::{
    Frame,
    pages::{KINDS_MAX, Registrations, RuleScores, Scores},
};

use super::{counted_at, instant};
use crate::{App, people::People};

/// Months of which scores are shown, this one included.
const MONTHS: i32 = 12;

/// New records of the last days.
pub(super) async fn registrations(
    app: &App,
    frame: &Frame,
    days: Option<u32>,
) -> Result<Registrations, StoreError> {
    let ranges = Registrations::RANGES;
    let days = days.filter(|days| ranges.contains(days)).unwrap_or(ranges[0]);
    let width = if days > ranges[0] { 7 } else { 1 };
    let periods = days.div_ceil(width);
    let today = today(app);
    let first = back(today, Span::new().days(i64::from(periods * width) - 1));
    let told = app.pipeline().figures().of(TallyKind::Registered, &first.to_string()).await?;
    let names = &app.pipeline().settings().vocabulary.client_names;
    let name = |client: &str| {
        let known = names.get(&ClientId::new(client)).filter(|name| !name.is_empty());
        known.cloned().unwrap_or_else(|| client.to_owned())
    };
    let (sources, of_source) = sources(&told, name, || frame.say("home-others"));
    let mut rows: Vec<(Date, Vec<u64>)> = (0..periods)
        .map(|period| {
            let from = first.saturating_add(Span::new().days(i64::from(period * width)));
            (from, vec![0; sources.len()])
        })
        .collect();
    for Tally { key, count } in &told {
        let Ok(date) = key.period.parse::<Date>() else { continue };
        let Ok(day) = usize::try_from((date - first).get_days()) else { continue };
        // A day ahead of this node's clock counts as its last.
        let row = (day / width as usize).min(rows.len() - 1);
        rows[row].1[of_source[&key.name]] += count;
    }
    Ok(Registrations { days, sources, rows, as_of: counted_at(app).await? })
}

/// What sources are called, most records first, and the place of each by its id.
fn sources(
    told: &[Tally],
    name: impl Fn(&str) -> String,
    others: impl Fn() -> String,
) -> (Vec<String>, HashMap<String, usize>) {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for Tally { key, count } in told {
        *sums.entry(&key.name).or_default() += count;
    }
    let mut order: Vec<(&str, u64)> = sums.into_iter().collect();
    order.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    let named = if order.len() > KINDS_MAX { KINDS_MAX - 1 } else { order.len() };
    let mut names: Vec<String> = order.iter().take(named).map(|(id, _)| name(id)).collect();
    if named < order.len() {
        names.push(others());
    }
    let place = |(place, (id, _)): (usize, &(&str, u64))| ((*id).to_owned(), place.min(named));
    (names, order.iter().enumerate().map(place).collect())
}

/// Scores of new records under the rules in force.
pub(super) async fn scores(app: &App) -> Result<Scores, StoreError> {
    let month = today(app).first_of_month();
    let since = back(month, Span::new().months(MONTHS - 1));
    let from = since.strftime("%Y-%m").to_string();
    let told = app.pipeline().figures().of(TallyKind::Matched, &from).await?;
    let ruleset = app.pipeline().extractor().ruleset().hash.to_string();
    let told = told.into_iter().filter_map(|tally| {
        let best = Best::parse(&tally.key.name).filter(|best| best.ruleset == ruleset)?;
        Some((tally.key.period, best, tally.count))
    });
    let told: Vec<(String, Best, u64)> = told.collect();
    let first = told.first().and_then(|(month, _, _)| format!("{month}-01").parse().ok());
    let none = told.iter().filter(|(_, best, _)| best.found.is_none()).map(|(_, _, count)| count);
    let none = none.sum();
    let scales = app.pipeline().scales();
    let rules = scales.into_iter().map(|scale| of_rule(scale, &told)).collect();
    let since = first.unwrap_or(since);
    Ok(Scores { since, none, rules, as_of: counted_at(app).await? })
}

fn of_rule(scale: Scale, told: &[(String, Best, u64)]) -> RuleScores {
    let mut counts: BTreeMap<i64, [u64; 2]> = BTreeMap::new();
    for (_, best, count) in told {
        let Some(found) = best.found.filter(|found| found.rule == scale.rule) else { continue };
        counts.entry(found.tenths).or_default()[usize::from(found.is_automatic)] += count;
    }
    let counts = counts.into_iter().collect();
    RuleScores { name: scale.name, review: scale.review, automatic: scale.automatic, counts }
}

fn today(app: &App) -> Date {
    instant(People::of(app).now()).to_zoned(TimeZone::UTC).date()
}

fn back(date: Date, span: Span) -> Date {
    date.checked_sub(span).unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use registry::tally::TallyKey;

    fn sent(name: &str, count: u64) -> Tally {
        let key = TallyKey {
            kind: TallyKind::Registered,
            period: "2026-11-23".into(),
            name: name.into(),
        };
        Tally { key, count }
    }

    #[test]
    fn many_sources_become_the_largest_and_others() {
        let told: Vec<Tally> = ["a", "b", "c", "d", "e", "f", "g"]
            .iter()
            .zip(1..)
            .map(|(id, n)| sent(id, n))
            .collect();
        let (names, places) = sources(&told, str::to_uppercase, || "Others".into());
        assert_eq!(names, ["G", "F", "E", "D", "C", "Others"]);
        assert_eq!((places["g"], places["c"], places["b"], places["a"]), (0, 4, 5, 5));
        let (names, places) = sources(&told[..6], str::to_uppercase, || "Others".into());
        assert_eq!(names, ["F", "E", "D", "C", "B", "A"]);
        assert_eq!(places["a"], 5);
        assert!(sources(&[], str::to_uppercase, || "Others".into()).0.is_empty());
    }
}
