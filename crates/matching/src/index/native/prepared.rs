//! A query's value, made ready to be compared with many others.

use smallvec::SmallVec;

use crate::model::{Encoder, Likeness, is_several, reaches};
use crate::similarity::{Algorithm, Units, units};

/// One text of a query.
pub(super) struct Prepared<'q> {
    pub(super) text: &'q str,
    is_several: bool,
    units: Units,
    /// Codes that were asked for.
    sounds: SmallVec<[(Encoder, Option<u32>); 1]>,
}

/// What was computed for one pair of texts, so that levels share it.
#[derive(Default)]
pub(super) struct Scratch {
    units: Option<Units>,
    values: SmallVec<[(Algorithm, Option<f64>); 2]>,
}

impl<'q> Prepared<'q> {
    pub(super) fn new(text: &'q str) -> Prepared<'q> {
        Prepared { text, is_several: is_several(text), units: units(text), sounds: SmallVec::new() }
    }

    /// The same as [`Likeness::holds`].
    pub(super) fn meets(
        &mut self,
        likeness: &Likeness,
        candidate: &str,
        scratch: &mut Scratch,
    ) -> bool {
        if self.is_several || is_several(candidate) {
            return likeness.holds(self.text, candidate);
        }
        match likeness {
            Likeness::Similar { algorithm, threshold } => {
                let known = scratch.values.iter().find(|(known, _)| known == algorithm);
                let value = known.map(|(_, value)| *value).unwrap_or_else(|| {
                    let other = scratch.units.get_or_insert_with(|| units(candidate));
                    let value = algorithm.compare_units(&self.units, other);
                    scratch.values.push((*algorithm, value));
                    value
                });
                value.is_some_and(|value| reaches(*algorithm, value, *threshold))
            }
            Likeness::SoundsAlike(encoder) => {
                let code = self.sound(*encoder);
                code.is_some() && code == encoder.code(candidate)
            }
            Likeness::Equal
            | Likeness::Alias(_)
            | Likeness::Initial
            | Likeness::Contains
            | Likeness::Overlap { .. }
            | Likeness::SameEnd { .. }
            | Likeness::Date(_) => likeness.holds(self.text, candidate),
        }
    }

    pub(super) fn sound(&mut self, encoder: Encoder) -> Option<u32> {
        if let Some((_, code)) = self.sounds.iter().find(|(known, _)| *known == encoder) {
            return *code;
        }
        let code = encoder.code(self.text);
        self.sounds.push((encoder, code));
        code
    }
}
