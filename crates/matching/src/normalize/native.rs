//! How native rules prepare a raw value: one pure function for each kind of value.
//!
//! Every function gives `None` if nothing is left. Results hold no control characters, so that
//! several values can be kept in one text.

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use super::{comparable, cut};

/// How a raw value is prepared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Normaliser {
    /// Trimmed and lower-cased only, as OpenCR does.
    #[default]
    Opencr,
    /// Compatibility forms, case, diacritics and punctuation made alike, white space collapsed.
    Text,
    /// The same for names: apostrophes vanish, hyphens are spaces.
    Name,
    /// Digits of a telephone number without country code and leading zeros.
    Phone {
        /// Country code that numbers may begin with, digits only (`256`); none to keep all.
        country: Option<String>,
    },
    /// A date as `yyyy`, `yyyy-mm` or `yyyy-mm-dd`.
    Date,
    /// Letters and digits, upper-cased.
    Identifier,
    /// A code: compatibility forms, case and outer white space made alike.
    Code,
}

impl Normaliser {
    pub(crate) fn is_opencr(&self) -> bool {
        *self == Normaliser::Opencr
    }

    /// Prepares one raw value; `None` if nothing is left.
    pub fn apply(&self, raw: &str) -> Option<String> {
        let prepared = match self {
            Normaliser::Opencr => comparable(raw).map(|text| text.replace(char::is_control, " ")),
            Normaliser::Text => text(raw),
            Normaliser::Name => name(raw),
            Normaliser::Phone { country } => phone(raw, country.as_deref()),
            Normaliser::Date => date(raw),
            Normaliser::Identifier => identifier(raw),
            Normaliser::Code => code(raw),
        };
        prepared.map(cut).filter(|text| !text.is_empty())
    }
}

/// `Łódź, Św. Jana` is `lodz sw jana`.
pub fn text(raw: &str) -> Option<String> {
    let spaced = fold(raw).map(|c| if c.is_alphanumeric() { c } else { ' ' });
    collapsed(&spaced.collect::<String>())
}

/// `O’Brien-SMITH` is `obrien smith`.
pub fn name(raw: &str) -> Option<String> {
    let is_apostrophe = |c: &char| matches!(c, '\'' | '`' | '´' | 'ʻ' | 'ʼ' | '‘' | '’' | '′');
    let raw: String = raw.chars().filter(|c| !is_apostrophe(c)).collect();
    text(&raw)
}

/// `+256 (0)772 123-456` is `772123456` with the country code 256.
///
/// Digits of every script count. An international prefix (`+` or `00`) is cut, and the country
/// code where the rest is long enough to be a number of its own, so that a national number that
/// begins with the same digits is left alone. Then leading zeros go: they are dialled within a
/// country and never in front of a country code. What follows an `x` or `ext` is an extension.
/// A number of another country keeps its code.
pub fn phone(raw: &str, country: Option<&str>) -> Option<String> {
    let folded: String = raw.nfkc().flat_map(char::to_lowercase).collect();
    let without_extension = folded.split('x').next().unwrap_or_default();
    let is_international = without_extension.trim_start().starts_with('+');
    let digits: String = without_extension.chars().filter_map(digit).collect();
    let stripped = digits.strip_prefix("00");
    let is_international = is_international || stripped.is_some();
    let mut number = stripped.unwrap_or(&digits);
    if let Some(rest) = country.and_then(|code| number.strip_prefix(code))
        && rest.len() >= NATIONAL_DIGITS_MIN
        && (is_international || number.len() >= INTERNATIONAL_DIGITS_MIN)
    {
        number = rest;
    }
    let number = number.trim_start_matches('0');
    // A number of zeros says that there is none.
    if number.is_empty() { None } else { Some(number.to_owned()) }
}

/// The fewest digits that are a number by themselves behind a country code.
const NATIONAL_DIGITS_MIN: usize = 7;
/// The fewest digits that are taken for a number with a country code if nothing says so.
const INTERNATIONAL_DIGITS_MIN: usize = 11;

/// Years that a date may have; others are mistakes or placeholders.
pub(crate) const YEARS: std::ops::Range<u32> = 1850..2150;

/// `19780203`, `1978/2/3` and `1978-02-03T00:00Z` are `1978-02-03`; `1978` stays.
///
/// The year comes first, as in FHIR; an order that has to be guessed is not read. A month or day
/// that does not exist is kept, since it is a typing mistake of some other; zero is unknown.
pub fn date(raw: &str) -> Option<String> {
    let folded: String = raw.nfkc().collect();
    let day_only = folded.trim().split(['T', 't', ' ']).next()?;
    let parts: Vec<&str> = match day_only.split(['-', '/', '.']).collect::<Vec<_>>()[..] {
        [one] if one.is_ascii() && one.len() == 8 => vec![&one[..4], &one[4..6], &one[6..]],
        [one] if one.is_ascii() && one.len() == 6 => vec![&one[..4], &one[4..]],
        ref parts => parts.to_vec(),
    };
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| -> Option<u32> {
        let is_number = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if is_number { text.parse().ok() } else { None }
    };
    let year = number(parts.first()?, 4..=4).filter(|year| YEARS.contains(year))?;
    let month = parts.get(1).map_or(Some(0), |text| number(text, 1..=2))?;
    let day = parts.get(2).map_or(Some(0), |text| number(text, 1..=2))?;
    match (parts.len(), month, day) {
        (4.., _, _) => None,
        (_, 0, _) => Some(format!("{year:04}")),
        (_, _, 0) => Some(format!("{year:04}-{month:02}")),
        _ => Some(format!("{year:04}-{month:02}-{day:02}")),
    }
}

