//! [`Sought`]: what is known of a person who is looked for, and [`FoundPersons`], who that may be.

use std::collections::HashSet;

use registry::{
    ids::{Cruid, RecordNumber},
    search::Filter,
};

/// What is known of a person who is looked for: all of it holds for one live record of the person.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// What the record says.
    pub filters: Vec<Filter>,
    /// How the person's CRUID begins; empty if that is not known.
    pub cruid_start: String,
    /// Whether the record must be in a pair that was declared to be different people.
    pub is_broken: bool,
}

/// Persons of whom some record fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPersons {
    /// Each once, in order of the age of the first record that was found of them.
    pub persons: Vec<Cruid>,
    /// Whether more records fit than were looked at.
    pub is_cut: bool,
}

impl FoundPersons {
    /// Of records that fit, one more than `limit` if there are more.
    pub(crate) fn of(mut found: Vec<(RecordNumber, Cruid)>, limit: u32) -> Self {
        let is_cut = found.len() > limit as usize;
        found.truncate(limit as usize);
        found.sort_by_key(|(number, _)| number.0);
        let mut known = HashSet::new();
        let cruids = found.into_iter().map(|(_, cruid)| cruid);
        Self { persons: cruids.filter(|cruid| known.insert(cruid.clone())).collect(), is_cut }
    }
}

#[cfg(test)]
mod tests {
    use registry::search::{StringParam, TextMode};

    use super::*;

    #[test]
    fn debug_of_what_is_sought_says_nothing_of_people() {
        let filter = Filter::Text {
            param: StringParam::Name,
            mode: TextMode::Starts,
            any: vec!["amina".to_owned()],
        };
        let sought = Sought { filters: vec![filter], ..Sought::default() };
        assert!(!format!("{sought:?}").contains("amina"));
    }
}
