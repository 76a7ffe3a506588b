//! Names: which there are, and which one somebody gets.
//!
//! Most names come from the short lists in `names/stock.rs`, the earlier the commoner. Some are
//! put together from beginnings, middles and ends of the same kind, because a real register has a
//! long tail of names that occur once or twice.

mod stock;

use crate::dice::Dice;
use crate::facts::Gender;

pub(crate) use stock::{CULTURES, SHORT_FORMS};

/// Share of family names that come from the tail.
const FAMILY_TAIL_SHARE: f64 = 0.30;
/// Share of given names that do.
const GIVEN_TAIL_SHARE: f64 = 0.06;

/// Names that are used together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Culture {
    pub(crate) female: &'static [&'static str],
    pub(crate) male: &'static [&'static str],
    pub(crate) family: &'static [&'static str],
    /// Beginnings, middles and ends of rarer names.
    pub(crate) parts: [&'static [&'static str]; 3],
}

impl Culture {
    /// A given name for somebody of this gender.
    pub(crate) fn given(&self, gender: Gender, dice: &mut Dice) -> String {
        if dice.chance(GIVEN_TAIL_SHARE) {
            return self.rare(dice);
        }
        let names = match gender {
            Gender::Female => self.female,
            Gender::Male => self.male,
        };
        dice.pick_front(names).to_owned()
    }

    /// A family name.
    pub(crate) fn family(&self, dice: &mut Dice) -> String {
        if dice.chance(FAMILY_TAIL_SHARE) {
            return self.rare(dice);
        }
        dice.pick_front(self.family).to_owned()
    }

    fn rare(&self, dice: &mut Dice) -> String {
        let [heads, middles, ends] = self.parts;
        let mut name = dice.pick(heads).to_owned();
        for _ in 0..dice.between(1, 2) {
            name.push_str(dice.pick(middles));
        }
        name.push_str(dice.pick(ends));
        name
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_stock_is_wide_enough_and_tidy() {
        let given: BTreeSet<_> =
            CULTURES.iter().flat_map(|c| c.female.iter().chain(c.male)).collect();
        let family: BTreeSet<_> = CULTURES.iter().flat_map(|c| c.family).collect();
        assert!(given.len() >= 150, "{} given names", given.len());
        assert!(family.len() >= 150, "{} family names", family.len());
        for name in given.iter().chain(&family) {
            assert_eq!(name.trim(), **name);
            assert!(name.chars().any(char::is_uppercase), "{name}");
        }
    }

    #[test]
    fn some_names_have_marks_and_some_an_apostrophe() {
        let families = || CULTURES.iter().flat_map(|c| c.family);
        assert!(families().any(|name| !name.is_ascii()));
        assert!(families().any(|name| name.contains('\'')));
    }
}
