//! One event after another on a draft of the state, each decided as if it came alone.

use std::sync::Arc;

use fhir::resource::Resource;
use matching::index::Index;
use registry::{
    batch::{Batch, Note},
    commit::{Change, Commit},
    decide::{Decision, Outcome, Submitted},
    event::{EventBody, Verb},
    extract::Extractor,
    ids::{ClientId, ContentHash, RecordId, RecordNumber},
    record::SourceRecord,
    state::RecordState,
};
use serde_json::Value;
use store::{DraftStore, Reader, Store};

use super::{Again, RetraceError, script, subjects::Issues};
use crate::{
    Operation, Submission, Work,
    linker::{Desk, match_all, wanted},
    load,
    published::IndexChange,
    settings::Settings,
};

/// The state that the events so far left, and where their contents are.
pub(super) struct Tracer<'r> {
    reader: &'r dyn Reader,
    extractor: Arc<Extractor>,
    settings: &'r Settings,
    ruleset: String,
    draft: DraftStore,
    index: Index,
    issues: Issues,
}

impl<'r> Tracer<'r> {
    pub(super) fn new(
        reader: &'r dyn Reader,
        extractor: Arc<Extractor>,
        settings: &'r Settings,
    ) -> Self {
        Self {
            reader,
            settings,
            ruleset: extractor.ruleset().hash.to_string(),
            draft: DraftStore::default(),
            index: Index::new(extractor.ruleset().clone()),
            issues: Issues::default(),
            extractor,
        }
    }

    /// The hash of the rules in force.
    pub(super) fn ruleset(&self) -> &str {
        &self.ruleset
    }

    /// The records that a source may have sent or withdrawn by an event, likely ones first.
    pub(super) fn subjects(&self, body: &EventBody) -> Vec<RecordId> {
        self.issues.subjects(&body.changes)
    }

    /// Decides an event again, taking it to be about `record`; carries it out if it is the same.
    pub(super) async fn decide(
        &mut self,
        body: &EventBody,
        record: &RecordId,
    ) -> Result<Again, RetraceError> {
        let operation = match body.verb {
            Verb::Withdraw => Operation::Withdraw { record: record.clone(), if_match: None },
            _ => match self.submission(body, record).await? {
                Ok(submission) => Operation::Submit(Box::new(submission)),
                Err(why) => return Ok(Again::Differs(why)),
            },
        };
        let work = Work {
            operations: vec![operation],
            actor: body.actor.clone(),
            is_atomic: false,
            once: None,
        };
        let works: Arc<[Work]> = [work].into();
        let settings = Settings { clock: script::clock(body), ..self.settings.clone() };
        let snapshot = Arc::new(self.index.snapshot());
        let limits = settings.limits();
        let matched = match_all(&works, &snapshot, &limits, &settings.meters);
        let has_guards = !self.extractor.ruleset().golden_guards.is_empty();
        let wanted = wanted(&works, &matched, has_guards);
        let standing = load::standing(&self.draft, &wanted).await?;
        let head = self.draft.head().await?;
        let extractor = self.extractor.clone();
        let desk = Desk::new(head, standing, snapshot, extractor, &settings);
        let decided = desk.decide_all(&works, &matched);
        let again = decided.commit.events.first().map(super::read).transpose()?;
        match again {
            Some(again) if again == *body => {}
            Some(again) => return Ok(Again::Differs(difference(body, &again))),
            None => return Ok(Again::Differs("nothing would be changed".to_owned())),
        }
        self.carry_out(body, decided.commit, decided.index_changes).await?;
        Ok(Again::Same)
    }

    /// Carries out an event as it is stored.
    pub(super) async fn take_over(&mut self, body: &EventBody) -> Result<(), RetraceError> {
        let named = self.issues.named(&body.changes);
        let standing = load::case(&self.draft, &named).await?;
        let mut batch = Batch::new(self.draft.head().await?, standing, body.ruleset.clone());
        let decision = Decision {
            verb: body.verb,
            changes: body.changes.clone(),
            content: None,
            explanations: Vec::new(),
            subjects: Vec::new(),
            outcome: Outcome::Adjudicated,
            candidates_total: None,
        };
        let note = Note { reason: body.reason.clone(), undoes: body.undoes, unseen: body.unseen };
        batch.push_noted(&body.actor, body.at, decision, note);
        let index_changes = self.index_changes(body, batch.standing().records()).await?;
        let commit = batch.finish(&self.settings.vocabulary);
        self.carry_out(body, commit, index_changes).await
    }

