//! [`Texts`]: what is said in a language, with its numbers and dates (Fluent, `locales/`).
//!
//! Numbers and dates are written here and not by Fluent, which leaves both to whoever embeds it.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use jiff::{Timestamp, civil, tz::TimeZone};
use rust_embed::RustEmbed;

use crate::Language;

/// The catalogues: a folder for each language, a file for each subject.
#[derive(RustEmbed)]
#[folder = "locales"]
struct Catalogues;

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<HashMap<Language, Bundle>> =
    LazyLock::new(|| Language::ALL.into_iter().map(|each| (each, bundle(each))).collect());

/// What is said in one language.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    language: Language,
}

impl Texts {
    /// Those of a language.
    pub fn of(language: Language) -> Self {
        Self { language }
    }

    /// The language.
    pub fn language(self) -> Language {
        self.language
    }

    /// The text with this key.
    pub fn say(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// The same with values in it.
    pub fn with(self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let said = say(self.language, key, values);
        // A test sees to it that English has every key that the sources name.
        said.or_else(|| say(Language::English, key, values)).unwrap_or_else(|| key.to_owned())
    }

    /// Whether the language has a text of its own for the key.
    pub fn has(self, key: &str) -> bool {
        BUNDLES[&self.language].has_message(key)
    }

    /// A count as people write it, such as `12,300`.
    pub fn number(self, count: u64) -> String {
        grouped(count, separator(self.language))
    }

    /// A day, such as `23 Nov 2026`.
    pub fn day(self, day: civil::Date) -> String {
        let month = self.say(&format!("month-{}", day.month()));
        let number = |number: i16| FluentValue::from(number.to_string());
        let (year, of_month) = (number(day.year()), number(day.day().into()));
        self.with("date-day", &[("day", of_month), ("month", month.into()), ("year", year)])
    }

    /// A moment to the minute, in UTC.
    pub fn moment(self, at: Timestamp) -> String {
        let at = at.to_zoned(TimeZone::UTC);
        let time = format!("{:02}:{:02}", at.hour(), at.minute());
        self.with("date-moment", &[("day", self.day(at.date()).into()), ("time", time.into())])
    }
}

fn say(language: Language, key: &str, values: &[(&str, FluentValue<'_>)]) -> Option<String> {
    let bundle = &BUNDLES[&language];
    let pattern = bundle.get_message(key)?.value()?;
    let mut arguments = FluentArgs::new();
    for (name, value) in values {
        arguments.set(*name, value.clone());
    }
    // What goes wrong inside a text shows in it.
    let mut wrong = Vec::new();
    Some(bundle.format_pattern(pattern, Some(&arguments), &mut wrong).into_owned())
}

/// All catalogues of a language in one.
fn bundle(language: Language) -> Bundle {
    // Plurals of the two for testing are English, as their texts are.
    let spoken = if language.is_pseudo() { Language::English } else { language };
    let tag = spoken.tag().parse().expect("the tags are well formed");
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    let prefix = format!("{}/", spoken.tag());
    for path in Catalogues::iter().filter(|path| path.starts_with(&prefix)) {
        let file = Catalogues::get(&path).expect("it was listed");
        let text = String::from_utf8(file.data.into_owned()).expect("catalogues are UTF-8");
        let resource = FluentResource::try_new(text)
            .unwrap_or_else(|(_, errors)| panic!("{path}: {errors:?}"));
        bundle.add_resource(resource).unwrap_or_else(|errors| panic!("{path}: {errors:?}"));
    }
    bundle.set_formatter(Some(match separator(spoken) {
        '.' => formatted::<'.', _>,
        NARROW => formatted::<NARROW, _>,
        _ => formatted::<',', _>,
    }));
    bundle.set_transform(match language {
        Language::Pseudo => Some(lengthened),
        Language::PseudoRightToLeft => Some(turned),
        _ => None,
    });
    bundle
}

fn lengthened(text: &str) -> Cow<'_, str> {
    fluent_pseudo::transform(text, false, true)
}

fn turned(text: &str) -> Cow<'_, str> {
    fluent_pseudo::transform(text, true, false)
}

/// A narrow blank that no line breaks at.
const NARROW: char = '\u{202f}';

/// What stands between thousands (CLDR, `decimal` grouping).
fn separator(language: Language) -> char {
    match language {
        Language::French => NARROW,
        Language::Portuguese => '.',
        _ => ',',
    }
}

fn formatted<const SEPARATOR: char, M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    // Only counts are handed to texts.
    let count = number.as_string().parse().ok()?;
    Some(grouped(count, SEPARATOR))
}

fn grouped(count: u64, separator: char) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        for (language, expected) in [
            (Language::English, "1,234,567"),
            (Language::French, "1\u{202f}234\u{202f}567"),
            (Language::Portuguese, "1.234.567"),
        ] {
            assert_eq!(Texts::of(language).number(1_234_567), expected);
        }
        assert_eq!(Texts::of(Language::English).number(0), "0");
        assert_eq!(Texts::of(Language::English).number(999), "999");
        assert_eq!(Texts::of(Language::English).number(1000), "1,000");
    }

    #[test]
    fn dates_follow_the_language() {
        let day = civil::date(2026, 11, 3);
        let plain = |text: String| text.replace(['\u{2068}', '\u{2069}'], "");
        assert_eq!(plain(Texts::of(Language::English).day(day)), "3 Nov 2026");
        assert_eq!(plain(Texts::of(Language::French).day(day)), "3 nov. 2026");
    }

    #[test]
    fn missing_text_is_english_and_unknown_key_shows_itself() {
        assert_eq!(Texts::of(Language::French).say("no-such-key"), "no-such-key");
        assert_ne!(Texts::of(Language::Pseudo).say("sign-in"), "Sign in");
        assert!(Texts::of(Language::Pseudo).say("sign-in").len() > "Sign in".len());
    }
}
