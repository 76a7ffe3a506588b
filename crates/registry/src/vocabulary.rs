//! How the registry's facts are spelt in FHIR: tag systems, codes and extension urls.
//!
//! The defaults are OpenCR's, which its clients and its web UI have compiled in (contract 2.2 to
//! 2.4). Sources can neither set nor remove anything spelt this way.

use std::{collections::HashMap, sync::Arc};

use crate::{commit::TagKey, ids::ClientId, state::IssueKind};

/// The spelling of registry facts, and the known clients and identifier systems.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// Identifier systems whose values identify source records.
    pub internal_systems: Vec<Arc<str>>,
    /// Prefix of the tag systems, such as `http://openclientregistry.org/fhir`.
    pub base_uri: String,
    /// The code of the tag that marks a golden record; that tag has no system.
    pub golden_code: String,
    /// The url of the extension that names a record declared to be somebody else.
    pub broken_match_url: String,
    /// Display names of the known clients.
    pub client_names: HashMap<ClientId, String>,
}

/// What people read beside the golden record's tag.
pub const GOLDEN_DISPLAY: &str = "Golden Record";

impl Vocabulary {
    /// The system of the tag that names the submitting client.
    pub fn client_system(&self) -> String {
        format!("{}/clientid", self.base_uri)
    }

    /// The system of the tags of potential matches and conflicts.
    pub fn issue_system(&self) -> String {
        format!("{}/matchIssues", self.base_uri)
    }

    /// The system of the tag of automatic matches.
    pub fn auto_system(&self) -> String {
        format!("{}/automatch", self.base_uri)
    }

    /// The system of the tag of records about which a person decided.
    pub fn adjudication_system(&self) -> String {
        format!("{}/humanAdjudication", self.base_uri)
    }

    /// The system, code and display of the tag of an open issue.
    pub fn issue_tag(&self, kind: IssueKind) -> (String, &'static str, &'static str) {
        match kind {
            IssueKind::Potential => (self.issue_system(), "potentialMatches", "Potential Matches"),
            IssueKind::Conflict => (self.issue_system(), "conflictMatches", "Conflict On Match"),
            IssueKind::Auto => (self.auto_system(), "autoMatches", "Auto Matches"),
        }
    }

    /// Whether a tag belongs to the registry, so that sources cannot set it.
    pub fn owns_tag(&self, tag: &TagKey) -> bool {
        if tag.code == self.golden_code {
            return true;
        }
        let Some(system) = tag.system.as_deref() else { return false };
        ["clientid", "matchIssues", "automatch", "humanAdjudication", "require-reprocess"]
            .iter()
            .any(|name| {
                system
                    .strip_prefix(self.base_uri.as_str())
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|rest| rest == *name)
            })
    }
}

impl Default for Vocabulary {
    /// OpenCR's spelling, its three sample systems and no named clients.
    fn default() -> Self {
        Self {
            internal_systems: ["openmrs", "dhis2", "lims"]
                .map(|name| Arc::from(format!("http://clientregistry.org/{name}")))
                .to_vec(),
            base_uri: "http://openclientregistry.org/fhir".to_owned(),
            golden_code: "5c827da5-4858-4f3d-a50c-62ece001efea".to_owned(),
            broken_match_url: "http://clientregistry.org/brokenMatch".to_owned(),
            client_names: HashMap::new(),
        }
    }
}
