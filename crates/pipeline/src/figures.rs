//! [`Figures`]: counts about the registry by day and month, folded from its events as they come.
//!
//! The store keeps them, and up to where they go, so several nodes may count: who comes second adds
//! nothing. They are behind the registry by a minute at the most once they have caught up with it,
//! which takes a while after the first start on a large registry.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use matching::evaluate::Ratio;
use registry::{
    event::{Event, EventBody},
    ids::Revision,
    state::IssueKind,
    tally::{self, Checked, Tally, TallyHead, TallyKey, TallyKind, TallyStep},
};
use store::{QueueFilter, Store, StoreError, Window};
use tokio::task::JoinHandle;

use crate::{Clock, Pipeline};

/// Events counted at once.
const EVENTS_PAGE_MAX: u32 = 1_000;

/// Counts about the registry.
pub struct Figures {
    store: Arc<dyn Store>,
    clock: Clock,
    /// Whoever counts; a second one would do the same work for nothing.
    turn: tokio::sync::Mutex<()>,
}

/// What people found the automatic matches of a band of scores to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The rule that had linked, counted from 1.
    pub rule: u32,
    /// The band: scores from here on, and less than one more.
    pub from: i64,
    /// Looked at.
    pub checked: u64,
    /// Wrong.
    pub wrong: u64,
    /// The share of wrong ones among all of the band, as far as those that were looked at tell: between
    /// these two with a probability of 95 % (Wilson's interval), if they were picked by chance.
    pub errors: (f64, f64),
}

/// A rule's scale, as charts of scores show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The rule, counted from 1.
    pub rule: u32,
    /// Its name in the rule file.
    pub name: String,
    /// From where on a person looks at a match; `None` if everything that is scored is kept.
    pub review: Option<f64>,
    /// From where on a match links by itself.
    pub automatic: f64,
}

impl Figures {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock, turn: tokio::sync::Mutex::new(()) }
    }

    /// Counts of a kind from a period on (`2026-11-23`, `2026-11`), in order of periods and names.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn of(&self, kind: TallyKind, since: &str) -> Result<Vec<Tally>, StoreError> {
        self.store.tallies(kind, since).await
    }

    /// What people found automatic matches to be, under rules of this hash, by rule and band.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn checked(&self, ruleset: &str) -> Result<Vec<Band>, StoreError> {
        let mut found: BTreeMap<(u32, i64), [u64; 2]> = BTreeMap::new();
        for Tally { key, count } in self.store.tallies(TallyKind::Checked, "").await? {
            let Some(checked) = Checked::parse(&key.name) else { continue };
            if checked.ruleset != ruleset {
                continue;
            }
            let band = (checked.rule, checked.tenths.div_euclid(10));
            let found = &mut found.entry(band).or_default()[usize::from(checked.is_right)];
            // In the order of names, what is undone comes after what was done, in each month.
            *found = if checked.is_undone { found.saturating_sub(count) } else { *found + count };
        }
        let bands = found.into_iter().filter_map(|((rule, from), [wrong, right])| {
            let errors = Ratio::of(wrong, wrong + right)?;
            let errors = (errors.low, errors.high);
            Some(Band { rule, from, checked: wrong + right, wrong, errors })
        });
        Ok(bands.collect())
    }

    /// Up to where the counts go.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn head(&self) -> Result<TallyHead, StoreError> {
        self.store.tally_head().await
    }

    /// Counts what happened since, up to `pages_max` pages of a thousand events, unless
    /// somebody is counting already. Gives whether everything is counted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read or written; what was counted before stays.
    pub async fn catch_up(&self, pages_max: usize) -> Result<bool, StoreError> {
        let Ok(_turn) = self.turn.try_lock() else { return Ok(false) };
        for _ in 0..pages_max {
            let began = Instant::now();
            let after = self.store.tally_head().await?.revision;
            let events = self.store.events_after(after, EVENTS_PAGE_MAX).await?;
            let is_last = events.len() < EVENTS_PAGE_MAX as usize;
            self.count(after, events, is_last).await?;
            if is_last {
                return Ok(true);
            }
            // Who submits goes first.
            tokio::time::sleep(began.elapsed()).await;
        }
        Ok(false)
    }

    async fn count(
        &self,
        after: Revision,
        events: Vec<Event>,
        is_last: bool,
    ) -> Result<(), StoreError> {
        let first = if is_last { self.waiting().await? } else { Vec::new() };
        if events.is_empty() && first.is_empty() {
            return Ok(());
        }
        let revision = events.last().map_or(after, |event| event.revision);
        let counted = tokio::task::spawn_blocking(move || count(&events)).await;
        let added = counted.map_err(|error| StoreError::Damaged(error.to_string()))??;
        let to = TallyHead { revision, at: self.clock.now() };
        self.store.tally(TallyStep { after, to, added, first }).await?;
        Ok(())
    }

    /// What waits as the day begins; nothing once that is kept.
    async fn waiting(&self) -> Result<Vec<Tally>, StoreError> {
        let today = tally::day(self.clock.now());
        if !self.store.tallies(TallyKind::Waiting, &today).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut waiting = Vec::new();
        for kind in IssueKind::ALL {
            let none = Window { offset: 0, limit: 0 };
            let (_, count) =
                self.store.queued(&QueueFilter::of(&[kind]), self.clock.now(), none).await?;
            let name = tally::kind_name(kind).to_owned();
            let key = TallyKey { kind: TallyKind::Waiting, period: today.clone(), name };
            waiting.push(Tally { key, count });
        }
        Ok(waiting)
    }
}

fn count(events: &[Event]) -> Result<Vec<Tally>, StoreError> {
    let bodies: Result<Vec<EventBody>, StoreError> = events
        .iter()
        .map(|event| {
            serde_json::from_str(&event.body)
                .map_err(|_| StoreError::Damaged(format!("event {}", event.revision)))
        })
        .collect();
    Ok(tally::count(&bodies?))
}

impl Pipeline {
    /// Counts about the registry.
    pub fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    /// The scales of the rules in force, in their order.
    pub fn scales(&self) -> Vec<Scale> {
        let rules = self.shared.extractor.ruleset().rules.iter();
        let scale = |(rule, number): (&matching::rules::Rule, u32)| Scale {
            rule: number,
            name: rule.name.clone(),
            review: rule.potential_threshold,
            automatic: rule.auto_threshold,
        };
        rules.zip(1..).map(scale).collect()
    }

    /// Counts again and again from now on, this long after each time, until the task is aborted.
    pub fn count_every(&self, pause: Duration) -> JoinHandle<()> {
        let pipeline = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                if let Err(error) = pipeline.figures().catch_up(usize::MAX).await {
                    tracing::warn!(%error, "could not count what happened; trying again");
                }
            }
        })
    }
}
