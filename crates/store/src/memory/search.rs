//! Searching the maps: the reference meaning of filters, tried on every patient.

use std::{cmp::Ordering, collections::BTreeSet};

use registry::{
    commit::TagKey,
    search::{Filter, IndexEntry, IndexValue, Param, SearchFacts, SortField, SortKey, matches},
    state::{BrokenPair, GoldenStatus},
};

use super::{PatientId, State, windowed};
use crate::{FoundIds, FoundPersons, Sought, Window};

/// What a result is ordered by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SortValue<'s> {
    Text(&'s str),
    Number(i64),
}

/// A patient as a search sees it.
struct Seen<'s> {
    id: &'s str,
    updated_at: i64,
    entries: &'s [IndexEntry],
}

impl State {
    pub(super) fn search(&self, filters: &[Filter], sort: &[SortKey], window: Window) -> FoundIds {
        let patients = self.patients.values();
        let mut found: Vec<Seen<'_>> =
            patients.filter_map(|patient| self.seen_if_fits(patient, filters)).collect();
        // The sort is stable, and patients come in order of age.
        found.sort_by(|a, b| {
            sort.iter().map(|key| compare(key, a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        });
        let (ids, total) = windowed(found.into_iter(), window);
        FoundIds { ids: ids.into_iter().map(|seen| seen.id.to_owned()).collect(), total }
    }

    /// The persons of live source records that fit.
    pub(super) fn persons_sought(&self, sought: &Sought, limit: u32) -> FoundPersons {
        let found = self.patients.values().filter_map(|patient| {
            let PatientId::Source(id) = patient else { return None };
            let state = self.records.get(id)?;
            let broken = |pair: &BrokenPair| pair.low() == id || pair.high() == id;
            let fits = state.golden.as_str().starts_with(&sought.cruid_start)
                && (!sought.is_broken || self.broken.iter().any(broken))
                && self.seen_if_fits(patient, &sought.filters).is_some();
            fits.then(|| (state.number, state.golden.clone()))
        });
        FoundPersons::of(found.take(limit as usize + 1).collect(), limit)
    }

    /// The codes of submitted tags of a system.
    pub(super) fn tag_codes(&self, system: &str) -> BTreeSet<String> {
        let live = self.records.iter().filter(|(_, state)| !state.is_withdrawn);
        let tags = live.filter_map(|(id, _)| self.found_by.get(id)).flat_map(|(_, tags)| tags);
        tags.filter(|tag| tag.system.as_deref() == Some(system))
            .map(|tag| tag.code.clone())
            .collect()
    }

    /// The folded texts of a kind that begin with `start`.
    pub(super) fn words(&self, kind: Param, start: &str) -> BTreeSet<String> {
        let live = self.records.iter().filter(|(_, state)| !state.is_withdrawn);
        let entries = live.filter_map(|(id, _)| self.found_by.get(id)).flat_map(|(it, _)| it);
        let texts = entries.filter(|entry| entry.param == kind).filter_map(|it| match &it.value {
            IndexValue::Text { folded, .. } => Some(folded.to_owned()),
            _ => None,
        });
        texts.filter(|text| text.starts_with(start)).collect()
    }

    fn seen_if_fits<'s>(&'s self, patient: &'s PatientId, filters: &[Filter]) -> Option<Seen<'s>> {
        let nothing: (&[IndexEntry], &[TagKey]) = (&[], &[]);
        let (id, updated_at, (entries, submitted)) = match patient {
            PatientId::Source(id) => {
                let state = self.records.get(id).filter(|state| !state.is_withdrawn)?;
                let found_by = self.found_by.get(id);
                let found_by = found_by.map_or(nothing, |(index, tags)| (index, tags));
                (id.as_str(), state.updated_at.0, found_by)
            }
            PatientId::Golden(id) => {
                let is_shown = |status: &GoldenStatus| *status != GoldenStatus::Retired;
                let state = self.goldens.get(id).filter(|state| is_shown(&state.status))?;
                (id.as_str(), state.updated_at.0, nothing)
            }
        };
        let own = self.tags.get(id).into_iter().flatten();
        let tags = own.chain(submitted).map(|tag| (tag.system.clone(), tag.code.clone()));
        let facts = SearchFacts {
            id,
            tags: &tags.collect::<Vec<_>>(),
            links: &self.links(patient),
            last_updated_us: updated_at,
        };
        let fits = filters.iter().all(|filter| matches(filter, &facts, entries));
        fits.then_some(Seen { id, updated_at, entries })
    }
}

/// Compares by one key. What has no value comes last, whichever the direction.
fn compare(key: &SortKey, a: &Seen<'_>, b: &Seen<'_>) -> Ordering {
    match (sort_value(key, a), sort_value(key, b)) {
        (Some(a), Some(b)) if key.descending => b.cmp(&a),
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// The smallest of a patient's values, or the largest if the largest shall come first.
fn sort_value<'s>(key: &SortKey, seen: &Seen<'s>) -> Option<SortValue<'s>> {
    let param = match key.field {
        SortField::Id => return Some(SortValue::Text(seen.id)),
        SortField::LastUpdated => return Some(SortValue::Number(seen.updated_at)),
        field => field.param()?,
    };
    let entries = seen.entries.iter().filter(|entry| entry.param == param);
    let values = entries.map(|entry| match &entry.value {
        IndexValue::Text { folded, .. } => SortValue::Text(folded),
        IndexValue::Token { code, .. } => SortValue::Text(code),
        IndexValue::Date { lo, .. } => SortValue::Number(*lo),
    });
    if key.descending { values.max() } else { values.min() }
}
