//! What a record says about a person, before it becomes a FHIR Patient.

use crate::date::Birth;
use crate::names::Culture;

/// Administrative gender, as far as these people state one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gender {
    Female,
    Male,
}

impl Gender {
    /// FHIR's code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Female => Self::Male,
            Self::Male => Self::Female,
        }
    }
}

/// A person as one system describes them; missing is `None` or no given name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Where further names of this person come from.
    pub(crate) culture: &'static Culture,
    /// Given names in the order in which they are used.
    pub(crate) given: Vec<String>,
    pub(crate) family: Option<String>,
    pub(crate) gender: Option<Gender>,
    pub(crate) birth: Option<Birth>,
    /// With country code and no spaces, unless a mistake left it otherwise.
    pub(crate) phone: Option<String>,
    pub(crate) national_id: Option<String>,
    pub(crate) art_number: Option<String>,
    pub(crate) district: Option<String>,
    pub(crate) village: Option<String>,
}
