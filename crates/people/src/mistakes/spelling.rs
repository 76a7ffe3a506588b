//! Mistakes in names.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::dice::Dice;
use crate::facts::{Facts, Gender};
use crate::names::SHORT_FORMS;

/// Neighbours on a keyboard stand next to each other in a row.
const KEY_ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Spellings that are heard alike somewhere; each is exchanged for the other.
const SOUNDS: &[(&str, &str)] = &[
    ("ph", "f"),
    ("kw", "qu"),
    ("ck", "k"),
    ("sh", "s"),
    ("th", "t"),
    ("ch", "k"),
    ("dj", "j"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("ei", "e"),
    ("aa", "a"),
    ("nn", "n"),
    ("mm", "m"),
    ("ss", "s"),
    ("ll", "l"),
    ("y", "i"),
    ("z", "s"),
    ("v", "b"),
    ("l", "r"),
    ("c", "k"),
    ("gh", "g"),
];

/// Replaces the first given name by what `change` makes of it; true if that differs.
pub(super) fn of_given(facts: &mut Facts, change: impl FnOnce(&str) -> String) -> bool {
    facts.given.first_mut().is_some_and(|name| replace(name, change))
}

/// Replaces the family name by what `change` makes of it; true if that differs.
pub(super) fn of_family(facts: &mut Facts, change: impl FnOnce(&str) -> String) -> bool {
    facts.family.as_mut().is_some_and(|name| replace(name, change))
}

/// Replaces all names by what `change` makes of them; true if one differs.
pub(super) fn of_all(facts: &mut Facts, change: impl Fn(&str) -> String) -> bool {
    let mut is_changed = false;
    for name in facts.given.iter_mut().chain(&mut facts.family) {
        is_changed |= replace(name, &change);
    }
    is_changed
}

fn replace(name: &mut String, change: impl FnOnce(&str) -> String) -> bool {
    let changed = change(name);
    if changed.trim().is_empty() || changed == *name {
        return false;
    }
    *name = changed.trim().to_owned();
    true
}

/// One letter dropped, doubled, exchanged with the next, or its neighbour on the keyboard.
pub(super) fn typo(name: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() < 3 {
        return name.to_owned();
    }
    // The first letter is seldom wrong: people look at it.
    let at = 1 + dice.index(letters.len() - 1);
    match dice.below(4) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 => letters.swap(at, at.max(2) - 1),
        _ => letters[at] = neighbour_key(letters[at], dice),
    }
    letters.into_iter().collect()
}

fn neighbour_key(letter: char, dice: &mut Dice) -> char {
    for row in KEY_ROWS {
        if let Some(at) = row.find(letter) {
            let to =
                if at == 0 || (at + 1 < row.len() && dice.chance(0.5)) { at + 1 } else { at - 1 };
            return char::from(row.as_bytes()[to]);
        }
    }
    'a'
}

/// The first of a few spellings that occurs, from a drawn place on, exchanged for its like.
pub(super) fn by_sound(name: &str, dice: &mut Dice) -> String {
    let lower = name.to_lowercase();
    let start = dice.index(SOUNDS.len());
    for step in 0..SOUNDS.len() {
        let (one, other) = SOUNDS[(start + step) % SOUNDS.len()];
        let (from, to) = if dice.chance(0.5) { (one, other) } else { (other, one) };
        if lower.contains(from) {
            return capitalised(&lower.replacen(from, to, 1));
        }
    }
    name.to_owned()
}

/// The first letter of each word large, as names are written.
fn capitalised(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut is_start = true;
    for letter in name.chars() {
        if is_start {
            text.extend(letter.to_uppercase());
        } else {
            text.push(letter);
        }
        is_start = matches!(letter, ' ' | '-' | '\'');
    }
    text
}

/// Another form of a name that has one, else the name.
pub(super) fn short_form(name: &str, dice: &mut Dice) -> String {
    let forms = SHORT_FORMS.iter().find(|(long, _)| *long == name);
    forms.map_or(name, |(_, forms)| dice.pick(forms)).to_owned()
}

pub(super) fn initial(name: &str) -> String {
    name.chars().take(1).collect()
}

/// Letters without their marks, and no apostrophes.
pub(super) fn without_marks(name: &str) -> String {
    let plain = name.nfd().filter(|letter| !is_combining_mark(*letter) && *letter != '\'');
    let mut text = String::with_capacity(name.len());
    for letter in plain {
        match letter {
            'ø' => text.push('o'),
            'Ø' => text.push('O'),
            'ł' => text.push('l'),
            'ß' => text.push_str("ss"),
            other => text.push(other),
        }
    }
    text
}

/// The same text with letters and marks apart.
pub(super) fn decomposed(name: &str) -> String {
    name.nfd().collect()
}

pub(super) fn swap_names(facts: &mut Facts) -> bool {
    let (Some(given), Some(family)) = (facts.given.first_mut(), facts.family.as_mut()) else {
        return false;
    };
    std::mem::swap(given, family);
    given != family
}

pub(super) fn reorder_given(facts: &mut Facts) -> bool {
    facts.given.reverse();
    facts.given.first() != facts.given.last()
}

pub(super) fn change_second_name(facts: &mut Facts, dice: &mut Dice) -> bool {
    if facts.given.len() > 1 {
        facts.given.truncate(1);
    } else {
        let gender = facts.gender.unwrap_or(Gender::Female);
        facts.given.push(facts.culture.given(gender, dice));
    }
    true
}

pub(super) fn change_family(facts: &mut Facts, dice: &mut Dice) -> bool {
    let family = facts.culture.family(dice);
    facts.gender == Some(Gender::Female) && of_family(facts, |_| family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_apostrophes_go() {
        let cases = [
            ("Traoré", "Traore"),
            ("O'Brien", "OBrien"),
            ("Adébáyọ̀", "Adebayo"),
            ("Weiß", "Weiss"),
        ];
        for (name, plain) in cases {
            assert_eq!(without_marks(name), plain);
        }
    }

    #[test]
    fn typos_keep_the_first_letter() {
        let mut dice = Dice::new(4);
        for _ in 0..1_000 {
            assert!(typo("Okello", &mut dice).starts_with('O'));
        }
    }
}
