//! What goes wrong when one person is registered twice.

mod births;
mod numbers;
mod spelling;

use crate::dice::Dice;
use crate::facts::Facts;
use crate::places;

/// One way in which a record departs from the person's first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mistake {
    /// A slip of the finger in a given name.
    GivenTypo,
    /// A slip of the finger in the family name.
    FamilyTypo,
    /// A given name written as it sounds.
    GivenBySound,
    /// A family name written as it sounds.
    FamilyBySound,
    /// A short form or another spelling in use ("Liz", "Muhammad").
    ShortForm,
    /// Given and family name in each other's place.
    SwappedNames,
    /// Two given names in the other order.
    GivenReordered,
    /// The second given name left out, or one added.
    SecondNameChanged,
    /// Only the first letter of the given name.
    Initial,
    /// Another family name, as after a marriage.
    FamilyChanged,
    /// Marks left off: "Traore", or the apostrophe: "OBrien".
    MarksDropped,
    /// The same letters in decomposed Unicode.
    MarksDecomposed,
    /// Names in capitals.
    Capitals,
    /// Day and month in each other's place.
    DayMonthSwapped,
    /// 1 January in place of the day.
    FirstOfJanuary,
    /// A year too early or too late, by one to three, or by ten.
    YearOff,
    /// Another day of the same month.
    DayOff,
    /// The year of birth alone, or year and month.
    BirthPartial,
    /// No birth date.
    BirthMissing,
    /// A digit of the phone number wrong.
    PhoneTypo,
    /// The phone number without its country code.
    PhoneLocal,
    /// Another phone.
    PhoneChanged,
    /// No phone.
    PhoneMissing,
    /// A character of the national id wrong.
    NationalIdTypo,
    /// No national id.
    NationalIdMissing,
    /// A digit of the ART number wrong.
    ArtNumberTypo,
    /// No ART number.
    ArtNumberMissing,
    /// No gender.
    GenderMissing,
    /// The other gender.
    GenderWrong,
    /// Another village and district.
    Moved,
    /// No address.
    AddressMissing,
}

/// Every mistake with how often it is tried, relative to the others.
const WEIGHTS: &[(Mistake, u32)] = &[
    (Mistake::GivenTypo, 12),
    (Mistake::FamilyTypo, 12),
    (Mistake::GivenBySound, 9),
    (Mistake::FamilyBySound, 9),
    (Mistake::ShortForm, 8),
    (Mistake::SwappedNames, 4),
    (Mistake::GivenReordered, 3),
    (Mistake::SecondNameChanged, 5),
    (Mistake::Initial, 2),
    (Mistake::FamilyChanged, 3),
    (Mistake::MarksDropped, 6),
    (Mistake::MarksDecomposed, 1),
    (Mistake::Capitals, 5),
    (Mistake::DayMonthSwapped, 4),
    (Mistake::FirstOfJanuary, 4),
    (Mistake::YearOff, 4),
    (Mistake::DayOff, 3),
    (Mistake::BirthPartial, 3),
    (Mistake::BirthMissing, 2),
    (Mistake::PhoneTypo, 3),
    (Mistake::PhoneLocal, 5),
    (Mistake::PhoneChanged, 6),
    (Mistake::PhoneMissing, 6),
    (Mistake::NationalIdTypo, 3),
    (Mistake::NationalIdMissing, 6),
    (Mistake::ArtNumberTypo, 1),
    (Mistake::ArtNumberMissing, 4),
    (Mistake::GenderMissing, 2),
    (Mistake::GenderWrong, 1),
    (Mistake::Moved, 6),
    (Mistake::AddressMissing, 3),
];

/// Draws in search of a mistake that changes something, before what was found must do.
const DRAWS_MAX: u32 = 64;

/// Makes one to `most` mistakes in `facts` and tells which, none twice.
///
/// A further mistake follows with even odds. A mistake that finds nothing to spoil (no phone, no
/// marks) is not one: another is drawn.
pub(crate) fn spoil(facts: &mut Facts, most: u32, dice: &mut Dice) -> Vec<Mistake> {
    let mut wanted = 1;
    while wanted < most && dice.chance(0.5) {
        wanted += 1;
    }
    let mut made = Vec::with_capacity(wanted as usize);
    for _ in 0..DRAWS_MAX {
        if made.len() == wanted as usize {
            break;
        }
        let mistake = draw(dice);
        if !made.contains(&mistake) && make(mistake, facts, dice) {
            made.push(mistake);
        }
    }
    made
}

