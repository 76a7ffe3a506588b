//! Phonetic codes, as commons-codec up to 1.21 made them (quirk 32).
//!
//! Thin guards around the crate rphonetic, which is a port of commons-codec but panics on some
//! letters outside ASCII. Matching uses [`metaphone`] only; the others are for the future
//! choice of an encoder.

use rphonetic::{DoubleMetaphone, Encoder, Metaphone, Soundex};

/// Letters of a code that OpenCR's index kept.
const CODE_MAX: usize = 4;

/// Classic Metaphone, at most 4 letters; empty if the text has no sound.
pub fn metaphone(text: &str) -> String {
    encode_metaphone(text, Some(CODE_MAX))
}

/// Classic Metaphone without a limit.
pub fn metaphone_unlimited(text: &str) -> String {
    encode_metaphone(text, None)
}

fn encode_metaphone(text: &str, max: Option<usize>) -> String {
    // commons-codec gives a text of one UTF-16 unit back upper-cased, letter or not.
    if text.encode_utf16().count() == 1 {
        return text.to_uppercase();
    }
    Metaphone::new(max).encode(&shout(text))
}

/// American Soundex, or `None` if the text has a letter outside A to Z, where commons-codec fails.
///
/// A text without letters has the empty code.
pub fn soundex(text: &str) -> Option<String> {
    let upper = text.to_uppercase();
    if upper.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
        return None;
    }
    Some(Soundex::default().encode(&shout(text)))
}

/// Double Metaphone's primary and alternate code, at most 4 letters each.
///
/// `None` for a text of white space, where commons-codec gives null.
pub fn double_metaphone(text: &str) -> Option<(String, String)> {
    if crate::normalize::trim(text).is_empty() {
        return None;
    }
    let codes = DoubleMetaphone::new(Some(CODE_MAX)).double_metaphone(&shout(text));
    Some((codes.primary(), codes.alternate()))
}

/// Upper-cases with the full mapping, then puts a non-letter for everything outside ASCII.
///
/// The encoders skip non-letters, and commons-codec skips letters outside ASCII; rphonetic
/// slices by bytes and panics on them.
fn shout(text: &str) -> String {
    text.to_uppercase().chars().map(|c| if c.is_ascii() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ch_at_the_start_is_k_as_before_commons_codec_1_22() {
        assert_eq!(metaphone("cheruiyot"), "KRYT");
    }

    #[test]
    fn single_letters_outside_ascii_keep_their_own_codes() {
        assert_ne!(metaphone("é"), metaphone("ü"));
    }

    #[test]
    fn letters_outside_ascii_are_skipped() {
        assert_eq!(metaphone("müller"), "MLR");
        assert_eq!(soundex("müller"), None);
        assert_eq!(double_metaphone("иванов"), Some((String::new(), String::new())));
        assert_eq!(double_metaphone("  "), None);
    }
}
