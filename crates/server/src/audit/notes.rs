//! [`Notes`]: what is found out about a request while it is worked on, for its audit entries.
//!
//! Put into a request's extensions before any handler sees it; extractors and handlers add what
//! they know. A request has one entry, a Bundle one for each of its entries and one for itself.

use std::sync::Arc;

use http::StatusCode;
use parking_lot::Mutex;
use registry::audit::{Act, AuditEntry, ENTITIES_MAX, Ending, Entity, Term, Who};

use super::Auditor;

/// What is known of one request so far; cheap to clone, all clones are the same notes.
#[derive(Clone, Default)]
pub(crate) struct Notes {
    auditor: Option<Auditor>,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    who: Who,
    operation: Option<(Act, &'static str)>,
    what: Vec<Entity>,
    terms: Vec<Term>,
    parts: Vec<AuditEntry>,
}

impl std::fmt::Debug for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notes")
    }
}

impl Notes {
    /// Empty notes for `auditor`.
    pub(crate) fn new(auditor: Auditor) -> Self {
        Self { auditor: Some(auditor), inner: Arc::default() }
    }

    /// Says who sends.
    pub(crate) fn sent_by(&self, who: Who) {
        self.inner.lock().who = who;
    }

    /// Says which operation it is, where several routes lead to one.
    pub(crate) fn is_a(&self, act: Act, name: &'static str) {
        self.inner.lock().operation = Some((act, name));
    }

    /// Adds Patients that were read, found or written.
    pub(crate) fn about<'i>(&self, ids: impl IntoIterator<Item = &'i str>) {
        let mut inner = self.inner.lock();
        let room = ENTITIES_MAX.saturating_sub(inner.what.len());
        inner.what.extend(ids.into_iter().take(room).map(Entity::patient));
    }

    /// Adds what was searched for; only parameters that describe someone.
    pub(crate) fn looked_for(&self, pairs: &[(String, String)]) {
        let Some(auditor) = &self.auditor else { return };
        let shape =
            ["_count", "_format", "_pretty", "_total", "_summary", "_elements", "_getpages"];
        let terms = pairs.iter().filter(|(name, _)| !shape.contains(&name.as_str()));
        let terms: Vec<Term> = terms.map(|(name, value)| auditor.term(name, value)).collect();
        self.inner.lock().terms.extend(terms);
    }

    /// Closes the entry of one part of a Bundle: what was added since the last one belongs to it.
    pub(crate) fn end_part(&self, act: Act, status: StatusCode) {
        if self.auditor.is_none() {
            return;
        }
        let mut inner = self.inner.lock();
        let mut entry = AuditEntry::new(act, inner.who.clone());
        entry.what = std::mem::take(&mut inner.what);
        entry.terms = std::mem::take(&mut inner.terms);
        entry.detail = Some("part of a Bundle".to_owned());
        end(&mut entry, status);
        inner.parts.push(entry);
    }

    /// The entries of a request whose route says that it is an `act`, once it is answered.
    pub(super) fn finish(
        &self,
        act: Act,
        status: StatusCode,
        from: Option<String>,
    ) -> Vec<AuditEntry> {
        let mut inner = self.inner.lock();
        let mut entry = AuditEntry::new(act, inner.who.clone());
        if let Some((act, name)) = inner.operation {
            entry.act = act;
            entry.detail = Some(name.to_owned());
        }
        entry.what = std::mem::take(&mut inner.what);
        entry.terms = std::mem::take(&mut inner.terms);
        end(&mut entry, status);
        let mut entries = vec![entry];
        entries.append(&mut inner.parts);
        for entry in &mut entries {
            entry.from.clone_from(&from);
        }
        entries
    }
}

fn end(entry: &mut AuditEntry, status: StatusCode) {
    entry.ending = Ending::of_status(status.as_u16());
    entry.status = Some(status.as_u16());
    // Who submits a known identity by POST updates; who PUTs a new one creates.
    entry.act = match (entry.act, status) {
        (Act::Create, StatusCode::OK) => Act::Update,
        (Act::Update, StatusCode::CREATED) => Act::Create,
        (Act::Create, StatusCode::NO_CONTENT) => Act::Delete,
        (act, _) => act,
    };
}

/// The status at the beginning of a Bundle entry's `response.status`.
pub(crate) fn outcome_of(status: &str) -> StatusCode {
    let code = status.split(' ').next().and_then(|code| code.parse().ok());
    code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