/// `cf-12 345/a` is `CF12345A`.
pub fn identifier(raw: &str) -> Option<String> {
    let upper = raw.nfkc().flat_map(char::to_uppercase).filter(|c| c.is_alphanumeric());
    Some(upper.collect::<String>()).filter(|text| !text.is_empty())
}

/// ` Female` is `female`.
pub fn code(raw: &str) -> Option<String> {
    let lower: String = raw.nfkc().flat_map(char::to_lowercase).collect();
    collapsed(&lower.replace(char::is_control, " "))
}

fn collapsed(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() { None } else { Some(words.join(" ")) }
}

/// The digit that a character stands for, in the scripts that telephone numbers come in.
fn digit(c: char) -> Option<char> {
    // Each of these is the zero of ten in order: Arabic-Indic, its Eastern form, Devanagari,
    // Bengali, Myanmar, Ethiopic has none.
    const ZEROS: [u32; 6] = [0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0x1040];
    let at = ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|at| *at < 10))?;
    char::from_digit(at, 10)
}

/// Lower case, compatibility forms, letters without their diacritics.
fn fold(raw: &str) -> impl Iterator<Item = char> {
    let bare = raw.nfkd().filter(|c| !is_diacritic(*c)).flat_map(char::to_lowercase);
    // Lower-casing can bring a mark back (`İ`).
    bare.filter(|c| !is_diacritic(*c)).flat_map(plain).nfc()
}

/// Marks that a spelling may lack. Vowel signs of Indic scripts are marks, too, but no name is
/// without them.
fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}'
        // Arabic vowel points and the letter stretcher, Hebrew points.
        | '\u{64B}'..='\u{652}' | '\u{640}' | '\u{591}'..='\u{5BD}')
}

/// Letters that have no decomposition but are written without their stroke where it is missing.
fn plain(c: char) -> impl Iterator<Item = char> {
    let [first, second] = match c {
        'ø' => ['o', '\0'],
        'ł' => ['l', '\0'],
        'đ' | 'ð' | 'ɗ' => ['d', '\0'],
        'ħ' => ['h', '\0'],
        'ı' => ['i', '\0'],
        'ŋ' => ['n', '\0'],
        'ɓ' => ['b', '\0'],
        'ƙ' => ['k', '\0'],
        'ɛ' => ['e', '\0'],
        'ɔ' => ['o', '\0'],
        'æ' => ['a', 'e'],
        'œ' => ['o', 'e'],
        'ß' => ['s', 's'],
        'þ' => ['t', 'h'],
        other => [other, '\0'],
    };
    std::iter::once(first).chain((second != '\0').then_some(second))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(prepare: impl Fn(&str) -> Option<String>, table: &[(&str, &str)]) {
        for (raw, expected) in table {
            assert_eq!(prepare(raw).unwrap_or_default(), *expected, "{raw:?}");
        }
    }

    #[test]
    fn texts_and_names_lose_what_people_leave_out() {
        check(
            text,
            &[
                ("  Łódź, Św.\tJana ", "lodz sw jana"),
                ("ＡＢＣ ﬁ", "abc fi"),
                ("İstanbul", "istanbul"),
                ("Straße", "strasse"),
                ("--", ""),
            ],
        );
        check(
            name,
            &[
                ("O’Brien-SMITH", "obrien smith"),
                ("N'Golo", "ngolo"),
                ("José  María", "jose maria"),
                ("محمّد", "محمد"),
            ],
        );
    }

    #[test]
    fn phones_lose_what_is_dialled_before_the_number() {
        let uganda = |raw: &str| phone(raw, Some("256"));
        check(
            uganda,
            &[
                ("+256 (0)772 123-456", "772123456"),
                ("0772 123 456", "772123456"),
                ("00256772123456", "772123456"),
                ("256772123456", "772123456"),
                ("772123456 ext 12", "772123456"),
                ("+254722000111", "254722000111"),
                ("٠٧٧٢١٢٣٤٥٦", "772123456"),
                ("2561234", "2561234"),
                ("0000", ""),
                ("none", ""),
            ],
        );
    }

    #[test]
    fn dates_have_one_form_and_may_be_partial() {
        check(
            date,
            &[
                ("1978-02-03", "1978-02-03"),
                ("19780203", "1978-02-03"),
                ("1978/2/3", "1978-02-03"),
                ("1978-02-03T10:00:00Z", "1978-02-03"),
                ("1978-02", "1978-02"),
                ("1978", "1978"),
                ("1978-00-00", "1978"),
                ("1978-25-02", "1978-25-02"),
                ("0001-01-01", ""),
                ("03/02/1978", ""),
                ("yesterday", ""),
            ],
        );
    }

    #[test]
    fn identifiers_and_codes_have_one_spelling() {
        check(identifier, &[("cf-12 345/a", "CF12345A"), (" - ", "")]);
        check(code, &[(" Female ", "female"), ("", "")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn preparing_twice_changes_nothing(raw in "\\PC{0,12}|[0-9 /.+-]{0,14}|[a-zA-Z' -]{0,12}") {
            for normaliser in [Normaliser::Name, Normaliser::Date, Normaliser::Identifier] {
                let Some(once) = normaliser.apply(&raw) else { continue };
                prop_assert!(!once.contains(char::is_control));
                let twice = normaliser.apply(&once);
                prop_assert_eq!(twice.as_ref(), Some(&once));
            }
        }
    }
}
