//! [`likeness`]: whether a name that somebody looks for may be a name that was written down.

use matching::{phonetic::double_metaphone, similarity::Algorithm};

/// How a name is like another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Likeness {
    /// Letter by letter.
    Same,
    /// It begins so.
    Begins,
    /// It sounds so, in Double Metaphone.
    Sounds,
    /// It is spelt nearly so; the Jaro-Winkler similarity.
    Similar(f64),
}

/// Least Jaro-Winkler similarity of names that are shown as similar. Below it, searches for common
/// names find mostly others.
const SIMILAR_MIN: f64 = 0.88;

/// How a folded name is like a folded text that was looked for; `None` if it is not.
pub fn likeness(wanted: &str, name: &str) -> Option<Likeness> {
    if wanted == name {
        return Some(Likeness::Same);
    }
    if wanted.is_empty() || name.is_empty() {
        return None;
    }
    if name.starts_with(wanted) {
        return Some(Likeness::Begins);
    }
    if sounds(wanted, name) {
        return Some(Likeness::Sounds);
    }
    let similarity = Algorithm::JaroWinkler.compare(wanted, name)?;
    (similarity >= SIMILAR_MIN).then_some(Likeness::Similar(similarity))
}

/// Whether two names have a code in common; codes of one letter say nothing, nor does what is not
/// written in Latin letters, which has none.
fn sounds(a: &str, b: &str) -> bool {
    if !a.is_ascii() || !b.is_ascii() {
        return false;
    }
    let codes = |text: &str| double_metaphone(text).map(|(first, second)| [first, second]);
    let (Some(a), Some(b)) = (codes(a), codes(b)) else { return false };
    a.iter().any(|code| code.len() > 1 && b.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_like_each_other_in_four_ways() {
        for (wanted, name, expected) in [
            ("moyo", "moyo", Some(Likeness::Same)),
            ("moy", "moyo", Some(Likeness::Begins)),
            ("philip", "filip", Some(Likeness::Sounds)),
            ("moyo", "okello", None),
            ("አበበ", "አበባ", None),
            ("", "moyo", None),
            ("moyo", "", None),
        ] {
            assert_eq!(likeness(wanted, name), expected, "{wanted} {name}");
        }
        let near = likeness("wilson", "wislon");
        assert!(matches!(near, Some(Likeness::Sounds | Likeness::Similar(_))), "{near:?}");
    }
}
