//! Mistakes in phone numbers and identifiers.

use crate::dice::Dice;
use crate::facts::Facts;

/// Length of the country code with its plus sign.
const COUNTRY_LEN: usize = "+256".len();

/// Makes one digit wrong, or exchanges the last two that differ.
pub(super) fn typo(number: &mut Option<String>, dice: &mut Dice) -> bool {
    let Some(text) = number else { return false };
    let mut marks: Vec<char> = text.chars().collect();
    let digits: Vec<usize> =
        (0..marks.len()).filter(|at| marks[*at].is_ascii_digit()).skip(COUNTRY_LEN).collect();
    if digits.is_empty() {
        return false;
    }
    let at = dice.pick(&digits);
    let old = marks[at].to_digit(10).unwrap_or(0);
    let is_swapped =
        dice.chance(0.4) && marks[at - 1].is_ascii_digit() && marks[at - 1] != marks[at];
    if is_swapped {
        marks.swap(at - 1, at);
    } else {
        let new = (old + dice.between(1, 9)) % 10;
        marks[at] = char::from_digit(new, 10).unwrap_or('0');
    }
    *text = marks.into_iter().collect();
    true
}

pub(super) fn phone_typo(facts: &mut Facts, dice: &mut Dice) -> bool {
    typo(&mut facts.phone, dice)
}

/// "+256712345678" becomes "0712345678".
pub(super) fn phone_without_country(facts: &mut Facts) -> bool {
    let Some(phone) = facts.phone.as_mut().filter(|phone| phone.starts_with('+')) else {
        return false;
    };
    phone.replace_range(..COUNTRY_LEN, "0");
    true
}

/// Another number; the first digits tell it from all that people have at first.
pub(super) fn change_phone(facts: &mut Facts, dice: &mut Dice) -> bool {
    let Some(phone) = &mut facts.phone else { return false };
    *phone = format!("+2563{:08}", dice.below(100_000_000));
    true
}
