//! AuditEvents that another registry wrote, on their way to another store.

use registry::audit::ArchivedEvent;
use store::{Opened, Reader};

use super::{MovingError, tell::damaged};

/// Events read at once; each may hold a Patient.
const EVENTS_MAX: u32 = 200;

/// Tells them in the order of their ids.
pub struct ArchiveTeller<'r> {
    reader: &'r dyn Reader,
    after: String,
}

impl<'r> ArchiveTeller<'r> {
    /// Tells all of them.
    pub fn new(reader: &'r dyn Reader) -> Self {
        Self { reader, after: String::new() }
    }

    /// The next ones; none when all are told.
    ///
    /// # Errors
    ///
    /// [`MovingError::Store`] if the store cannot be read or one of them is none.
    pub async fn next(&mut self) -> Result<Vec<ArchivedEvent>, MovingError> {
        let bodies = self.reader.archived_after(&self.after, EVENTS_MAX).await?;
        let event = |body: &String| {
            let event = serde_json::from_str(body).ok().and_then(ArchivedEvent::of);
            event.ok_or_else(|| damaged("an archived event".to_owned()))
        };
        let events: Vec<ArchivedEvent> = bodies.iter().map(event).collect::<Result<_, _>>()?;
        if let Some(last) = events.last() {
            self.after.clone_from(&last.id);
        }
        Ok(events)
    }
}

/// Copies those that are missing; gives how many.
pub(super) async fn copy_archive(from: &Opened, to: &Opened) -> Result<u64, MovingError> {
    let mut teller = ArchiveTeller::new(&*from.store);
    let mut copied = 0;
    loop {
        let page = teller.next().await?;
        if page.is_empty() {
            return Ok(copied);
        }
        copied += to.store.archive(page).await?;
    }
}
