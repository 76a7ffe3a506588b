//! The match index in a file, so that a start need not read every record.
//!
//! The file is a cache: whatever is odd about it, it is discarded and the index is built from
//! the store. It is taken only if it was written by this release, for these rules, by code that
//! extracts the same from made-up Patients, from a store whose chain of events had at the same place the same event; then what happened since is
//! followed. The layout is [`matching::index::image`]'s; where the file lies is the caller's.
//!
//! It holds what people are called, and is readable for its owner only.

mod file;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use matching::index::{Index, image::ImageError};
use registry::{extract::Extractor, ids::Revision};
use serde::{Deserialize, Serialize};
use store::{Reader, StoreError};
use thiserror::Error;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    StartError,
    follow::{FollowError, follow},
    published::{Published, View},
};

/// What is extracted from a record depends on the program, too, so each release starts anew; the
/// fingerprint of extraction is for what changes within one.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// So many events are followed however small the index is.
const FOLLOWED_MIN: u64 = 10_000;

/// Where and how often the index is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSettings {
    /// The file; beside it, for as long as writing takes, another whose name ends in `.tmp`.
    pub path: PathBuf,
    /// How long after one image the next is written, if anything changed.
    pub every: Duration,
}

/// What the match index was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexOrigin {
    /// All records of the store.
    Store,
    /// An image that shows this revision, and the records that changed since.
    Image(Revision),
}

/// How an image is recognised.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    release: String,
    /// [`Extractor::fingerprint`].
    extraction: String,
    revision: Revision,
    /// The hash of the event that made the revision, and so of all before.
    event: String,
}

