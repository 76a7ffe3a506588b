//! Mistakes in birth dates. What comes out is a date that exists, or a part of one.

use crate::date::{Birth, Date};
use crate::dice::Dice;
use crate::facts::Facts;

pub(super) fn swap_day_and_month(facts: &mut Facts) -> bool {
    change(facts, |date| Date::new(date.year, date.day, date.month))
}

pub(super) fn to_first_of_january(facts: &mut Facts) -> bool {
    change(facts, |date| Date::new(date.year, 1, 1))
}

pub(super) fn shift_year(facts: &mut Facts, dice: &mut Dice) -> bool {
    let years = if dice.chance(0.3) { 10 } else { dice.between(1, 3) };
    let is_later = dice.chance(0.5);
    change(facts, |date| {
        let year = if is_later { date.year + years } else { date.year - years };
        Date::new(year, date.month, date.day)
    })
}

pub(super) fn other_day(facts: &mut Facts, dice: &mut Dice) -> bool {
    let day = dice.between(1, 28);
    change(facts, |date| Date::new(date.year, date.month, day))
}

/// Keeps the year, or year and month.
pub(super) fn cut(facts: &mut Facts, dice: &mut Dice) -> bool {
    let Some(Birth::Day(Date { year, month, .. })) = facts.birth else { return false };
    facts.birth =
        Some(if dice.chance(0.6) { Birth::Year(year) } else { Birth::Month { year, month } });
    true
}

/// Puts the date that `wrong` makes in the place of a full date, if it exists and differs.
fn change(facts: &mut Facts, wrong: impl FnOnce(Date) -> Option<Date>) -> bool {
    let Some(Birth::Day(date)) = facts.birth else { return false };
    let Some(other) = wrong(date).filter(|other| *other != date) else { return false };
    facts.birth = Some(Birth::Day(other));
    true
}