fn draw(dice: &mut Dice) -> Mistake {
    let total = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let mut left = dice.below(total);
    for &(mistake, weight) in WEIGHTS {
        if left < weight {
            return mistake;
        }
        left -= weight;
    }
    unreachable!("a draw is below the sum of the weights")
}

/// Makes `mistake` in `facts`; false if there is nothing that it could change.
fn make(mistake: Mistake, facts: &mut Facts, dice: &mut Dice) -> bool {
    match mistake {
        Mistake::GivenTypo => spelling::of_given(facts, |name| spelling::typo(name, dice)),
        Mistake::FamilyTypo => spelling::of_family(facts, |name| spelling::typo(name, dice)),
        Mistake::GivenBySound => spelling::of_given(facts, |name| spelling::by_sound(name, dice)),
        Mistake::FamilyBySound => spelling::of_family(facts, |name| spelling::by_sound(name, dice)),
        Mistake::ShortForm => spelling::of_given(facts, |name| spelling::short_form(name, dice)),
        Mistake::Initial => spelling::of_given(facts, spelling::initial),
        Mistake::SwappedNames => spelling::swap_names(facts),
        Mistake::GivenReordered => spelling::reorder_given(facts),
        Mistake::SecondNameChanged => spelling::change_second_name(facts, dice),
        Mistake::FamilyChanged => spelling::change_family(facts, dice),
        Mistake::MarksDropped => spelling::of_all(facts, spelling::without_marks),
        Mistake::MarksDecomposed => spelling::of_all(facts, spelling::decomposed),
        Mistake::Capitals => spelling::of_all(facts, |name| name.to_uppercase()),
        Mistake::DayMonthSwapped => births::swap_day_and_month(facts),
        Mistake::FirstOfJanuary => births::to_first_of_january(facts),
        Mistake::YearOff => births::shift_year(facts, dice),
        Mistake::DayOff => births::other_day(facts, dice),
        Mistake::BirthPartial => births::cut(facts, dice),
        Mistake::BirthMissing => facts.birth.take().is_some(),
        Mistake::PhoneTypo => numbers::phone_typo(facts, dice),
        Mistake::PhoneLocal => numbers::phone_without_country(facts),
        Mistake::PhoneChanged => numbers::change_phone(facts, dice),
        Mistake::PhoneMissing => facts.phone.take().is_some(),
        Mistake::NationalIdTypo => numbers::typo(&mut facts.national_id, dice),
        Mistake::NationalIdMissing => facts.national_id.take().is_some(),
        Mistake::ArtNumberTypo => numbers::typo(&mut facts.art_number, dice),
        Mistake::ArtNumberMissing => facts.art_number.take().is_some(),
        Mistake::GenderMissing => facts.gender.take().is_some(),
        Mistake::GenderWrong => {
            facts.gender = facts.gender.map(crate::facts::Gender::other);
            facts.gender.is_some()
        }
        Mistake::Moved => {
            facts.district = Some(places::district(dice));
            facts.village.replace(places::village(dice)) != facts.village
        }
        Mistake::AddressMissing => facts.village.take().is_some() | facts.district.take().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::household::{Registers, household};
    use crate::options::Options;

    #[test]
    fn every_mistake_that_is_reported_has_been_made() {
        let mut dice = Dice::new(11);
        let mut registers = Registers::default();
        let options = Options::usual(11, 1);
        let mut met = std::collections::BTreeSet::new();
        for _ in 0..2_000 {
            for facts in household(&options, &mut registers, &mut dice) {
                let (mistake, _) = dice.pick(WEIGHTS);
                let mut spoilt = facts.clone();
                let changed = make(mistake, &mut spoilt, &mut dice);
                assert_eq!(changed, spoilt != facts, "{mistake:?}");
                if changed {
                    met.insert(mistake);
                }
            }
        }
        assert_eq!(met.len(), WEIGHTS.len(), "made: {met:?}");
    }
}