    async fn carry_out(
        &mut self,
        body: &EventBody,
        commit: Commit,
        index_changes: Vec<IndexChange>,
    ) -> Result<(), RetraceError> {
        self.draft.commit(commit).await.map_err(|_| RetraceError::Broken(body.revision))?;
        self.issues.follow(&body.changes);
        for change in index_changes {
            match change.features {
                Some(features) => self.index.replace(change.number.0, features),
                None => self.index.remove(change.number.0),
            }
        }
        Ok(())
    }

    /// What the index has to learn of an event that is taken over.
    async fn index_changes(
        &self,
        body: &EventBody,
        records: impl Iterator<Item = &RecordState>,
    ) -> Result<Vec<IndexChange>, RetraceError> {
        let is_changed = |state: &RecordState| {
            body.changes.iter().any(|change| match change {
                Change::CreateRecord { record, .. }
                | Change::UpdateRecord { record, .. }
                | Change::WithdrawRecord { record } => *record == state.id,
                _ => false,
            })
        };
        let mut changes = Vec::new();
        for state in records.filter(|state| is_changed(state)) {
            let number: RecordNumber = state.number;
            let features = match state.is_withdrawn {
                true => None,
                false => {
                    let text = self.content(&state.id, state.version, &state.content).await?;
                    let patient: Option<Value> =
                        text.and_then(|text| serde_json::from_str(&text).ok());
                    patient.and_then(|patient| self.extractor.extract(&patient).ok())
                }
            };
            changes.push(IndexChange { number, features });
        }
        Ok(changes)
    }

    /// What the source sent, or why that cannot be told.
    async fn submission(
        &self,
        body: &EventBody,
        record: &RecordId,
    ) -> Result<Result<Submission, String>, RetraceError> {
        let stands = self.draft.records(std::slice::from_ref(record)).await?.pop();
        let news = body.changes.iter().find_map(|change| match change {
            Change::CreateRecord { content, client, .. } => Some((content, Some(client))),
            Change::UpdateRecord { content, .. } => Some((content, None)),
            _ => None,
        });
        let version = stands.as_ref().map_or(0, |state| state.version);
        let (version, content, client) = match (&news, &stands) {
            (Some((content, client)), _) => (version + 1, (*content).clone(), client.cloned()),
            (None, Some(state)) => (version, state.content.clone(), None),
            (None, None) => return Ok(Err("it is about a record that is not there".to_owned())),
        };
        let client = client.or_else(|| stands.map(|state| state.client));
        let (Some(client), Some(text)) = (client, self.content(record, version, &content).await?)
        else {
            return Ok(Err("what was submitted is not stored".to_owned()));
        };
        Ok(self
            .decode(&text, record, &client)
            .ok_or_else(|| "the configuration in force cannot read what was submitted".to_owned()))
    }

    /// The text of a version; `None` if it is not there or is another.
    async fn content(
        &self,
        record: &RecordId,
        version: u32,
        content: &ContentHash,
    ) -> Result<Option<String>, RetraceError> {
        let stored = self.reader.record_version(record, version).await?;
        Ok(stored.filter(|stored| stored.version.content == *content).map(|stored| stored.content))
    }

    fn decode(&self, text: &str, record: &RecordId, client: &ClientId) -> Option<Submission> {
        let resource = Resource::parse(text.as_bytes()).ok()?;
        let vocabulary = &self.settings.vocabulary;
        let record =
            SourceRecord::decode(resource, Some(record.clone()), client, vocabulary).ok()?;
        let features = self.extractor.extract(record.resource.value()).ok()?;
        let submitted = Submitted { record, if_match: None, only_create: false };
        Some(Submission { submitted, features })
    }
}

/// Where two events part, by the kinds of their changes.
fn difference(stored: &EventBody, again: &EventBody) -> String {
    let same = stored.changes.iter().zip(&again.changes).take_while(|(a, b)| a == b).count();
    let kind = |changes: &[Change]| changes.get(same).map_or("nothing more", Change::kind);
    if same == stored.changes.len() && same == again.changes.len() {
        return "it would have another author, time or number".to_owned();
    }
    format!(
        "change {} is {}, and would be {}",
        same + 1,
        kind(&stored.changes),
        kind(&again.changes)
    )
}
