//! [`fold`]: what makes string searches blind to case and accents.

use unicode_normalization::UnicodeNormalization;

/// Folds text for comparison: lower case, no accents, compatibility forms made plain,
/// white space collapsed and trimmed.
///
/// R4 search.html#string: "case-insensitive and accent-insensitive". Accents are the
/// combining marks of Latin, Greek, Cyrillic, Hebrew and Arabic; vowel signs of Indic and
/// South-East Asian scripts stay, because without them different names fall together.
/// Letters with a stroke and ligatures (ø, ł, æ) have no decomposition in Unicode and are
/// mapped by hand. Folding twice changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return collapse(text.chars().map(|c| c.to_ascii_lowercase()));
    }
    // Decomposing can yield capitals (the sign ™ becomes TM), hence the second lowering.
    let plain = text
        .chars()
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|c| !is_accent(*c))
        .flat_map(char::to_lowercase)
        .flat_map(|c| strokes(c).chars().chain(unstroked(c)));
    let composed: String = plain.nfc().collect();
    collapse(composed.chars())
}

fn collapse(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    let mut gap = false;
    for c in chars {
        if c.is_whitespace() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        out.push(c);
    }
    out
}

fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}'
        | '\u{0483}'..='\u{0487}'
        | '\u{0591}'..='\u{05bd}'
        | '\u{05bf}' | '\u{05c1}' | '\u{05c2}' | '\u{05c4}' | '\u{05c5}' | '\u{05c7}'
        | '\u{0610}'..='\u{061a}'
        | '\u{064b}'..='\u{065f}'
        | '\u{0670}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Gives the plain letters of one that Unicode does not decompose; empty for all others.
fn strokes(c: char) -> &'static str {
    match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'ς' => "σ",
        _ => "",
    }
}

fn unstroked(c: char) -> Option<char> {
    strokes(c).is_empty().then_some(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_spaces_do_not_matter() {
        for (text, folded) in [
            ("", ""),
            ("  Amina \t  WANJIKU ", "amina wanjiku"),
            ("Émilie", "emilie"),
            ("E\u{301}milie", "emilie"),
            ("Søren Łukasz Straße", "soren lukasz strasse"),
            ("İstanbul", "istanbul"),
            ("ΣΟΦΟΣ", "σοφοσ"),
            ("ｆｕｌｌ", "full"),
            ("O'Brien-Smith", "o'brien-smith"),
            ("प्रिया", "प्रिया"),
            ("مُحَمَّد", "محمد"),
            ("한국", "한국"),
            ("™", "tm"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
