//! Reading a registry page by page, up to where it was when the reading began.

use registry::{
    audit::{AuditHead, AuditRecord},
    batch::Mentioned,
    event::{Event, EventBody, Head},
    ids::{ContentHash, RecordId, Revision},
};
use store::{AuditLog, Reader};

use super::{MovingError, Told};

/// Events read at once; each may bring a content as large as a request.
const EVENTS_MAX: u32 = 200;

/// Audit entries read at once.
const ENTRIES_MAX: u32 = 2_000;

/// Tells events in order, up to the head at its making.
pub struct Teller<'r> {
    reader: &'r dyn Reader,
    after: Revision,
    until: Head,
}

impl<'r> Teller<'r> {
    /// Tells what came after `after`.
    ///
    /// # Errors
    ///
    /// [`MovingError::Store`] if the store cannot be read.
    pub async fn new(reader: &'r dyn Reader, after: Revision) -> Result<Self, MovingError> {
        Ok(Self { reader, after, until: reader.head().await? })
    }

    /// Where the telling ends.
    pub fn until(&self) -> &Head {
        &self.until
    }

    /// The next events; none when all are told.
    ///
    /// # Errors
    ///
    /// [`MovingError::Store`], and [`MovingError::Damaged`] if a text is missing.
    pub async fn next(&mut self) -> Result<Vec<Told>, MovingError> {
        let mut events = self.reader.events_after(self.after, EVENTS_MAX).await?;
        events.retain(|event| event.revision <= self.until.revision);
        let Some(last) = events.last() else {
            if self.after < self.until.revision {
                return Err(damaged(format!("no event follows {}", self.after)));
            }
            return Ok(Vec::new());
        };
        self.after = last.revision;
        self.with_texts(events).await
    }

    async fn with_texts(&self, events: Vec<Event>) -> Result<Vec<Told>, MovingError> {
        let mut named: Vec<(usize, usize)> = Vec::with_capacity(events.len());
        let mut contents: Vec<(RecordId, ContentHash)> = Vec::new();
        let mut hashes: Vec<ContentHash> = Vec::new();
        for event in &events {
            let mentioned = mentioned(event)?;
            named.push((mentioned.contents.len(), mentioned.explanations.len()));
            contents.extend(mentioned.contents);
            hashes.extend(mentioned.explanations);
        }
        let mut texts = self.reader.contents_of(&contents).await?.into_iter();
        let mut explanations = self.reader.explanations(&hashes).await?.into_iter();
        let mut told = Vec::with_capacity(events.len());
        for (event, (contents, hashes)) in events.into_iter().zip(named) {
            let missing =
                || damaged(format!("event {} names a text that is missing", event.revision));
            let contents: Option<Vec<String>> = texts.by_ref().take(contents).collect();
            let hashes: Option<Vec<String>> = explanations.by_ref().take(hashes).collect();
            told.push(Told {
                revision: event.revision.0,
                at: event.at.0,
                contents: contents.ok_or_else(missing)?,
                explanations: hashes.ok_or_else(missing)?,
                body: event.body,
                hash: event.hash.to_string(),
            });
        }
        Ok(told)
    }
}

fn mentioned(event: &Event) -> Result<Mentioned, MovingError> {
    let body: EventBody = serde_json::from_str(&event.body)
        .map_err(|_| damaged(format!("event {} cannot be read", event.revision)))?;
    let mut mentioned = Mentioned::default();
    mentioned.add(&body.changes);
    Ok(mentioned)
}

pub(super) fn damaged(what: String) -> MovingError {
    MovingError::Damaged(what)
}

/// Tells audit entries in order, up to the newest at its making.
pub struct AuditTeller<'r> {
    log: &'r dyn AuditLog,
    anchor: AuditHead,
    after: AuditHead,
    until: AuditHead,
}

impl<'r> AuditTeller<'r> {
    /// Tells all entries that are kept.
    ///
    /// # Errors
    ///
    /// [`MovingError::Store`] if the store cannot be read.
    pub async fn new(log: &'r dyn AuditLog) -> Result<Self, MovingError> {
        let (anchor, until) = log.audit_ends().await?;
        Ok(Self { log, after: anchor.clone(), anchor, until })
    }

    /// What was cut off before the first entry.
    pub fn anchor(&self) -> &AuditHead {
        &self.anchor
    }

    /// Where the telling ends.
    pub fn until(&self) -> &AuditHead {
        &self.until
    }

    /// Passes over what ends at `place`; false if it is no place of this log.
    ///
    /// # Errors
    ///
    /// [`MovingError::Store`] if the store cannot be read.
    pub async fn skip_to(&mut self, place: &AuditHead) -> Result<bool, MovingError> {
        let is_here = *place == self.anchor || {
            let before = place.number.saturating_sub(1);
            let entry = self.log.audit_after(before, 1).await?;
            let is_it = |it: &AuditRecord| it.number == place.number && it.hash == place.hash;
            place.number <= self.until.number && entry.first().is_some_and(is_it)
        };
        if is_here {
            self.after = place.clone();
        }
        Ok(is_here)
    }

    /// The next entries; none when all are told.
    ///
    /// # Errors
    ///
    /// [`MovingError::Store`], and [`MovingError::Cut`] if old entries were cut meanwhile.
    pub async fn next(&mut self) -> Result<Vec<AuditRecord>, MovingError> {
        if self.after.number >= self.until.number {
            return Ok(Vec::new());
        }
        let mut records = self.log.audit_after(self.after.number, ENTRIES_MAX).await?;
        records.retain(|record| record.number <= self.until.number);
        if records.first().is_none_or(|first| first.number != self.after.number + 1) {
            return Err(MovingError::Cut);
        }
        for record in &records {
            self.after.follow(record).map_err(|error| damaged(error.to_string()))?;
        }
        Ok(records)
    }
}
