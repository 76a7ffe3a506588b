//! Names that stand for each other: nicknames and spellings.
//!
//! The tables are data of a rule set; none is built in.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

/// Groups of names that one person may go by.
///
/// A name may be in several groups. Two names are aliases if some group has both.
#[derive(Clone, PartialEq, Serialize)]
pub struct AliasTable {
    /// For people and rule files.
    pub name: String,
    groups: Vec<BTreeSet<String>>,
    #[serde(skip)]
    of_name: HashMap<String, Vec<u32>, foldhash::fast::FixedState>,
}

impl AliasTable {
    /// A table of groups whose names are prepared as the feature's are.
    pub fn new<G, N>(name: impl Into<String>, groups: G) -> AliasTable
    where
        G: IntoIterator<Item = N>,
        N: IntoIterator<Item = String>,
    {
        let groups: Vec<BTreeSet<String>> =
            groups.into_iter().map(|group| group.into_iter().collect()).collect();
        let mut of_name: HashMap<String, Vec<u32>, _> = HashMap::default();
        for (at, group) in (0..).zip(&groups) {
            for name in group {
                of_name.entry(name.clone()).or_default().push(at);
            }
        }
        AliasTable { name: name.into(), groups, of_name }
    }

    /// The groups, each ascending.
    pub fn groups(&self) -> &[BTreeSet<String>] {
        &self.groups
    }

    /// Whether the two are different names for the same.
    pub fn has(&self, one: &str, other: &str) -> bool {
        let groups = self.of_name.get(one).zip(self.of_name.get(other));
        one != other && groups.is_some_and(|(a, b)| a.iter().any(|group| b.contains(group)))
    }

    /// All names that share a group with `name`, itself left out.
    pub fn aliases<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t str> {
        let groups = self.of_name.get(name).into_iter().flatten();
        let names = groups.flat_map(|group| &self.groups[*group as usize]);
        names.map(String::as_str).filter(move |alias| *alias != name)
    }
}

impl std::fmt::Debug for AliasTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AliasTable")
            .field("name", &self.name)
            .field("groups", &self.groups.len())
            .finish_non_exhaustive()
    }
}
