//! A file whose rows are all read before the first is decided on: the usual one, where nobody comes
//! twice.

use std::sync::Arc;

use anyhow::Context as _;
use pipeline::{
    Settings,
    roll::{Decoder, Entry, Roll, Twice},
    rows::{Row, RowWarning, Rows},
};
use rayon::prelude::*;
use registry::{actor::Actor, extract::Extractor, ids::ClientId};
use store::DraftStore;

use super::{Linked, NAME};
use crate::feed;

/// Rows that are decoded together.
const CHUNK_ROWS: usize = 2_000;

/// All rows of a file.
pub(super) struct WholeFile {
    roll: Roll,
    linked: Linked,
}

/// One row, decoded.
struct Decoded {
    number: u64,
    id: String,
    result: Result<Entry, String>,
    warnings: Vec<RowWarning>,
}

/// Reads all rows; `None` if somebody comes twice, so that rows must be taken as they come.
pub(super) fn read(
    mut rows: Rows,
    extractor: &Extractor,
    settings: &Settings,
) -> anyhow::Result<Option<WholeFile>> {
    let roll = Roll::new(extractor.clone(), settings.clone());
    let decoder = roll.decoder();
    let mut whole = WholeFile { roll, linked: Linked::default() };
    let mut decoded: Vec<Decoded> = Vec::new();
    loop {
        let chunk = rows.by_ref().take(CHUNK_ROWS).collect::<Result<Vec<Row>, _>>()?;
        let is_last = chunk.is_empty();
        // What was decoded is added while the next rows are decoded.
        let (added, next) = rayon::join(
            || decoded.into_iter().try_for_each(|row| whole.add(row)),
            || chunk.into_par_iter().map(|row| decode(&decoder, row)).collect(),
        );
        if added == Err(Twice) {
            return Ok(None);
        }
        decoded = next;
        if is_last {
            return Ok(Some(whole));
        }
    }
}

fn decode(decoder: &Decoder, row: Row) -> Decoded {
    let result = row.result.map_err(|problem| problem.to_string()).and_then(|mut patient| {
        feed::drop_id(&mut patient);
        decoder.decode(patient).map_err(|issues| feed::all_in_words(&issues))
    });
    Decoded { number: row.number, id: row.id, result, warnings: row.warnings }
}

impl WholeFile {
    fn add(&mut self, row: Decoded) -> Result<(), Twice> {
        self.linked.warnings.add(row.warnings);
        match row.result {
            Ok(entry) => {
                self.roll.add(entry)?;
                // Checked by the roll.
                self.linked.rows.push(Some(self.linked.names.len() as u32));
                self.linked.names.push(row.id.into());
            }
            Err(reason) => self.linked.leave_out(row.number, &reason),
        }
        Ok(())
    }

    /// Decides on all rows, one after another.
    pub(super) async fn link(self) -> anyhow::Result<(Linked, Arc<DraftStore>)> {
        let WholeFile { roll, mut linked } = self;
        let mut position = 0;
        let store = roll
            .decide(ClientId::new(NAME), Actor::Job(NAME.to_owned()), &mut |receipt| {
                if let Some(total) = receipt.candidates_total {
                    linked.cut.insert(position, total);
                }
                position += 1;
            })
            .await
            .context("the rows could not be decided on")?;
        Ok((linked, Arc::new(store)))
    }
}
