//! Where people live: districts from a list, villages made of syllables.

use crate::dice::Dice;

const DISTRICTS: &[&str] = &[
    "Kampala",
    "Nairobi",
    "Lagos",
    "Dakar",
    "Gulu",
    "Kisumu",
    "Mbarara",
    "Arua",
    "Jinja",
    "Mwanza",
    "Kigoma",
    "Lira",
    "Mbale",
    "Eldoret",
    "Kumasi",
    "Tamale",
    "Ibadan",
    "Enugu",
    "Kano",
    "Thiès",
    "Bamako",
    "Ségou",
    "Juba",
    "Wau",
    "Khartoum",
    "Adama",
    "Gondar",
    "Jimma",
    "Blantyre",
    "Mzuzu",
    "Beira",
    "Nampula",
    "Huambo",
    "Jacmel",
    "Gonaïves",
    "Cap-Haïtien",
    "Hoima",
    "Moroto",
    "Tororo",
    "Kitgum",
];

const SYLLABLES: &[&str] = &[
    "ba", "bu", "da", "fe", "go", "ka", "ki", "ko", "la", "li", "lu", "ma", "me", "mo", "na", "ni",
    "nya", "ra", "ro", "sa", "se", "ta", "to", "wa", "ya", "zi",
];

/// A district, big ones more often.
pub(crate) fn district(dice: &mut Dice) -> String {
    dice.pick_front(DISTRICTS).to_owned()
}

/// The name of some village.
pub(crate) fn village(dice: &mut Dice) -> String {
    let syllables = dice.between(2, 3);
    let mut name: String = (0..syllables).map(|_| dice.pick_front(SYLLABLES)).collect();
    name[..1].make_ascii_uppercase();
    name
}
