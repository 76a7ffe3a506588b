//! [`matches()`]: the meaning of a filter, against which every store is tested.

use super::index::{IndexEntry, IndexValue};
use super::param::Param;
use super::{DateMatch, Filter, TextMode, TokenMatch};

/// Holds what a search needs of a record beside its index rows.
#[derive(Debug, Clone, Copy)]
pub struct SearchFacts<'a> {
    /// The logical id.
    pub id: &'a str,
    /// System and code of every tag that a reader of the record sees.
    pub tags: &'a [(Option<String>, String)],
    /// Bare ids of the Patients it links to.
    pub links: &'a [String],
    /// Last change, in microseconds since 1970-01-01T00:00:00Z.
    pub last_updated_us: i64,
}

/// Tells whether a record passes one filter; a search is the conjunction of its filters.
pub fn matches(filter: &Filter, facts: &SearchFacts<'_>, entries: &[IndexEntry]) -> bool {
    match filter {
        Filter::Id(any) => any.iter().any(|id| id == facts.id),
        Filter::Text { param, mode, any } => {
            values(entries, param.params()).any(|value| text_fits(value, *mode, any))
        }
        Filter::Token { param, negated, any } => {
            *negated != values(entries, param.params()).any(|value| token_fits(value, any))
        }
        Filter::Date { param, any } => {
            values(entries, param.params()).any(|value| date_fits(value, any))
        }
        Filter::Missing { params, missing } => *missing == values(entries, params).next().is_none(),
        Filter::Tag { negated, any } => {
            let tagged = |wanted: &TokenMatch| {
                facts.tags.iter().any(|(system, code)| wanted.accepts(system.as_deref(), code))
            };
            *negated != any.iter().any(tagged)
        }
        Filter::Link(any) => any.iter().any(|id| facts.links.contains(id)),
        Filter::LastUpdated(any) => {
            let at = facts.last_updated_us;
            any.iter().any(|wanted| wanted.accepts(at, at.saturating_add(1)))
        }
        Filter::Nothing => false,
    }
}

fn values<'e>(
    entries: &'e [IndexEntry],
    params: &'static [Param],
) -> impl Iterator<Item = &'e IndexValue> {
    let read = entries.iter().filter(|entry| params.contains(&entry.param));
    read.map(|entry| &entry.value)
}

fn text_fits(value: &IndexValue, mode: TextMode, any: &[String]) -> bool {
    let IndexValue::Text { folded, exact } = value else { return false };
    any.iter().any(|wanted| match mode {
        TextMode::Starts => folded.starts_with(wanted.as_str()),
        TextMode::Contains => folded.contains(wanted.as_str()),
        TextMode::Exact => exact == wanted,
    })
}

fn token_fits(value: &IndexValue, any: &[TokenMatch]) -> bool {
    let IndexValue::Token { system, code } = value else { return false };
    any.iter().any(|wanted| wanted.accepts(system.as_deref(), code))
}

fn date_fits(value: &IndexValue, any: &[DateMatch]) -> bool {
    let IndexValue::Date { lo, hi } = value else { return false };
    any.iter().any(|wanted| wanted.accepts(*lo, *hi))
}
