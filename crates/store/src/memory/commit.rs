//! Writing a commit into the maps: everything is checked first, so nothing is half-written.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use registry::{commit::Commit, once::KEPT_MICROS, state::GoldenStatus};

use super::{PatientId, State};
use crate::{
    StoreError,
    plan::{self, Kind, Known, KnownPatients, Plan, refused},
};

impl State {
    /// Writes all of `commit`, or nothing.
    pub(super) fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        let known = self.known(commit);
        let plan = Plan::new(commit, &self.head, &known)?;
        self.check_unique(commit)?;
        self.write_patients(commit, &plan);
        self.write_history(commit, &plan);
        self.write_judgements(commit)?;
        self.write_answered(commit);
        self.head = plan.head;
        Ok(())
    }

    fn known(&self, commit: &Commit) -> KnownPatients {
        let ids = plan::mentioned(commit).into_iter();
        ids.filter_map(|id| Some((id.to_owned(), self.known_patient(id)?))).collect()
    }

    fn known_patient(&self, id: &str) -> Option<Known> {
        let key = *self.keys.get(id)?;
        Some(match self.patients.get(&key)? {
            PatientId::Source(id) => {
                let state = self.records.get(id)?;
                Known {
                    key,
                    kind: Kind::Source(state.number),
                    content: Some(state.content.clone()),
                    content_number: 0,
                    is_withdrawn: state.is_withdrawn,
                }
            }
            PatientId::Golden(id) => Known {
                key,
                kind: Kind::Golden(self.goldens.get(id)?.number),
                content: None,
                content_number: 0,
                is_withdrawn: false,
            },
        })
    }

    /// What databases keep by unique constraints.
    fn check_unique(&self, commit: &Commit) -> Result<(), StoreError> {
        let records = &commit.records;
        let goldens = &commit.goldens;
        let is_free = |taken: Option<&str>, id: &str| taken.is_none_or(|taken| taken == id);
        let are_free = records.iter().all(|state| {
            let by_source = self.sources.get(&state.source).map(|id| id.as_str());
            let by_number = self.record_numbers.get(&state.number).map(|id| id.as_str());
            is_free(by_source, state.id.as_str()) && is_free(by_number, state.id.as_str())
        }) && goldens.iter().all(|state| {
            let by_number = self.golden_numbers.get(&state.number.0).map(|id| id.as_str());
            is_free(by_number, state.id.as_str())
        });
        let are_apart = all_differ(records.iter().map(|state| &state.source))
            && all_differ(records.iter().map(|state| state.number))
            && all_differ(goldens.iter().map(|state| state.number));
        if !are_free || !are_apart {
            return Err(refused("a number or a source identity is given twice"));
        }
        let has_version =
            |id, version| self.versions.get(id).is_some_and(|known| known.contains_key(version));
        let has_golden_version = |id, version| {
            self.golden_versions.get(id).is_some_and(|known| known.contains_key(version))
        };
        let is_repeated = commit.versions.iter().any(|row| has_version(&row.record, &row.version))
            || commit.golden_versions.iter().any(|row| has_golden_version(&row.id, &row.version))
            || !all_differ(commit.versions.iter().map(|row| (&row.record, row.version)))
            || !all_differ(commit.golden_versions.iter().map(|row| (&row.id, row.version)));
        if is_repeated {
            return Err(refused("a version is given twice"));
        }
        let is_answered = commit.answered.iter().any(|one| self.answered.contains_key(&one.key))
            || !all_differ(commit.answered.iter().map(|one| &one.key));
        if is_answered {
            return Err(refused("an act is answered twice"));
        }
        let mut openings = HashSet::new();
        for issue in &commit.issues_opened {
            let opening = plan::opening(&issue.id)?;
            let is_open = self.issues.get(&opening).is_some_and(|(_, closed)| closed.is_none());
            if is_open || !openings.insert(opening) {
                return Err(refused("an issue is opened twice"));
            }
        }
        commit.issues_closed.iter().try_for_each(|(issue, _)| plan::opening(&issue.id).map(|_| ()))
    }

    fn write_patients(&mut self, commit: &Commit, plan: &Plan<'_>) {
        for state in &commit.records {
            if let Some(before) = self.records.insert(state.id.clone(), state.clone()) {
                self.sources.remove(&before.source);
            }
            self.sources.insert(state.source.clone(), state.id.clone());
            self.record_numbers.insert(state.number, state.id.clone());
            if state.is_withdrawn {
                self.found_by.remove(&state.id);
            } else if let Some(content) = plan.contents.get(&state.content) {
                let found_by = (content.index.clone(), content.tags.clone());
                self.found_by.insert(state.id.clone(), found_by);
            }
        }
        for state in &commit.goldens {
            self.goldens.insert(state.id.clone(), state.clone());
            self.golden_numbers.insert(state.number.0, state.id.clone());
        }
        let mut ids: HashMap<&str, PatientId> = HashMap::new();
        for state in &commit.records {
            ids.insert(state.id.as_str(), PatientId::Source(state.id.clone()));
        }
        for state in &commit.goldens {
            ids.insert(state.id.as_str(), PatientId::Golden(state.id.clone()));
        }
        for id in &plan.newcomers {
            let Some(patient) = ids.remove(id) else { continue };
            self.keys.insert((*id).to_owned(), self.next_key);
            self.patients.insert(self.next_key, patient);
            self.next_key += 1;
        }
        self.tags.extend(commit.tags.iter().cloned());
    }

    fn write_history(&mut self, commit: &Commit, plan: &Plan<'_>) {
        for row in &commit.versions {
            if let Some(content) = plan.contents.get(&row.content) {
                self.contents.insert(content.hash.clone(), content.text.clone());
            }
            let versions = self.versions.entry(row.record.clone()).or_default();
            versions.insert(row.version, row.clone());
        }
        for row in &commit.golden_versions {
            let versions = self.golden_versions.entry(row.id.clone()).or_default();
            versions.insert(row.version, row.clone());
        }
        self.events.extend(commit.events.iter().cloned());
        for (hash, text) in &commit.explanations {
            self.explanations.entry(hash.clone()).or_insert_with(|| text.clone());
        }
    }

    fn write_judgements(&mut self, commit: &Commit) -> Result<(), StoreError> {
        for issue in &commit.issues_opened {
            let opening = plan::opening(&issue.id)?;
            self.issues.insert(opening, (issue.clone(), None));
            self.file_issue(opening, issue, true);
        }
        for (issue, reason) in &commit.issues_closed {
            let opening = plan::opening(&issue.id)?;
            self.issues.insert(opening, (issue.clone(), Some(*reason)));
            self.file_issue(opening, issue, false);
        }
        for pair in &commit.pairs_unbroken {
            self.broken.remove(pair);
        }
        self.broken.extend(commit.pairs_broken.iter().cloned());
        Ok(())
    }

    fn write_answered(&mut self, commit: &Commit) {
        let Some(newest) = commit.answered.iter().map(|one| one.at.0).max() else { return };
        self.answered.retain(|_, one| one.at.0 >= newest - KEPT_MICROS);
        let answered = commit.answered.iter();
        self.answered.extend(answered.map(|one| (one.key.clone(), one.clone())));
    }

    /// The bare ids that a patient links to.
    pub(super) fn links(&self, patient: &PatientId) -> Vec<String> {
        match patient {
            PatientId::Source(id) => {
                self.records.get(id).into_iter().map(|state| state.golden.to_string()).collect()
            }
            PatientId::Golden(id) => match self.goldens.get(id) {
                None => Vec::new(),
                Some(state) => match &state.status {
                    GoldenStatus::Replaced(other) => vec![other.to_string()],
                    _ => state.members.iter().map(ToString::to_string).collect(),
                },
            },
        }
    }
}

fn all_differ<T: Eq + Hash>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}
