//! The store and the clock.

use pipeline::Clock;
use registry::ids::Timestamp;
use store::{Opened, Reader, StoreError};

use super::Finding;
use crate::{chain, config::Config};

const SECOND_MICROS: i64 = 1_000_000;

/// A clock that says less than this (the first of 2025) is not set.
const CLOCK_MIN: Timestamp = Timestamp(1_735_689_600 * SECOND_MICROS);

/// So much may the newest event be ahead of the clock; nodes' clocks differ a little.
const AHEAD_SECONDS: i64 = 5;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let url = config.store_url();
    let mut findings = Vec::new();
    let mut newest = None;
    findings.push(match look(&url).await {
        Ok(None) => Finding::ok("store", "none yet: the first start makes it"),
        Ok(Some(opened)) => {
            let told = tell(&opened).await;
            newest = newest_event(&*opened.store).await;
            opened.store.close().await;
            told
        }
        Err(StoreError::Older(shape)) => {
            let advice = "the next start, or `opencr store migrate`, brings it up to date";
            Finding::warn("store", format!("{shape}: {advice}; back it up before"))
        }
        Err(error) => Finding::fail("store", format!("{}{}", chain(&error), advice(&error))),
    });
    findings.push(clock(newest));
    findings
}

/// The store as it is, without making or changing one where that can be told.
async fn look(url: &str) -> Result<Option<Opened>, StoreError> {
    if url == "memory:" || !store::is_there(url).await? {
        return Ok(None);
    }
    store::open_beside(url).await.map(Some)
}

/// Not its counts, for which a large one reads all that it has.
async fn tell(opened: &Opened) -> Finding {
    let place = opened.store.location();
    match opened.store.head().await {
        Err(error) => Finding::fail("store", chain(&error)),
        Ok(head) => Finding::ok("store", format!("{place}: {} events", head.revision)),
    }
}

fn advice(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable(_) => ": is the database running, and does its host let us in?",
        StoreError::Newer(_) => ": start the release that wrote it, or a newer one",
        StoreError::Damaged(_) => ": see `opencr verify`, and restore a backup",
        _ => "",
    }
}

async fn newest_event(store: &dyn Reader) -> Option<Timestamp> {
    let head = store.head().await.ok()?.revision;
    let before = registry::ids::Revision(head.0.checked_sub(1)?);
    Some(store.events_after(before, 1).await.ok()?.pop()?.at)
}

fn clock(newest: Option<Timestamp>) -> Finding {
    let now = Clock::system().now();
    if now < CLOCK_MIN {
        return Finding::fail("clock", format!("it says {}: set it", now.to_instant()));
    }
    let behind = newest.map_or(0, |newest| (newest.0 - now.0) / SECOND_MICROS);
    if behind > AHEAD_SECONDS {
        let text = format!(
            "it is {behind} s behind the newest event: check it; until it has caught up, times \
             stand still"
        );
        return Finding::warn("clock", text);
    }
    Finding::ok("clock", format!("it says {}", now.to_instant()))
}
