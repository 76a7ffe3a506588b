//! [`Change`]: one click that turns a search into another: something left out, or read as something else.

use ui::pages::Terms;

use super::grammar::{Meaning, Read};

/// Fields that a word may be moved to.
const TARGETS: [&str; 5] = ["q", "family", "given", "phone", "identifier"];

/// What is changed; things are counted as the page lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Names that are alike are found, too.
    Alike,
    /// A thing is left out.
    Drop(usize),
    /// A thing is taken for what a field holds.
    Move(&'static str, usize),
}

impl Change {
    /// Reads what [`Change::to_text`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "alike" {
            return Some(Self::Alike);
        }
        let (word, at) = text.split_once(':')?;
        let at = at.parse().ok()?;
        if word == "drop" {
            return Some(Self::Drop(at));
        }
        TARGETS.into_iter().find(|it| *it == word).map(|target| Self::Move(target, at))
    }

    /// Writes it for a button.
    pub(super) fn to_text(self) -> String {
        match self {
            Self::Alike => "alike".to_owned(),
            Self::Drop(at) => format!("drop:{at}"),
            Self::Move(target, at) => format!("{target}:{at}"),
        }
    }

    /// The search after it; `None` if there is no such thing in it.
    pub(super) fn of(self, terms: &Terms) -> Option<Terms> {
        let mut terms = terms.clone();
        let at = match self {
            Self::Alike => {
                terms.0.insert("spelling", "alike".to_owned());
                return Some(terms);
            }
            Self::Drop(at) | Self::Move(_, at) => at,
        };
        let read = Meaning::of(&terms).reading.into_iter().nth(at)?;
        let words: Vec<&str> = terms.of(read.field).split_whitespace().collect();
        let left = words.iter().enumerate().filter(|(at, _)| !read.words.contains(at));
        let left = left.map(|(_, word)| *word).collect::<Vec<_>>().join(" ");
        put(&mut terms, read.field, left);
        if let Self::Move(target, _) = self {
            let both = [terms.of(target), read.text.as_str()];
            let both = both.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
            put(&mut terms, target, both);
        }
        Some(terms)
    }
}

fn put(terms: &mut Terms, field: &'static str, value: String) {
    if value.is_empty() {
        terms.0.remove(field);
    } else {
        terms.0.insert(field, value);
    }
}

/// What a thing may be taken for instead, and keys of the names of that.
pub(super) fn others(read: &Read, at: usize, terms: &Terms) -> Vec<(String, &'static str)> {
    let targets: &[(&'static str, &'static str)] = match read.key {
        "search-name" => &[("family", "read-family"), ("given", "read-given")],
        "family-name" => &[("given", "read-given"), ("q", "read-name")],
        "given-names" => &[("family", "read-family"), ("q", "read-name")],
        "search-number" => &[("phone", "read-phone"), ("identifier", "read-identifier")],
        "birth-date" if read.field == "q" => &[("identifier", "read-identifier")],
        _ => &[],
    };
    // A phone or an identifier is one value.
    let is_free =
        |field: &str| !matches!(field, "phone" | "identifier") || terms.of(field).is_empty();
    let targets = targets.iter().filter(|(field, _)| is_free(field));
    targets.map(|(field, name)| (Change::Move(field, at).to_text(), *name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(fields: &[(&'static str, &str)]) -> Terms {
        Terms(fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    #[test]
    fn things_are_left_out_or_read_otherwise() {
        let check = |from: &[(&'static str, &str)], change: &str, to: &[(&'static str, &str)]| {
            let changed = Change::parse(change).and_then(|change| change.of(&terms(from)));
            assert!(changed.is_some_and(|changed| changed == terms(to)), "{from:?} {change}");
        };
        check(&[("q", "moyo 1987 ann")], "drop:1", &[("q", "moyo ann")]);
        check(&[("q", "moyo 1987")], "family:0", &[("q", "1987"), ("family", "moyo")]);
        check(&[("q", "moyo"), ("family", "van")], "family:0", &[("family", "van moyo")]);
        check(&[("q", "0772 300 001")], "phone:0", &[("phone", "0772300001")]);
        check(&[("q", "1987")], "identifier:0", &[("identifier", "1987")]);
        check(&[("family", "van moyo")], "q:1", &[("q", "moyo"), ("family", "van")]);
        let filters = [("q", "moyo"), ("birth", "1987"), ("source", "lab"), ("spelling", "exact")];
        check(&filters, "drop:1", &[("q", "moyo"), ("source", "lab"), ("spelling", "exact")]);
        check(&filters, "drop:2", &[("q", "moyo"), ("birth", "1987"), ("spelling", "exact")]);
        check(&filters, "drop:3", &[("q", "moyo"), ("birth", "1987"), ("source", "lab")]);
        check(&[("q", "moyo")], "alike", &[("q", "moyo"), ("spelling", "alike")]);
    }

    #[test]
    fn what_no_button_says_changes_nothing() {
        for bad in ["", "drop", "drop:", "drop:x", "drop:-1", "source:0", "form_token:0"] {
            assert_eq!(Change::parse(bad), None, "{bad}");
        }
        assert!(Change::parse("drop:9").is_some_and(|it| it.of(&terms(&[("q", "a")])).is_none()));
        for change in [Change::Alike, Change::Drop(3), Change::Move("given", 1)] {
            assert_eq!(Change::parse(&change.to_text()), Some(change));
        }
    }
}
