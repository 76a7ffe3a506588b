//! Preparing raw values: the one place where text changes before it is compared.
//!
//! Comparing is elsewhere; so is choosing which values a record has. The functions here are
//! OpenCR's, without accent folding and Unicode normalisation (quirk 5); those of native rules
//! are in `normalize/native.rs`, and which values stand for none in `normalize/skip.rs`.

mod check_digit;
pub mod native;
mod skip;

pub use check_digit::CheckDigit;
pub use native::Normaliser;
pub use skip::SkipValues;

/// Characters of one prepared value that are kept.
///
/// The slowest comparison needs memory and time in the square of the length, so a hostile
/// record must not choose it. No name, identifier or phone number list comes near; texts that
/// differ only behind it compare as equal.
pub const VALUE_CHARS_MAX: usize = 512;

/// Joins all values with one space, in order, duplicates kept (quirk 24).
pub fn join(values: &[String]) -> String {
    values.join(" ")
}

/// Prepares a text for an algorithm: trimmed as Java trims, lower-cased; `None` if nothing is left.
///
/// Trimming takes characters up to U+0020, so control characters too but not a no-break space.
/// Lower-casing is the full Unicode mapping in the root locale (quirks 5 and 6).
pub fn comparable(text: &str) -> Option<String> {
    let prepared = trim(text).to_lowercase();
    // Lower-casing cannot make a text shorter than one character, so only trimming empties it.
    if prepared.is_empty() { None } else { Some(cut(prepared)) }
}

/// Removes leading and trailing characters up to U+0020, as `java.lang.String.trim` does.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

/// Lower-cases code point by code point, as Lucene's LowerCaseFilter does; not trimmed.
///
/// There is no special final sigma, and a dotted capital I becomes a plain i.
pub fn token(text: &str) -> String {
    cut(text.chars().filter_map(|c| c.to_lowercase().next()).collect())
}

/// Prepares filter values: each a lower-cased token, sorted, once; empty ones are no values.
///
/// OpenCR compared the source's value as it stood, so one with a capital found nobody
/// (quirk 28).
pub fn tokens(values: &[String]) -> Vec<String> {
    let mut tokens: Vec<String> =
        values.iter().map(|value| token(value)).filter(|value| !value.is_empty()).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

pub(crate) fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(VALUE_CHARS_MAX) {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_alone_is_missing_but_a_no_break_space_is_not() {
        assert_eq!(comparable(" \t\u{1}\n "), None);
        assert_eq!(comparable("\u{a0}").as_deref(), Some("\u{a0}"));
    }

    #[test]
    fn comparable_text_uses_the_full_mapping() {
        assert_eq!(comparable(" İ ΣΑΣ").as_deref(), Some("i\u{307} σας"));
    }

    #[test]
    fn token_uses_the_simple_mapping_and_keeps_spaces() {
        assert_eq!(token(" İ ΑΣ "), " i ασ ");
    }

    #[test]
    fn filter_values_are_lower_cased_and_empty_ones_dropped() {
        let values = ["B".to_owned(), String::new(), "a".to_owned(), "b".to_owned()];
        assert_eq!(tokens(&values), ["a", "b"]);
    }

    #[test]
    fn several_values_become_one_text_in_order() {
        assert_eq!(join(&[" A ".to_owned(), "B".to_owned()]), " A  B");
    }

    #[test]
    fn a_hostile_length_is_cut() {
        assert_eq!(token(&"é".repeat(5000)).chars().count(), VALUE_CHARS_MAX);
    }
}