/// Why an image is not used.
#[derive(Debug, Error)]
enum Unfit {
    #[error("the file cannot be opened")]
    Open(#[source] std::io::Error),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("its stamp cannot be read")]
    Stamp,
    #[error("it was written by release {0:?}")]
    OtherRelease(String),
    #[error("it was written by a program that extracts other values from records")]
    OtherExtraction,
    #[error("it is of another store, or of a later state of this one")]
    OtherStore,
    #[error("{0} events came since, so that the store is read sooner than followed")]
    TooOld(u64),
    #[error("reading it failed by a fault")]
    Fault,
    #[error("what happened since cannot be followed")]
    Follow(#[source] FollowError),
    /// Not the image's fault.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
}

/// Makes the index from its image if there is one that fits, else from the store.
pub(crate) async fn start(
    store: &dyn Reader,
    extractor: &Extractor,
    settings: Option<&ImageSettings>,
) -> Result<(Published, IndexOrigin), StartError> {
    if let Some(ImageSettings { path, .. }) = settings {
        let began = Instant::now();
        match load(store, extractor, path).await {
            Ok(Some((published, revision))) => {
                let records = published.snapshot().len();
                let (followed, ms) =
                    (published.revision().0 - revision.0, began.elapsed().as_millis());
                tracing::info!(
                    records,
                    revision = revision.0,
                    followed,
                    duration_ms = ms,
                    "loaded the match index from its image"
                );
                return Ok((published, IndexOrigin::Image(revision)));
            }
            Ok(None) => {}
            Err(Unfit::Store(error)) => return Err(StartError::Store(error)),
            Err(unfit) => tracing::warn!(
                reason = %chain(&unfit), path = %path.display(),
                "discarded the index image; the match index is built from the store"
            ),
        }
    }
    Ok((Published::build(store, extractor).await?, IndexOrigin::Store))
}

/// Loads and follows; `None` if there is no file.
async fn load(
    store: &dyn Reader,
    extractor: &Extractor,
    path: &Path,
) -> Result<Option<(Published, Revision)>, Unfit> {
    let (path, ruleset) = (path.to_owned(), extractor.ruleset().clone());
    let opened = tokio::task::spawn_blocking(move || file::open(&path, ruleset)).await;
    let Some(image) = opened.map_err(|_| Unfit::Fault)?? else { return Ok(None) };
    let stamp: Stamp = serde_json::from_slice(image.stamp()).map_err(|_| Unfit::Stamp)?;
    if stamp.release != RELEASE {
        return Err(Unfit::OtherRelease(stamp.release.chars().take(40).collect()));
    }
    let extraction = extractor.fingerprint().to_string();
    if stamp.extraction != extraction {
        return Err(Unfit::OtherExtraction);
    }
    if stamp_of(store, &extraction, stamp.revision).await?.as_ref() != Some(&stamp) {
        return Err(Unfit::OtherStore);
    }
    let loaded = tokio::task::spawn_blocking(move || image.load()).await;
    let index: Index = loaded.map_err(|_| Unfit::Fault)??;
    let mut published = Published::of(index, stamp.revision, true);
    let ahead = store.head().await?.revision.0.saturating_sub(stamp.revision.0);
    if is_too_old(ahead, published.snapshot().len()) {
        return Err(Unfit::TooOld(ahead));
    }
    follow(store, extractor, &mut published, None).await.map_err(|error| match error {
        FollowError::Store(error) => Unfit::Store(error),
        error => Unfit::Follow(error),
    })?;
    Ok(Some((published, stamp.revision)))
}

/// Whether so many events since take longer to follow than the store to read.
///
/// Following looks up each changed record by its id, where building reads pages in order: a
/// quarter of the records at the most. Some thousands take no time worth the difference.
fn is_too_old(ahead: u64, records: usize) -> bool {
    ahead > FOLLOWED_MIN.max(records as u64 / 4)
}

/// The stamp for an image of a revision; `None` if the store has no event of it.
async fn stamp_of(
    store: &dyn Reader,
    extraction: &str,
    revision: Revision,
) -> Result<Option<Stamp>, StoreError> {
    let before = Revision(revision.0.saturating_sub(1));
    let event = store.events_after(before, 1).await?.pop();
    Ok(event.filter(|event| event.revision == revision).map(|event| Stamp {
        release: RELEASE.to_owned(),
        extraction: extraction.to_owned(),
        revision,
        event: event.hash.to_string(),
    }))
}

/// Writes images in the background; neither readers nor the linker ever wait for it.
pub(crate) struct Keeper {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Keeper {
    pub(crate) fn start(
        store: Arc<dyn Reader>,
        view: Arc<ArcSwap<View>>,
        settings: ImageSettings,
        origin: IndexOrigin,
        extractor: &Extractor,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let written = match origin {
            IndexOrigin::Store => None,
            IndexOrigin::Image(revision) => Some(revision),
        };
        let extraction = extractor.fingerprint().to_string();
        let keeping = Keeping { store, view, settings, extraction, written };
        Self { stop, task: tokio::spawn(keeping.run(stopped)) }
    }

    /// Writes what is newest, and returns when it is on the disk.
    pub(crate) async fn stop(self) {
        // Gone already only by a fault, which is told below.
        let _ = self.stop.send(());
        if self.task.await.is_err() {
            tracing::error!("the keeper of the index image ended by a fault");
        }
    }
}

struct Keeping {
    store: Arc<dyn Reader>,
    view: Arc<ArcSwap<View>>,
    settings: ImageSettings,
    extraction: String,
    /// The revision that the file shows.
    written: Option<Revision>,
}

/// Why an image was not written. The service goes on without.
#[derive(Debug, Error)]
enum KeepError {
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    #[error("the file cannot be written")]
    Write(#[from] std::io::Error),
    #[error("writing failed by a fault")]
    Fault,
}

impl Keeping {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        file::remove_leftover(&self.settings.path);
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.settings.every) => self.keep().await,
                told = &mut stopped => {
                    // Dropped without a word, the registry ended in disorder: no time for this.
                    if told.is_ok() {
                        self.keep().await;
                    }
                    return;
                }
            }
        }
    }

    async fn keep(&mut self) {
        if let Err(error) = self.write().await {
            let path = self.settings.path.display();
            tracing::warn!(reason = %chain(&error), %path, "could not write the index image");
        }
    }

    async fn write(&mut self) -> Result<(), KeepError> {
        let View { snapshot, revision, is_exact } = View::clone(&self.view.load());
        if !is_exact || self.written == Some(revision) {
            return Ok(());
        }
        // An empty registry has no event, and is built as soon as it is loaded.
        let Some(stamp) = stamp_of(&*self.store, &self.extraction, revision).await? else {
            return Ok(());
        };
        let stamp = serde_json::to_vec(&stamp).expect("texts and a number become JSON");
        let (path, began) = (self.settings.path.clone(), Instant::now());
        let writing = move || file::write(&path, &stamp, &snapshot);
        let bytes = tokio::task::spawn_blocking(writing).await.map_err(|_| KeepError::Fault)??;
        self.written = Some(revision);
        let duration_ms = began.elapsed().as_millis();
        tracing::info!(revision = revision.0, bytes, duration_ms, "wrote the index image");
        Ok(())
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_too_old_by_their_share_of_records() {
        let old = |ahead, records| is_too_old(ahead, records);
        assert!(!old(10_000, 3) && old(10_001, 3));
        assert!(!old(250_000, 1_000_000) && old(250_001, 1_000_000));
    }
}
