//! People of a file or of a store in a match index, for measuring what searches cost.

use std::{path::Path, sync::Arc};

use matching::{
    features::Features,
    index::{Index, Snapshot},
};
use pipeline::rows::{self, MissingIds, Options, Row};
use rayon::prelude::*;
use registry::extract::Extractor;
use store::Reader;

use crate::{chain, usage};

/// Rows whose features are extracted together.
const CHUNK_ROWS: usize = 2_000;
/// Records of a store read at once.
const PAGE_RECORDS: u32 = 2_000;

/// An index in the making.
pub(crate) struct Among {
    index: Index,
    next: u32,
    /// Rows and records that hold nobody, or nobody whom the rules can be applied to.
    pub(crate) left_out: usize,
}

impl Among {
    /// Nobody yet.
    pub(crate) fn nobody(extractor: &Extractor) -> Self {
        Self { index: Index::new(Arc::clone(extractor.ruleset())), next: 0, left_out: 0 }
    }

    /// Adds somebody and gives the number.
    pub(crate) fn add(&mut self, features: Features) -> u32 {
        self.index.insert(self.next, features);
        self.next += 1;
        self.next - 1
    }

    /// Adds the people of a file: CSV or FHIR JSON, also gzipped.
    pub(crate) fn add_file(&mut self, path: &Path, extractor: &Extractor) -> anyhow::Result<()> {
        // Ids play no part in a comparison; any will do.
        let missing_ids = MissingIds::LineNumber;
        let options = Options { source: "urn:opencr:file".into(), missing_ids };
        let name = path.display();
        let mut rows = rows::open(path, None, options)
            .map_err(|error| usage(format!("{name}: {}", chain(&error))))?;
        crate::link::tell_columns(&rows);
        loop {
            let chunk: Vec<Row> = rows
                .by_ref()
                .take(CHUNK_ROWS)
                .collect::<Result<_, _>>()
                .map_err(|error| usage(format!("{name}: {error}")))?;
            if chunk.is_empty() {
                return Ok(());
            }
            let patients = chunk.par_iter().map(|row| {
                let patient = row.result.as_ref().ok()?;
                extractor.extract(patient.value()).ok()
            });
            self.add_all(patients.collect());
        }
    }

    /// Adds the live records of a store.
    pub(crate) async fn add_store(
        &mut self,
        reader: &dyn Reader,
        extractor: &Extractor,
    ) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let page = reader.records_after(after, PAGE_RECORDS).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.number);
            let live: Vec<_> = page.iter().filter(|(state, _)| !state.is_withdrawn).collect();
            let records = live.par_iter().map(|(_, content)| {
                let patient = serde_json::from_str(content).ok()?;
                extractor.extract(&patient).ok()
            });
            self.add_all(records.collect());
        }
    }

    fn add_all(&mut self, people: Vec<Option<Features>>) {
        for features in people {
            match features {
                Some(features) => _ = self.add(features),
                None => self.left_out += 1,
            }
        }
    }

    /// Everybody, to be searched.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.index.snapshot()
    }
}
