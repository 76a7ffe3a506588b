//! The most that a row gets by its sketch alone.

use super::one::One;
use super::rung::Rung;
use super::{Asked, Judge};
use crate::index::sketch;

/// Above the rounding errors of a few sums in 32 bits, which keep the tables small.
const SLACK: f64 = 1e-3;

/// The most that ladders add, by byte.
type Table = [f32; 256];

/// What one ladder adds, by the byte of its feature.
struct Own {
    /// Position in a sketch.
    at: usize,
    most: Box<Table>,
    /// Bytes that some hit has, as bits.
    hits: [u64; 4],
}

/// What a sketch tells of one ladder.
pub(super) enum Told {
    /// The value is missing.
    Missing,
    /// The code is not among the hits.
    NoHit,
    /// It may be.
    Open,
}

/// Tables of bits by byte.
pub(super) struct Sifter {
    /// By position in a sketch, the most that all ladders on the feature add.
    tables: Vec<Table>,
    /// Per ladder, the most that it adds; none where its feature has no byte.
    own: Vec<Option<Own>>,
    /// Prior, and the most that ladders add whose feature has no byte.
    beside: f32,
    floor: f64,
}

impl Sifter {
    /// What lets sketches pass that may reach `floor`.
    pub(super) fn new(judge: &Judge<'_>, rungs: &[Rung], floor: f64) -> Sifter {
        let features = judge.snapshot.sketches.features();
        let mut sifter = Sifter {
            tables: vec![[0.0; 256]; features.len()],
            own: Vec::with_capacity(rungs.len()),
            beside: judge.rule.base() as f32,
            floor: floor - SLACK * (1.0 + floor.abs()),
        };
        for (rung, ladder) in rungs.iter().zip(&judge.ladders) {
            let place = |one: &One<'_>| features.iter().position(|known| *known == one.feature);
            let own = match ladder {
                Asked::One(one) => place(one).map(|at| Own::new(at, rung, one)),
                Asked::Nothing | Asked::Many(_) => None,
            };
            match &own {
                Some(own) => {
                    let sums = sifter.tables[own.at].iter_mut().zip(own.most.iter());
                    sums.for_each(|(sum, own)| *sum += own);
                }
                None => sifter.beside += rung.most() as f32,
            }
            sifter.own.push(own);
        }
        sifter
    }

    /// Whether a row with this sketch may reach the floor, and more by `excess`.
    pub(super) fn passes(&self, sketch: u64, excess: f64) -> bool {
        let bytes = sketch.to_le_bytes();
        let tables = self.tables.iter().zip(bytes);
        let most = tables.fold(self.beside, |sum, (table, byte)| sum + table[usize::from(byte)]);
        f64::from(most) >= self.floor + excess
    }

    /// By how much the tables exceed what a ladder gives for a text.
    pub(super) fn excess(&self, ladder: usize, text: &str, bits: f64) -> f64 {
        let own = self.own[ladder].as_ref();
        own.map_or(0.0, |own| f64::from(own.most[usize::from(sketch::byte(text))]) - bits)
    }

    /// What a sketch tells of a ladder without a look at the row's code.
    pub(super) fn told(&self, ladder: usize, sketch: u64) -> Told {
        let Some(own) = &self.own[ladder] else { return Told::Open };
        let byte = sketch.to_le_bytes()[own.at];
        match own.hits[usize::from(byte / 64)] >> (byte % 64) & 1 {
            _ if byte == 0 => Told::Missing,
            0 => Told::NoHit,
            _ => Told::Open,
        }
    }
}

impl Own {
    fn new(at: usize, rung: &Rung, one: &One<'_>) -> Own {
        let mut own = Own { at, most: Box::new([rung.rest() as f32; 256]), hits: [0; 4] };
        own.most[0] = one.if_missing as f32;
        for hit in rung.all_hits() {
            let byte = sketch::byte(one.column.text(hit.code));
            own.hits[usize::from(byte / 64)] |= 1 << (byte % 64);
            let most = &mut own.most[usize::from(byte)];
            *most = most.max(hit.bits as f32);
        }
        own
    }
}
