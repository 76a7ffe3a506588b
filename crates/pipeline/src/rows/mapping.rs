//! What the columns of a table mean: the mapping file, and guesses for what it leaves open.
//!
//! ```toml
//! source = "http://clientregistry.org/openmrs"   # identifier system of the id column
//! date_order = "dmy"                             # 03/04/1990 is 3 April; else left out
//! guess = true                                   # guess the columns not named below
//! [columns]
//! "Kolumn" = "given"
//! "CNI"    = "identifier:http://example.org/cni"
//! ```

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde::Deserialize;

use super::{COLUMNS_MAX, Column, DateOrder, synonyms};

/// The identifier system of national ids in OpenCR's shipped rules.
const NATIONAL_ID: &str = "http://clientregistry.org/nationalid";
/// The identifier system of ART numbers in OpenCR's shipped rules.
const ART_NUMBER: &str = "http://clientregistry.org/artnumber";

/// What a column holds. `Target::parse` takes the names in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `"id"`: the record's own id.
    Id,
    /// `"given"`: first name or names, kept as one text.
    Given,
    /// `"middle"`: a further given name.
    Middle,
    /// `"family"`: surname.
    Family,
    /// `"name"`: the whole name in one column, kept as `HumanName.text`.
    Name,
    /// `"gender"`: m, f, male, female, 1, 2, other, unknown.
    Gender,
    /// `"birthdate"`: a date, partial ones included.
    BirthDate,
    /// `"phone"`: may be given to several columns.
    Phone,
    /// `"email"`: may be given to several columns.
    Email,
    /// `"nationalid"`, `"ssn"`, `"art"` or `"identifier:<system URI>"`.
    Identifier {
        /// The identifier system.
        system: Arc<str>,
        /// The code of HL7's table 0203, if known.
        code: Option<&'static str>,
    },
    /// `"street_number"`: put before the first address line.
    StreetNumber,
    /// `"line"`: may be given to several columns, in their order.
    Line,
    /// `"village"`: the city if there is no other, else an address line.
    Village,
    /// `"city"`: city, town or suburb.
    City,
    /// `"district"`: district or county.
    District,
    /// `"state"`: state, province or region.
    State,
    /// `"postcode"`: postal code.
    PostalCode,
    /// `"country"`: country.
    Country,
    /// `"ignore"`: not read.
    Ignore,
}

/// The plain names of targets; `identifier:<system URI>` comes on top.
const TARGETS: [(&str, Target); 18] = [
    ("id", Target::Id),
    ("given", Target::Given),
    ("middle", Target::Middle),
    ("family", Target::Family),
    ("name", Target::Name),
    ("gender", Target::Gender),
    ("birthdate", Target::BirthDate),
    ("phone", Target::Phone),
    ("email", Target::Email),
    ("street_number", Target::StreetNumber),
    ("line", Target::Line),
    ("village", Target::Village),
    ("city", Target::City),
    ("district", Target::District),
    ("state", Target::State),
    ("postcode", Target::PostalCode),
    ("country", Target::Country),
    ("ignore", Target::Ignore),
];

/// Names of identifier targets with a system of their own.
const IDENTIFIERS: [&str; 3] = ["nationalid", "ssn", "art"];

impl Target {
    /// A national id, of the kind that is called a social security number if `is_ssn`.
    pub(super) fn national_id(is_ssn: bool) -> Self {
        let code = if is_ssn { "SS" } else { "NI" };
        Target::Identifier { system: NATIONAL_ID.into(), code: Some(code) }
    }

    /// An ART number.
    pub(super) fn art_number() -> Self {
        Target::Identifier { system: ART_NUMBER.into(), code: Some("MR") }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(system) = text.strip_prefix("identifier:") {
            let system = system.trim();
            return (!system.is_empty())
                .then(|| Target::Identifier { system: system.into(), code: None });
        }
        match text {
            "nationalid" => Some(Target::national_id(false)),
            "ssn" => Some(Target::national_id(true)),
            "art" => Some(Target::art_number()),
            _ => TARGETS.iter().find(|(name, _)| *name == text).map(|(_, target)| target.clone()),
        }
    }

    /// True if at most one column can have it.
    fn is_single(&self) -> bool {
        match self {
            Target::Phone
            | Target::Email
            | Target::Line
            | Target::Ignore
            | Target::Identifier { .. } => false,
            Target::Id
            | Target::Given
            | Target::Middle
            | Target::Family
            | Target::Name
            | Target::Gender
            | Target::BirthDate
            | Target::StreetNumber
            | Target::Village
            | Target::City
            | Target::District
            | Target::State
            | Target::PostalCode
            | Target::Country => true,
        }
    }
}

/// What a mapping file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The identifier system of the id column, if the file says it; for the caller, who gives
    /// the one in force with [`super::Options`].
    pub source: Option<Arc<str>>,
    /// The order of day and month, if the file says it.
    pub date_order: Option<DateOrder>,
    is_guessing: bool,
    columns: BTreeMap<String, Target>,
}

