//! Values that stand for no value: `unknown`, `baby of …`, 1900-01-01, 0000.
//!
//! A record that has one is as one that has none, so that two unknown people are not alike. The
//! standard lists hold what no person is called; a rule file adds to them.

use serde::Serialize;

use super::Normaliser;

/// Names that are none, as prepared for names; `*` stands for anything that follows.
const NAMES: [&str; 38] = [
    "unknown",
    "unkown",
    "unknow",
    "unk",
    "unidentified",
    "not known",
    "not available",
    "not applicable",
    "not given",
    "not recorded",
    "not stated",
    "no name",
    "noname",
    "n a",
    "none",
    "nil",
    "null",
    "missing",
    "test",
    "test patient",
    "testing",
    "anonymous",
    "x",
    "xx",
    "xxx",
    "xxxx",
    "baby of *",
    "babyof *",
    "b o *",
    "infant of *",
    "child of *",
    "baby boy",
    "baby girl",
    "baby male",
    "baby female",
    "newborn",
    "male child",
    "female child",
];

/// Dates that forms and programs fill in.
const DATES: [&str; 6] =
    ["1900-01-01", "1900", "1900-01", "1899-12-30", "2099-12-31", "2100-01-01"];

/// Identifiers and codes that say that there is none.
const CODES: [&str; 12] = [
    "unknown",
    "unk",
    "none",
    "nil",
    "null",
    "na",
    "n/a",
    "test",
    "tbd",
    "pending",
    "missing",
    "undefined",
];

/// Runs of digits that are typed instead of a number.
const RUNS: [&str; 4] = ["123456789", "1234567890", "12345678", "987654321"];

/// What is taken for no value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct SkipValues {
    /// Whether the list that comes with the feature's [`Normaliser`] counts.
    pub standard: bool,
    /// Further values, compared after both were prepared; `*` at the end stands for anything
    /// that follows.
    pub values: Vec<String>,
}

impl SkipValues {
    /// The standard list alone.
    pub fn standard() -> SkipValues {
        SkipValues { standard: true, values: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.standard && self.values.is_empty()
    }

    /// Whether a prepared value stands for none.
    pub(crate) fn has(&self, normaliser: &Normaliser, value: &str) -> bool {
        (self.standard && is_standard(normaliser, value))
            || self.values.iter().any(|listed| {
                let (start, is_open) = match listed.strip_suffix('*') {
                    Some(start) => (start, true),
                    None => (listed.as_str(), false),
                };
                normaliser
                    .apply(start)
                    .is_some_and(|start| value == start || is_open && value.starts_with(&start))
            })
    }
}

fn is_standard(normaliser: &Normaliser, value: &str) -> bool {
    let is_listed = |list: &[&str]| {
        list.iter().any(|listed| match listed.strip_suffix('*') {
            Some(start) => value.starts_with(start),
            None => value == *listed,
        })
    };
    match normaliser {
        Normaliser::Opencr | Normaliser::Text | Normaliser::Name => is_listed(&NAMES),
        Normaliser::Phone { .. } => is_one_digit(value) || is_listed(&RUNS),
        Normaliser::Date => is_listed(&DATES),
        Normaliser::Identifier => {
            is_one_digit(value) || is_listed(&RUNS) || {
                let lower = value.to_lowercase();
                CODES.contains(&lower.as_str())
            }
        }
        Normaliser::Code => is_listed(&CODES),
    }
}

/// Whether one character is all there is, over and over: `0000`, `99999`, `XXX`.
fn is_one_digit(value: &str) -> bool {
    let mut chars = value.chars();
    let first = chars.next();
    value.len() > 2 && chars.all(|c| Some(c) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        let phone = Normaliser::Phone { country: None };
        let table = [
            (Normaliser::Name, "Unknown", true),
            (Normaliser::Name, "N/A", true),
            (Normaliser::Name, "Baby of Grace", true),
            (Normaliser::Name, "B/O Grace", true),
            (Normaliser::Name, "Grace", false),
            (Normaliser::Name, "Nil Bahadur", false),
            (Normaliser::Date, "1900-01-01", true),
            (Normaliser::Date, "1980-01-01", false),
            (phone.clone(), "0999 999 999", true),
            (phone, "0772 123 456", false),
            (Normaliser::Identifier, "000-000", true),
            (Normaliser::Identifier, "unknown", true),
            (Normaliser::Identifier, "CF0001", false),
            (Normaliser::Code, "UNK", true),
            (Normaliser::Code, "female", false),
        ];
        for (normaliser, raw, is_placeholder) in table {
            let value = normaliser.apply(raw);
            let is_skipped =
                value.as_deref().is_none_or(|value| SkipValues::standard().has(&normaliser, value));
            assert_eq!(is_skipped, is_placeholder, "{raw}");
        }
    }

    #[test]
    fn a_rule_file_adds_its_own() {
        let skip = SkipValues { standard: false, values: vec!["Mtoto wa *".into(), "Siri".into()] };
        let has = |raw: &str| skip.has(&Normaliser::Name, &raw.to_lowercase());
        assert_eq!(
            ["mtoto wa asha", "siri", "unknown", "sirius"].map(has),
            [true, true, false, false]
        );
    }
}
