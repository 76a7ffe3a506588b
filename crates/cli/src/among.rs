//! People of a file or of a store in a match index, for measuring what searches cost.

use std::{path::Path, sync::Arc};

use matching::{
    features::Features,
    index::{Index, Snapshot},
};
use registry::extract::Extractor;
use store::Reader;

use crate::cohort;

/// An index in the making.
pub(crate) struct Among {
    index: Index,
    next: u32,
    /// Rows and records that hold nobody, or nobody whom the rules can be applied to.
    pub(crate) left_out: u64,
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
        let left_out = cohort::of_file(path, None, extractor, &mut |member| {
            self.add(member.features);
        })?;
        self.left_out += left_out;
        Ok(())
    }

    /// Adds the live records of a store.
    pub(crate) async fn add_store(
        &mut self,
        reader: &dyn Reader,
        extractor: &Extractor,
    ) -> anyhow::Result<()> {
        let mut add = |member: cohort::Member| {
            self.add(member.features);
        };
        self.left_out += cohort::of_store(reader, extractor, &mut add).await?;
        Ok(())
    }

    /// Everybody, to be searched.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.index.snapshot()
    }
}
