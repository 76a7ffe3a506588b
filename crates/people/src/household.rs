//! People as they are: living together, sharing a name and a phone, sometimes twins.

use crate::date::{Birth, Date, birth_date};
use crate::dice::Dice;
use crate::facts::{Facts, Gender};
use crate::names::{CULTURES, Culture};
use crate::options::Options;
use crate::places;

/// Most people under one roof.
const HOUSEHOLD_MAX: u32 = 8;
/// Share of members who are the previous member's twin; about one birth in eighty is of twins.
const TWIN_SHARE: f64 = 0.012;
/// Share of members who bear the household's family name.
const FAMILY_OF_HOME_SHARE: f64 = 0.8;
/// Share of people with two given names.
const SECOND_NAME_SHARE: f64 = 0.25;
/// Share of the people with a phone who give their household's.
const SHARED_PHONE_SHARE: f64 = 0.35;

/// Hands out numbers that no two people share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registers {
    phones: u32,
    national_ids: u32,
    art_numbers: u32,
}

impl Registers {
    /// A phone number with its country code.
    pub(crate) fn phone(&mut self) -> String {
        self.phones += 1;
        // The factor has no divisor in common with 10^8, so a hundred million numbers differ.
        let scattered = u64::from(self.phones) * 61_803_399 % 100_000_000;
        format!("+2567{scattered:08}")
    }

    fn national_id(&mut self, gender: Gender, year: u32) -> String {
        self.national_ids += 1;
        let sex = if gender == Gender::Female { 'F' } else { 'M' };
        // Times an odd number is one to one on 32 bits: digits and letters together never repeat.
        let scattered = self.national_ids.wrapping_mul(0x9E37_79B1);
        let digits = scattered % 1_000_000;
        let letters = letters(scattered / 1_000_000);
        format!("C{sex}{:02}{digits:06}{letters}", year % 100)
    }

    fn art_number(&mut self, district: &str) -> String {
        self.art_numbers += 1;
        let clinic: String = district.chars().filter(char::is_ascii_alphabetic).take(3).collect();
        let scattered = u64::from(self.art_numbers) * 7_368_787 % 10_000_000;
        format!("{}-{scattered:07}", clinic.to_uppercase())
    }
}

/// Four letters for a number below 24^4 = 331,776, without I and O, which look like digits.
fn letters(number: u32) -> String {
    const ALPHABET: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    // 77 and 24 have no common divisor: neighbours look different and none repeats.
    let mut left = number * 77 % 331_776;
    let mut text = String::with_capacity(4);
    for _ in 0..4 {
        text.push(char::from(ALPHABET[(left % 24) as usize]));
        left /= 24;
    }
    text
}

/// The members of one more household, as they truly are.
pub(crate) fn household(
    options: &Options,
    registers: &mut Registers,
    dice: &mut Dice,
) -> Vec<Facts> {
    let culture = &CULTURES[dice.front_index(CULTURES.len())];
    let home = Home {
        culture,
        family: culture.family(dice),
        district: places::district(dice),
        village: places::village(dice),
        phone: registers.phone(),
    };
    let size = 1 + dice.below(HOUSEHOLD_MAX).min(dice.below(HOUSEHOLD_MAX));

    let mut members = Vec::with_capacity(size as usize);
    let mut last_birth = None;
    for _ in 0..size {
        let twin_birth = last_birth.filter(|_| dice.chance(TWIN_SHARE));
        let birth = twin_birth.unwrap_or_else(|| birth_date(dice));
        let family = if twin_birth.is_some() || dice.chance(FAMILY_OF_HOME_SHARE) {
            home.family.clone()
        } else {
            culture.family(dice)
        };
        members.push(member(&home, Born { family, birth }, options, dice, registers));
        last_birth = Some(birth);
    }
    members
}

/// What the members of a household have in common.
struct Home {
    culture: &'static Culture,
    family: String,
    district: String,
    village: String,
    phone: String,
}

/// What somebody is born with.
struct Born {
    family: String,
    birth: Date,
}

fn member(
    home: &Home,
    born: Born,
    options: &Options,
    dice: &mut Dice,
    registers: &mut Registers,
) -> Facts {
    let Born { family, birth } = born;
    let gender = if dice.chance(0.51) { Gender::Female } else { Gender::Male };
    let mut given = vec![home.culture.given(gender, dice)];
    if dice.chance(SECOND_NAME_SHARE) {
        let second = home.culture.given(gender, dice);
        if second != given[0] {
            given.push(second);
        }
    }
    let phone = dice.chance(options.phone_share).then(|| {
        if dice.chance(SHARED_PHONE_SHARE) { home.phone.clone() } else { registers.phone() }
    });
    let national_id =
        dice.chance(options.national_id_share).then(|| registers.national_id(gender, birth.year));
    let art_number =
        dice.chance(options.art_number_share).then(|| registers.art_number(&home.district));
    Facts {
        culture: home.culture,
        given,
        family: Some(family),
        gender: Some(gender),
        birth: Some(Birth::Day(birth)),
        phone,
        national_id,
        art_number,
        district: Some(home.district.clone()),
        village: Some(home.village.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_handed_out_never_repeat() {
        let mut registers = Registers::default();
        let mut seen = BTreeSet::new();
        for _ in 0..20_000 {
            assert!(seen.insert(registers.phone()));
            assert!(seen.insert(registers.national_id(Gender::Female, 1990)));
            assert!(seen.insert(registers.art_number("Gulu")));
        }
    }

    #[test]
    fn members_share_the_roof() {
        let options = Options::usual(1, 1);
        let mut dice = Dice::new(5);
        let mut registers = Registers::default();
        for _ in 0..100 {
            let members = household(&options, &mut registers, &mut dice);
            assert!(members.iter().all(|m| m.village == members[0].village));
        }
    }
}
