//! [`Wanted`]: whether a name that somebody looks for may be a name that was written down.

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

/// A folded name that is looked for, held against many.
#[derive(Clone)]
pub struct Wanted {
    text: String,
    codes: Vec<String>,
}

impl Wanted {
    /// The name.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { codes: codes(&text), text }
    }

    /// How a folded name is like it; `None` if it is not.
    pub fn likeness(&self, name: &str) -> Option<Likeness> {
        let wanted = self.text.as_str();
        if wanted == name {
            return Some(Likeness::Same);
        }
        if wanted.is_empty() || name.is_empty() {
            return None;
        }
        if name.starts_with(wanted) {
            return Some(Likeness::Begins);
        }
        if !self.codes.is_empty() && codes(name).iter().any(|code| self.codes.contains(code)) {
            return Some(Likeness::Sounds);
        }
        let similarity = Algorithm::JaroWinkler.compare(wanted, name)?;
        (similarity >= SIMILAR_MIN).then_some(Likeness::Similar(similarity))
    }
}

/// Double Metaphone codes; none of one letter, which say nothing, and none of what is not
/// written in Latin letters.
fn codes(text: &str) -> Vec<String> {
    if !text.is_ascii() {
        return Vec::new();
    }
    let Some((first, second)) = double_metaphone(text) else { return Vec::new() };
    let mut codes = vec![first, second];
    codes.retain(|code| code.len() > 1);
    codes
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
            assert_eq!(Wanted::new(wanted).likeness(name), expected, "{wanted} {name}");
        }
        let near = Wanted::new("wilson").likeness("wislon");
        assert!(matches!(near, Some(Likeness::Sounds | Likeness::Similar(_))), "{near:?}");
    }
}
