//! The most that a row gets by its sketch alone.

use super::rung::Rung;
use super::{Asked, Judge};
use crate::index::sketch;

/// Tables of bits by byte.
pub(super) struct Sifter {
    /// By position in a sketch, the most that all ladders on the feature add.
    tables: Vec<[f64; 256]>,
    /// Prior, and the most that ladders add whose feature has no byte.
    beside: f64,
}

impl Sifter {
    pub(super) fn new(judge: &Judge<'_>, rungs: &[Rung]) -> Sifter {
        let features = judge.snapshot.sketches.features();
        let mut sifter =
            Sifter { tables: vec![[0.0; 256]; features.len()], beside: judge.rule.base() };
        for (rung, ladder) in rungs.iter().zip(&judge.ladders) {
            let one = match ladder {
                Asked::Nothing => continue,
                Asked::One(one) => Some(one),
                Asked::Many(_) => None,
            };
            let with_place = one.and_then(|one| {
                Some((one, features.iter().position(|feature| *feature == one.feature)?))
            });
            let Some((one, at)) = with_place else {
                sifter.beside += rung.most();
                continue;
            };
            let table = &mut sifter.tables[at];
            let mut more = [rung.rest(); 256];
            more[0] = one.if_missing;
            for hit in rung.all_hits() {
                let byte = usize::from(sketch::byte(one.column.text(hit.code)));
                more[byte] = more[byte].max(hit.bits);
            }
            table.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        sifter
    }

    /// The most that a row with this sketch gets, but for rounding.
    pub(super) fn most(&self, sketch: u64) -> f64 {
        let bytes = sketch.to_le_bytes();
        let tables = self.tables.iter().zip(bytes);
        tables.fold(self.beside, |sum, (table, byte)| sum + table[usize::from(byte)])
    }
}
