//! Looking for persons: the form, what it was understood as, and who was found.

use std::collections::BTreeMap;

use askama::Template;

use super::{Problem, of};
use crate::{Frame, marks::with_blanks};

/// What is looked for, by the form's names. No `Debug`: these are people.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Terms(pub BTreeMap<&'static str, String>);

impl Terms {
    /// The form's names.
    pub const NAMES: [&'static str; 12] = [
        "q",
        "family",
        "given",
        "birth",
        "sex",
        "phone",
        "identifier",
        "place",
        "cruid",
        "source",
        "flag",
        "spelling",
    ];

    /// What is said under a name; empty if nothing is.
    pub fn of(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether more than the one box is used.
    pub fn has_more(&self) -> bool {
        self.0.iter().any(|(name, value)| *name != "q" && !value.is_empty())
    }
}

/// A person who was found.
pub struct Found {
    /// The CRUID.
    pub cruid: String,
    /// The name that stands for the person.
    pub name: String,
    /// The key of the sex; empty if it is not known.
    pub sex: &'static str,
    /// The birth date as it was given.
    pub birth_date: String,
    /// How many records there are.
    pub count: u64,
    /// Keys of open issues about the records.
    pub flags: Vec<&'static str>,
    /// A record with an open issue, whose workbench may be opened; empty without one.
    pub bench: String,
    /// The records; not all, if there are many.
    pub records: Vec<FoundRecord>,
}

/// A record of a person who was found.
pub struct FoundRecord {
    /// What the system is called.
    pub source: String,
    /// The number that the system gave it.
    pub number: String,
    /// The name.
    pub name: String,
    /// The birth date as it was given.
    pub birth_date: String,
    /// Why it was found, in words; empty if its names have no part in it.
    pub why: String,
}

/// A thing that was understood, and how it can be changed by one click.
pub struct Reading {
    /// What it is taken for, in words.
    pub what: String,
    /// The value.
    pub value: String,
    /// The change that leaves it out; empty if it is all there is.
    pub drop: String,
    /// Changes that take it for something else, and keys of their names.
    pub others: Vec<(String, &'static str)>,
    /// How many persons are found without it, as far as that was counted: when nobody is found with it.
    pub without: Option<Without>,
}

/// How many persons are found without something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Without {
    /// How many.
    pub count: u64,
    /// Whether there are more.
    pub is_more: bool,
}

/// Who was found.
pub struct Results {
    /// What was understood.
    pub reading: Vec<Reading>,
    /// Whether persons can be chosen to be compared.
    pub may_compare: bool,
    /// Whether names that are alike can still be looked for.
    pub may_be_alike: bool,
    /// Persons of this page.
    pub persons: Vec<Found>,
    /// How many persons there are in all.
    pub total: u64,
    /// Whether there are more records than are looked at.
    pub is_cut: bool,
    /// The address of the page before.
    pub before: String,
    /// The address of the page after.
    pub after: String,
}

/// The page to look for persons on.
#[derive(Template)]
#[template(path = "search.html", blocks = ["suggestions"])]
pub struct Search<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// What is in the form.
    pub terms: Terms,
    /// Submitting systems: id and name.
    pub sources: Vec<(String, String)>,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
    /// Whether the search that the address names is not kept any more.
    pub has_ended: bool,
    /// Who was found; `None` before a search.
    pub results: Option<Results>,
    /// Persons for who is still typing; `None` if nothing was typed.
    pub suggestions: Option<Vec<Found>>,
    /// Persons whose pages this account opened last.
    pub recent: Vec<Found>,
}

impl Search<'_> {
    fn problem(&self, field: &str) -> &str {
        of(&self.problems, field)
    }

    /// What fewer conditions would find, if nobody was found.
    fn offers<'r>(&self, results: &'r Results) -> Vec<(&'r Reading, Without)> {
        let counted = results.reading.iter().filter_map(|it| Some((it, it.without?)));
        counted.filter(|(_, without)| without.count > 0).collect()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.terms.of(name) == value
    }
}

/// A text with blanks that are seen.
fn seen(text: &str) -> String {
    with_blanks(text, true, true)
}