/// Says what is wrong with a mapping file.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("cannot read the mapping file {path}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML, or a key is unknown or of the wrong type.
    #[error("the mapping file is not understood: {0}")]
    Toml(#[from] toml::de::Error),
    /// A column is mapped to something that does not exist.
    #[error("column '{column}': there is no target '{target}'; {hint}")]
    Target {
        /// The column.
        column: String,
        /// What it was mapped to.
        target: String,
        /// The nearest target, or all of them.
        hint: String,
    },
    /// Two columns are mapped to a target that only one can have.
    #[error("columns '{first}' and '{second}' cannot both be '{target}'; map one to 'ignore'")]
    Twice {
        /// A column.
        first: String,
        /// Another column.
        second: String,
        /// The target.
        target: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    source: Option<String>,
    date_order: Option<DateOrder>,
    #[serde(default = "yes")]
    guess: bool,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    ///
    /// [`MappingError`]: the message names the key or column and the nearest known word.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| MappingError::Read { path: path.display().to_string(), source })?;
        Self::parse(&text)
    }

    /// Reads the text of a mapping file.
    ///
    /// # Errors
    ///
    /// [`MappingError`], as [`Mapping::load`].
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let file: MappingFile = toml::from_str(text)?;
        let mut columns: BTreeMap<String, Target> = BTreeMap::new();
        for (column, name) in file.columns {
            let Some(target) = Target::parse(&name) else {
                return Err(MappingError::Target { column, hint: hint(&name), target: name });
            };
            let earlier = columns.iter().find(|(_, other)| target.is_single() && **other == target);
            if let Some((first, _)) = earlier {
                let first = first.clone();
                return Err(MappingError::Twice { first, second: column, target: name });
            }
            columns.insert(column, target);
        }
        Ok(Self {
            source: file.source.map(Arc::from),
            date_order: file.date_order,
            is_guessing: file.guess,
            columns,
        })
    }
}

fn hint(name: &str) -> String {
    let names = || TARGETS.iter().map(|(name, _)| *name).chain(IDENTIFIERS);
    match nearest(name, names()) {
        Some(near) => format!("did you mean '{near}'?"),
        None => {
            let all: Vec<_> = names().collect();
            format!("use one of {}, or identifier:<system URI>", all.join(", "))
        }
    }
}

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(&word.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Says why a table's header cannot be used. Column names are not patient data.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The first line is not a usable record of names.
    #[error("the first line, the header, cannot be read: {0}")]
    Unreadable(super::RowProblem),
    /// There are too many columns.
    #[error("the header has {0} columns, at most {COLUMNS_MAX} are read")]
    TooMany(usize),
    /// No column name means anything.
    #[error(
        "no column of the first line is known: it must hold the column names; \
         say what they mean with --mapping"
    )]
    NothingKnown,
    /// No column is the record's id.
    #[error(
        "no column holds the record's own id (such as rec_id, id, mrn): without it the same \
         file read twice would register everybody twice; name it with --mapping (\"column\" = \"id\")"
    )]
    NoId,
    /// The mapping names a column that is not there.
    #[error("the mapping names column '{column}', which the header has not{}", nearest_hint(.nearest))]
    Missing {
        /// The column named.
        column: String,
        /// The most similar column of the header.
        nearest: Option<String>,
    },
}

fn nearest_hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(": did you mean '{name}'?")).unwrap_or_default()
}

/// Decides what each column of `header` is: as the mapping says, else guessed by its name.
///
/// # Errors
///
/// [`HeaderError::NothingKnown`] or [`HeaderError::Missing`].
pub(super) fn columns(
    header: Vec<String>,
    mapping: Option<&Mapping>,
) -> Result<Vec<Column>, HeaderError> {
    let mut columns: Vec<Column> = header
        .into_iter()
        .map(|name| Column { name: name.trim().to_owned(), target: None })
        .collect();
    let mut is_named = vec![false; columns.len()];
    for (name, target) in mapping.iter().flat_map(|mapping| &mapping.columns) {
        let index = position(&columns, name)?;
        is_named[index] = true;
        columns[index].target = Some(target.clone()).filter(|target| *target != Target::Ignore);
    }
    if mapping.is_none_or(|mapping| mapping.is_guessing) {
        guess(&mut columns, &is_named);
    }
    if columns.iter().all(|column| column.target.is_none()) {
        return Err(HeaderError::NothingKnown);
    }
    Ok(columns)
}

fn position(columns: &[Column], name: &str) -> Result<usize, HeaderError> {
    let exact = columns.iter().position(|column| column.name == name);
    let alike = || {
        let key = synonyms::key(name);
        columns.iter().position(|column| !key.is_empty() && synonyms::key(&column.name) == key)
    };
    exact.or_else(alike).ok_or_else(|| HeaderError::Missing {
        column: name.to_owned(),
        nearest: nearest(name, columns.iter().map(|column| column.name.as_str()))
            .map(str::to_owned),
    })
}

/// Guesses the columns not named; of two for one single target, the usual name wins.
fn guess(columns: &mut [Column], is_named: &[bool]) {
    let mut guesses: Vec<(usize, usize, Target)> = columns
        .iter()
        .enumerate()
        .filter(|(index, _)| !is_named[*index])
        .filter_map(|(index, column)| {
            synonyms::guess(&column.name).map(|(rank, target)| (rank, index, target))
        })
        .collect();
    guesses.sort_by_key(|(rank, index, _)| (*rank, *index));
    for (_, index, target) in guesses {
        let is_taken = target.is_single()
            && columns.iter().any(|column| column.target.as_ref() == Some(&target));
        if !is_taken {
            columns[index].target = Some(target);
        }
    }
}
