//! Loading told events into a store, in commits of many.

use std::collections::{BTreeSet, HashMap};

use registry::{
    batch::{Batch, Mentioned},
    commit::{Change, Content},
    event::{EventBody, Head},
    ids::{ContentHash, IssueId, RecordId, Revision},
    record::stored_content,
    standing::Standing,
    vocabulary::Vocabulary,
};
use store::{Reader, Store};

use super::{MovingError, Told, tell::damaged};
use crate::load::{self, Wanted};

/// Events of one commit.
const EVENTS_MAX: usize = 500;

/// Bytes of one commit's texts.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// Loads a registry into a store.
pub struct Loader<'s> {
    store: &'s dyn Store,
    vocabulary: &'s Vocabulary,
    head: Head,
    waiting: Vec<(Told, EventBody)>,
    bytes: usize,
}

impl<'s> Loader<'s> {
    /// Begins at what is in `store` already; `vocabulary` spells its tags.
    ///
    /// # Errors
    ///
    /// [`MovingError::Store`] if the store cannot be read.
    pub async fn new(
        store: &'s dyn Store,
        vocabulary: &'s Vocabulary,
    ) -> Result<Self, MovingError> {
        let head = store.head().await?;
        Ok(Self { store, vocabulary, head, waiting: Vec::new(), bytes: 0 })
    }

    /// The end of what is in the store.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Takes the next event; it is in the store after [`Self::finish`] at the latest.
    ///
    /// # Errors
    ///
    /// [`MovingError`] of any kind; what was committed before is whole.
    pub async fn add(&mut self, told: Told) -> Result<(), MovingError> {
        let revision = told.revision;
        let body: EventBody = serde_json::from_str(&told.body)
            .map_err(|_| damaged(format!("event {revision} cannot be read")))?;
        // What a person decides has a commit of its own: it may open again what was closed.
        let is_alone = body.verb.is_adjudication();
        if is_alone {
            self.finish().await?;
        }
        self.bytes += told.bytes();
        self.waiting.push((told, body));
        if is_alone || self.waiting.len() >= EVENTS_MAX || self.bytes >= BYTES_MAX {
            self.finish().await?;
        }
        Ok(())
    }

    /// Commits what waits.
    ///
    /// # Errors
    ///
    /// [`MovingError`] of any kind; what was committed before is whole.
    pub async fn finish(&mut self) -> Result<(), MovingError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let bodies = waiting.iter().map(|(_, body)| body);
        let standing = standing(self.store, bodies).await?;
        let mut batch = Batch::new(self.head.clone(), standing, String::new());
        for (told, body) in waiting {
            let event = told.event();
            let (contents, explanations) = texts(told, &body)?;
            batch.replay(&event, contents, explanations)?;
        }
        let head = batch.head().clone();
        self.store.commit(batch.finish(self.vocabulary)).await?;
        self.head = head;
        Ok(())
    }
}

/// Contents, and explanations by their hashes.
type Texts = (Vec<Content>, Vec<(ContentHash, String)>);

/// The texts that an event names, each checked by its hash.
fn texts(told: Told, body: &EventBody) -> Result<Texts, MovingError> {
    let mut mentioned = Mentioned::default();
    mentioned.add(&body.changes);
    let Told { revision, contents, explanations, .. } = told;
    let wrong = || damaged(format!("event {revision} comes without the texts that it names"));
    let contents: HashMap<ContentHash, String> =
        contents.into_iter().map(|text| (ContentHash::of(&text), text)).collect();
    let explanations: Vec<(ContentHash, String)> =
        explanations.into_iter().map(|text| (ContentHash::of(&text), text)).collect();
    let are_there = mentioned.contents.iter().all(|(_, hash)| contents.contains_key(hash))
        && mentioned
            .explanations
            .iter()
            .all(|hash| explanations.iter().any(|(known, _)| known == hash));
    if !are_there {
        return Err(wrong());
    }
    let contents: Option<Vec<Content>> = contents.into_values().map(stored_content).collect();
    Ok((contents.ok_or_else(wrong)?, explanations))
}

/// What the events rest on, as it is in the store.
async fn standing(
    reader: &dyn Reader,
    bodies: impl Iterator<Item = &EventBody>,
) -> Result<Standing, MovingError> {
    let mut mentioned = Mentioned::default();
    let mut opened: BTreeSet<IssueId> = BTreeSet::new();
    for body in bodies {
        mentioned.add(&body.changes);
        opened.extend(body.changes.iter().filter_map(|change| match change {
            Change::OpenIssue { issue } => Some(issue.id.clone()),
            _ => None,
        }));
    }
    let mut ids = mentioned.records;
    ids.extend(mentioned.goldens.iter().map(|golden| RecordId::new(golden.as_str())));
    for issue in mentioned.closed.difference(&opened) {
        ids.extend(subject(reader, issue).await?);
    }
    Ok(load::standing(reader, &Wanted { ids, ..Wanted::default() }).await?)
}

/// The record whose submission raised an issue, as the event tells that opened it first.
async fn subject(reader: &dyn Reader, issue: &IssueId) -> Result<Option<RecordId>, MovingError> {
    let revision = issue.as_str().split_once('-').and_then(|(revision, _)| revision.parse().ok());
    let Some(before) = revision.and_then(|revision: u64| revision.checked_sub(1)) else {
        return Err(damaged("an issue is not named after its event".to_owned()));
    };
    let events = reader.events_after(Revision(before), 1).await?;
    let body = events.first().and_then(|event| serde_json::from_str::<EventBody>(&event.body).ok());
    Ok(body.and_then(|body| {
        body.changes.into_iter().find_map(|change| match change {
            Change::OpenIssue { issue: opened } if opened.id == *issue => Some(opened.subject),
            _ => None,
        })
    }))
}
