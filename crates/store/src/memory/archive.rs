//! AuditEvents that another registry wrote, in memory.

use std::collections::BTreeMap;

use registry::audit::ArchivedEvent;

/// The events by id.
#[derive(Default)]
pub(super) struct Archive(BTreeMap<String, ArchivedEvent>);

impl Archive {
    pub(super) fn add(&mut self, events: Vec<ArchivedEvent>) -> u64 {
        let before = self.0.len();
        for event in events {
            self.0.entry(event.id.clone()).or_insert(event);
        }
        (self.0.len() - before) as u64
    }

    pub(super) fn of(&self, patient: &str, limit: u32) -> Vec<String> {
        let is_named = |event: &&ArchivedEvent| event.patients.iter().any(|id| id == patient);
        let mut named: Vec<&ArchivedEvent> = self.0.values().filter(is_named).collect();
        named.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        named.into_iter().take(limit as usize).map(|event| event.body.clone()).collect()
    }

    pub(super) fn after(&self, after: &str, limit: u32) -> Vec<String> {
        let later = self.0.iter().filter(|(id, _)| id.as_str() > after);
        later.take(limit as usize).map(|(_, event)| event.body.clone()).collect()
    }
}
