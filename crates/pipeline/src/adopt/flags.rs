//! Records that OpenCR flagged for review: whom each is doubtful with, by the rules in force.

use std::{collections::BTreeSet, sync::Arc};

use matching::{
    features::Features,
    index::{Found, Snapshot},
    score::Band,
};
use registry::{
    actor::Actor,
    adjudicate::Supply,
    adopt::{Flag, adopt_flags},
    decide::{self, Flagged},
    extract::Extractor,
    ids::{Cruid, RecordId, RecordNumber},
    state::IssueKind,
};
use store::{Store, StoreError};

use super::{AdoptError, refuse_foreign};
use crate::{
    image,
    linker::{Desk, blocking},
    load::{self, Named},
    settings::Settings,
};

/// Records of one commit.
const CHUNK_MAX: usize = 100;

/// What became of flags.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Issues opened by this run.
    pub opened: u64,
    /// Flags that are not as they were, and why; ids only.
    pub left_out: Vec<String>,
}

/// Opens an issue for each flag whose pair the rules find, once the records are taken over.
///
/// It reads all records into a match index first.
///
/// # Errors
///
/// As [`adopt`](super::adopt).
pub async fn adopt_flagged(
    store: &dyn Store,
    flags: &[Flag],
    (extractor, settings): (&Arc<Extractor>, &Settings),
    progress: &mut (dyn FnMut(&str) + Send),
) -> Result<Flags, AdoptError> {
    let mut told = Flags::default();
    if flags.is_empty() {
        return Ok(told);
    }
    refuse_foreign(store).await?;
    progress("building the index of all records, to find whom flags are about");
    let (published, _) = image::start(store, extractor, None).await?;
    let desk = Flagger { store, extractor, settings, snapshot: published.snapshot() };
    for (done, chunk) in (1..).zip(flags.chunks(CHUNK_MAX)) {
        told.opened += desk.chunk(chunk, &mut told.left_out).await?;
        progress(&format!(
            "{} of {} flagged records",
            (done * CHUNK_MAX).min(flags.len()),
            flags.len()
        ));
    }
    Ok(told)
}

struct Flagger<'a> {
    store: &'a dyn Store,
    extractor: &'a Arc<Extractor>,
    settings: &'a Settings,
    snapshot: Arc<Snapshot>,
}

/// A flagged record with what the index finds for it.
type Searched = (Flag, Option<(Features, Found)>);

impl Flagger<'_> {
    async fn chunk(&self, flags: &[Flag], left_out: &mut Vec<String>) -> Result<u64, AdoptError> {
        let searched = self.search(flags).await?;
        let hits =
            || searched.iter().filter_map(|(_, found)| found.as_ref()).flat_map(|(_, f)| &f.hits);
        let automatic = hits().filter(|hit| hit.band == Band::Auto);
        let named = Named {
            automatic: automatic.map(|hit| RecordNumber(hit.number)).collect(),
            numbers: hits().map(|hit| RecordNumber(hit.number)).collect(),
            records: flags.iter().map(|flag| flag.record.clone()).collect(),
            ..Named::default()
        };
        let standing = load::case(self.store, &named).await?;
        let head = self.store.head().await?;
        let (snapshot, settings) = (self.snapshot.clone(), self.settings);
        let desk = Desk::new(head, standing, snapshot, self.extractor.clone(), settings);
        let (commit, opened, told) = blocking(move || {
            let (desk, opened, told) = flag_all(desk, &searched);
            (desk.finish(), opened, told)
        })
        .await
        .map_err(|_| StoreError::Damaged("a flagged record".to_owned()))?;
        left_out.extend(told);
        if let Some(commit) = commit {
            self.store.commit(commit).await?;
        }
        Ok(opened)
    }

    async fn search(&self, flags: &[Flag]) -> Result<Vec<Searched>, AdoptError> {
        let ids: Vec<RecordId> = flags.iter().map(|flag| flag.record.clone()).collect();
        let states = self.store.records(&ids).await?;
        let limits = self.settings.limits();
        let (snapshot, flags) = (self.snapshot.clone(), flags.to_vec());
        let search = move || {
            let one = |flag: Flag| {
                let state = states.iter().find(|state| state.id == flag.record);
                // A record that the rules cannot read matches nobody.
                let features = state.and_then(|state| snapshot.features(state.number.0));
                let found = features.map(|features| {
                    let found = snapshot.search(&features, &limits);
                    (features, found)
                });
                (flag, found)
            };
            flags.into_iter().map(one).collect()
        };
        blocking(search).await.map_err(|_| StoreError::Damaged("the index".to_owned()).into())
    }
}

fn flag_all(mut desk: Desk, searched: &[Searched]) -> (Desk, u64, Vec<String>) {
    let actor = Actor::Job("migrate".to_owned());
    let (mut opened, mut told) = (0, Vec::new());
    for (flag, found) in searched {
        let flagged = match found {
            Some(found) => desk.flag(flag, found),
            None => Flagged::default(),
        };
        told.extend(tell(flag, &flagged.standing));
        if !flagged.opened.changes.is_empty() {
            opened += flagged.opened.changes.len() as u64;
            desk.push(&actor, flag.at, adopt_flags(&flag.record, flagged.opened));
        }
    }
    (desk, opened, told)
}

/// Says what of a flag is not as it was.
fn tell(flag: &Flag, standing: &BTreeSet<IssueKind>) -> Vec<String> {
    let is_doubt = |kind: &IssueKind| *kind != IssueKind::Auto;
    let missing = flag.kinds.iter().filter(|kind| !standing.contains(kind));
    let why = |kind: &IssueKind| match standing.iter().find(|kind| is_doubt(kind)) {
        Some(other) if is_doubt(kind) => format!("by the rules here it is {}", code(*other)),
        _ => "the rules here find no record that it is about".to_owned(),
    };
    let line = |kind| format!("the flag {} of Patient/{}: {}", code(kind), flag.record, why(&kind));
    missing.map(|kind| line(*kind)).collect()
}

fn code(kind: IssueKind) -> &'static str {
    match kind {
        IssueKind::Potential => "potentialMatches",
        IssueKind::Conflict => "conflictMatches",
        IssueKind::Auto => "autoMatches",
    }
}

impl Desk {
    fn flag(&self, flag: &Flag, (query, found): &(Features, Found)) -> Flagged {
        let standing = self.standing();
        let Some(state) = standing.record(&flag.record) else { return Flagged::default() };
        let matches = self.matches(query, &state.source, Some(found));
        let head = self.head();
        let nobody = || Cruid::new("");
        let mut supply = Supply {
            revision: head.revision.next(),
            at: flag.at,
            next_golden: head.next_golden,
            issues_opened: 0,
            cruid: &nobody,
        };
        let grounds = decide::Grounds {
            matches: &matches,
            standing,
            policy: self.policy(),
            explain: &|record, rule| self.explain(query, record, rule),
            hold_back: &|joining| self.hold_back(query, joining),
        };
        decide::flag(&flag.record, &flag.kinds, &mut supply, grounds)
    }
}
