//! [`Mark`]: which characters of a value differ from another, so that readers see it at once.
//!
//! Compared are what readers take for one character (grapheme clusters, UAX #29), so that an accent or
//! a vowel sign is never torn off.

use similar::{ChangeTag, TextDiff};

/// A stretch of a value. No `Debug`: it holds what people are called.
#[derive(Clone, PartialEq, Eq)]
pub struct Mark {
    /// The text.
    pub text: String,
    /// Whether it is not so in the other value.
    pub differs: bool,
}

/// Longest values that are compared character by character, in bytes; in longer ones everything is
/// marked. The longest names have about 300 characters.
const COMPARED_BYTES_MAX: usize = 2_000;

/// The value in stretches, in order; together they are the value.
pub fn marks(value: &str, other: &str) -> Vec<Mark> {
    if value == other || other.is_empty() {
        return plain(value);
    }
    if value.len().max(other.len()) > COMPARED_BYTES_MAX {
        return vec![Mark { text: value.to_owned(), differs: true }];
    }
    let mut marks: Vec<Mark> = Vec::new();
    for change in TextDiff::from_graphemes(other, value).iter_all_changes() {
        let differs = match change.tag() {
            ChangeTag::Delete => continue,
            ChangeTag::Insert => true,
            ChangeTag::Equal => false,
        };
        match marks.last_mut() {
            Some(last) if last.differs == differs => last.text.push_str(change.value()),
            _ => marks.push(Mark { text: change.value().to_owned(), differs }),
        }
    }
    marks
}

/// A value without marks.
pub fn plain(value: &str) -> Vec<Mark> {
    vec![Mark { text: value.to_owned(), differs: false }]
}

/// The text with blanks visible that a browser would swallow: at both ends, and repeated ones.
pub fn with_blanks(text: &str, is_first: bool, is_last: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_blank = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|it| *it == ' ');
    let shown = chars.iter().enumerate().map(|(at, it)| {
        let is_end = (at == 0 && is_first) || (at + 1 == chars.len() && is_last);
        let is_repeated = is_blank(at.checked_sub(1)) || is_blank(Some(at + 1));
        if *it == ' ' && (is_end || is_repeated) { '\u{2423}' } else { *it }
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value with marks in brackets.
    fn marked(value: &str, other: &str) -> String {
        let shown = marks(value, other).into_iter();
        shown.map(|it| if it.differs { format!("[{}]", it.text) } else { it.text }).collect()
    }

    #[test]
    fn what_differs_is_marked_by_whole_characters() {
        for (value, other, expected) in [
            ("Moyo", "Moyo", "Moyo"),
            ("Moyo", "", "Moyo"),
            ("Moyo", "Mayo", "M[o]yo"),
            ("1987-04-12", "1987-04-21", "1987-04-[1]2"),
            ("Andre\u{301}", "Andre", "Andr[e\u{301}]"),
            ("አበበ", "አበባ", "አበ[በ]"),
        ] {
            assert_eq!(marked(value, other), expected, "{value} {other}");
        }
    }

    #[test]
    fn blanks_that_a_browser_swallows_are_seen() {
        assert_eq!(with_blanks(" a  b c ", true, true), "␣a␣␣b c␣");
        assert_eq!(with_blanks(" a", false, true), " a");
    }

    proptest! {
        #[test]
        fn marks_make_up_the_value(value in "\\PC{0,40}", other in "\\PC{0,40}") {
            let text: String = marks(&value, &other).into_iter().map(|it| it.text).collect();
            prop_assert_eq!(text, value);
        }
    }
}
