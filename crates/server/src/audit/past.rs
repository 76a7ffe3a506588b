//! [`past`]: what happened to Patients, page by page from the newest event on.
//!
//! Events are found as in `told`, by the times of versions. Of each Patient only a stretch of versions is
//! read, so a page is complete down to where the shortest of these stretches ends.

use std::collections::BTreeSet;

use registry::{
    event::EventBody,
    ids::{Cruid, RecordId, Revision, Timestamp},
};
use store::{Reader, StoreError, Window};

use super::told::{GOLDENS_MAX, events_at};

/// Versions of each Patient that are read at once.
const STRETCH: u64 = 50;

/// Some of what happened.
pub(crate) struct Past {
    /// Newest first.
    pub(crate) events: Vec<EventBody>,
    /// The event before which there is more.
    pub(crate) older: Option<Revision>,
}

/// Whose versions are read.
enum Of {
    Record(RecordId),
    Golden(Cruid),
}

/// When some versions came about, and the golden records that they belonged to.
type Moments = Vec<(Timestamp, Option<Cruid>)>;

/// The newest `limit` events that gave Patients, or golden records that they belonged to, a version, and that
/// name one of the Patients; those before an event, if one is given.
///
/// # Errors
///
/// [`StoreError`] if the store does not answer or is damaged.
pub(crate) async fn past(
    reader: &dyn Reader,
    ids: &[String],
    before: Option<Revision>,
    limit: usize,
) -> Result<Past, StoreError> {
    let mut events = Vec::new();
    let mut until = None;
    if let Some(before) = before {
        let found = reader.events_after(Revision(before.0.saturating_sub(1)), 1).await?.pop();
        let Some(event) = found.filter(|event| event.revision == before) else {
            return Ok(Past { events, older: None });
        };
        until = Some(event.at);
    }
    let mentions: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    loop {
        let (times, horizon) = times(reader, ids, until).await?;
        for at in times.into_iter().rev() {
            for event in events_at(reader, at).await?.into_iter().rev() {
                let is_named = mentions.iter().any(|mention| event.body.contains(mention));
                if is_named && before.is_none_or(|before| event.revision < before) {
                    let body: EventBody = serde_json::from_str(&event.body)
                        .map_err(|_| StoreError::Damaged(format!("event {}", event.revision)))?;
                    events.push(body);
                }
            }
            if events.len() > limit {
                events.truncate(limit);
                let older = events.last().map(|event| event.revision);
                return Ok(Past { events, older });
            }
        }
        let Some(horizon) = horizon else { return Ok(Past { events, older: None }) };
        until = Some(Timestamp(horizon.0 - 1));
    }
}

/// The times of versions up to a moment, and down to which time they are all there; `None` for all.
async fn times(
    reader: &dyn Reader,
    ids: &[String],
    until: Option<Timestamp>,
) -> Result<(BTreeSet<Timestamp>, Option<Timestamp>), StoreError> {
    let mut times = BTreeSet::new();
    let mut horizon = None;
    for id in ids {
        let (own, end) = stretch(reader, &Of::Record(RecordId::new(id.as_str())), until).await?;
        horizon = horizon.max(end);
        let mut goldens = vec![Cruid::new(id.as_str())];
        for (at, golden) in own {
            times.insert(at);
            if let Some(golden) = golden.filter(|golden| !goldens.contains(golden)) {
                goldens.push(golden);
            }
        }
        for golden in goldens.into_iter().take(GOLDENS_MAX) {
            let (own, end) = stretch(reader, &Of::Golden(golden), until).await?;
            horizon = horizon.max(end);
            times.extend(own.into_iter().map(|(at, _)| at));
        }
    }
    times.retain(|at| horizon.is_none_or(|horizon| *at >= horizon));
    Ok((times, horizon))
}

/// Versions up to a moment, the newest of them; and the time of the oldest, if there are older ones.
async fn stretch(
    reader: &dyn Reader,
    of: &Of,
    until: Option<Timestamp>,
) -> Result<(Moments, Option<Timestamp>), StoreError> {
    let mut offset = 0;
    if let Some(until) = until {
        let (_, mut high) = read(reader, of, Window { offset: 0, limit: 1 }).await?;
        while offset < high {
            let middle = u64::midpoint(offset, high);
            let (found, _) = read(reader, of, Window { offset: middle, limit: 1 }).await?;
            match found.first() {
                Some((at, _)) if *at > until => offset = middle + 1,
                _ => high = middle,
            }
        }
    }
    let (found, total) = read(reader, of, Window { offset, limit: STRETCH }).await?;
    let has_more = offset + (found.len() as u64) < total;
    let end = found.last().filter(|_| has_more).map(|(at, _)| *at);
    Ok((found, end))
}

async fn read(reader: &dyn Reader, of: &Of, window: Window) -> Result<(Moments, u64), StoreError> {
    Ok(match of {
        Of::Record(id) => {
            let (versions, total) = reader.record_history(id, window).await?;
            let versions = versions.into_iter().map(|it| it.version);
            (versions.map(|it| (it.at, Some(it.golden))).collect(), total)
        }
        Of::Golden(id) => {
            let (versions, total) = reader.golden_history(id, window).await?;
            (versions.into_iter().map(|it| (it.updated_at, None)).collect(), total)
        }
    })
}
