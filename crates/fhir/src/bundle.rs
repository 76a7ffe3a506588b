//! Bundles: reading batch, transaction and other submissions, and building answers
//! (R4 bundle.html, http.html#transaction).
//!
//! An entry that is wrong does not spoil the envelope: its issues stay with it, because a
//! batch answers entry by entry while a transaction refuses the whole (R4
//! http.html#transaction). What the entries mean is the caller's.

mod build;

use serde_json::Value;

use crate::outcome::{Issue, IssueType, Severity};
use crate::resource::{ParseError, Resource};

pub use build::{
    EntryResponse, HistoryEntry, SearchEntry, SearchMode, Searchset, history, response_bundle,
};

/// Most entries of a submitted Bundle.
///
/// Decoding holds all of them in memory and each asks for a decision; importers send more
/// Bundles instead. The answer to more is `too-costly`.
pub const ENTRIES_MAX: usize = 10_000;

/// Names the purpose of a Bundle (R4 valueset-bundle-type.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the value set linked above defines each code")]
pub enum BundleType {
    Document,
    Message,
    Transaction,
    TransactionResponse,
    Batch,
    BatchResponse,
    History,
    Searchset,
    Collection,
}

const BUNDLE_TYPES: [(BundleType, &str); 9] = [
    (BundleType::Document, "document"),
    (BundleType::Message, "message"),
    (BundleType::Transaction, "transaction"),
    (BundleType::TransactionResponse, "transaction-response"),
    (BundleType::Batch, "batch"),
    (BundleType::BatchResponse, "batch-response"),
    (BundleType::History, "history"),
    (BundleType::Searchset, "searchset"),
    (BundleType::Collection, "collection"),
];

impl BundleType {
    /// Gives the code.
    pub fn code(self) -> &'static str {
        BUNDLE_TYPES.iter().find(|(kind, _)| *kind == self).map_or("collection", |(_, code)| code)
    }

    /// Gives the type of a code.
    pub fn from_code(code: &str) -> Option<BundleType> {
        BUNDLE_TYPES.iter().find(|(_, known)| *known == code).map(|(kind, _)| *kind)
    }
}

/// Names an HTTP method of an entry (R4 valueset-http-verb.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Patch,
}

const METHODS: [(Method, &str); 6] = [
    (Method::Get, "GET"),
    (Method::Head, "HEAD"),
    (Method::Post, "POST"),
    (Method::Put, "PUT"),
    (Method::Delete, "DELETE"),
    (Method::Patch, "PATCH"),
];

impl Method {
    /// Gives the code.
    pub fn code(self) -> &'static str {
        METHODS.iter().find(|(method, _)| *method == self).map_or("GET", |(_, code)| code)
    }

    /// Gives the method of a code; case matters.
    pub fn from_code(code: &str) -> Option<Method> {
        METHODS.iter().find(|(_, known)| *known == code).map(|(method, _)| *method)
    }
}

/// Holds a submitted Bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// Its purpose.
    pub kind: BundleType,
    /// Its entries in order; at most [`ENTRIES_MAX`].
    pub entries: Vec<BundleEntry>,
}

/// Holds one entry. `Debug` may show `full_url` and `request`, which name resources of
/// servers; [`Resource`] hides its content itself.
#[derive(Debug, Clone, PartialEq)]
pub struct BundleEntry {
    /// Identity of the resource, often `urn:uuid:…`; references inside the Bundle use it.
    pub full_url: Option<String>,
    /// What to do with the resource.
    pub request: Option<EntryRequest>,
    /// The resource.
    pub resource: Option<Resource>,
    /// What is wrong with the entry; parts that could not be read are `None` above.
    pub issues: Vec<Issue>,
}

impl BundleEntry {
    /// Tells whether the entry cannot be processed.
    pub fn has_error(&self) -> bool {
        self.issues.iter().any(Issue::is_error)
    }
}

/// Holds `Bundle.entry.request`. `Debug` hides the texts, which may hold search values.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryRequest {
    /// The method.
    pub method: Method,
    /// Relative to the base, as written.
    pub url: String,
    /// `ifMatch`: the version that must be current.
    pub if_match: Option<String>,
    /// `ifNoneMatch`: the version that must not be current.
    pub if_none_match: Option<String>,
    /// `ifModifiedSince`: an instant.
    pub if_modified_since: Option<String>,
    /// `ifNoneExist`: the query of a conditional create.
    pub if_none_exist: Option<String>,
}

impl std::fmt::Debug for EntryRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EntryRequest({})", self.method.code())
    }
}

/// Says why a body is not a Bundle that can be worked on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The body is not a resource.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It is another resource.
    #[error("resource is not a Bundle")]
    NotABundle,
    /// `type` is absent or unknown.
    #[error("Bundle.type is missing or not a code of the value set bundle-type")]
    Type,
    /// `entry` is there but not an array.
    #[error("Bundle.entry must be an array")]
    Entries,
    /// There are more than [`ENTRIES_MAX`] entries.
    #[error("Bundle has {count} entries; at most {ENTRIES_MAX} are accepted")]
    TooManyEntries {
        /// How many there are.
        count: usize,
    },
}

impl From<&BundleError> for Issue {
    fn from(error: &BundleError) -> Issue {
        let text = error.to_string();
        match error {
            BundleError::Parse(inner) => Issue::from(inner),
            BundleError::NotABundle => Issue::error(IssueType::Invalid, text),
            BundleError::Type => Issue::error(IssueType::Required, text).at("Bundle.type"),
            BundleError::Entries => Issue::error(IssueType::Structure, text).at("Bundle.entry"),
            BundleError::TooManyEntries { .. } => {
                Issue::error(IssueType::TooCostly, text).at("Bundle.entry")
            }
        }
    }
}

impl Bundle {
    /// Reads a Bundle from the bytes of a body.
    ///
    /// # Errors
    ///
    /// [`BundleError`]: the envelope is unusable. Problems of entries are in the entries.
    pub fn parse(bytes: &[u8]) -> Result<Bundle, BundleError> {
        Bundle::from_resource(Resource::parse(bytes)?)
    }

    /// Takes a resource apart as a Bundle; an absent `entry` is no entries.
    ///
    /// # Errors
    ///
    /// As [`Bundle::parse`].
    pub fn from_resource(resource: Resource) -> Result<Bundle, BundleError> {
        if resource.resource_type() != "Bundle" {
            return Err(BundleError::NotABundle);
        }
        let code = resource.get("type").and_then(Value::as_str);
        let kind = code.and_then(BundleType::from_code).ok_or(BundleError::Type)?;
        let mut value = resource.into_value();
        let entries = match value.get_mut("entry").map(Value::take) {
            None => Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(BundleError::Entries),
        };
        if entries.len() > ENTRIES_MAX {
            return Err(BundleError::TooManyEntries { count: entries.len() });
        }
        let entries = entries.into_iter().enumerate();
        let entries = entries.map(|(at, entry)| read_entry(entry, &format!("Bundle.entry[{at}]")));
        Ok(Bundle { kind, entries: entries.collect() })
    }
}

fn read_entry(mut entry: Value, place: &str) -> BundleEntry {
    let mut issues = Vec::new();
    if !entry.is_object() {
        issues.push(Issue::error(IssueType::Structure, "an entry must be an object").at(place));
    }
    let full_url = read_text(&entry, "fullUrl", place, &mut issues);
    let request = match entry.get("request") {
        None => None,
        Some(request) => read_request(request, &format!("{place}.request"), &mut issues),
    };
    let resource = match entry.get_mut("resource").map(Value::take) {
        None => None,
        Some(value) => match Resource::from_value(value) {
            Ok(resource) => Some(resource),
            Err(error) => {
                let issue = Issue { severity: Severity::Error, ..Issue::from(&error) };
                issues.push(issue.at(format!("{place}.resource")));
                None
            }
        },
    };
    BundleEntry { full_url, request, resource, issues }
}

fn read_request(request: &Value, place: &str, issues: &mut Vec<Issue>) -> Option<EntryRequest> {
    if !request.is_object() {
        issues.push(Issue::error(IssueType::Structure, "a request must be an object").at(place));
        return None;
    }
    let method = request.get("method").and_then(Value::as_str).and_then(Method::from_code);
    if method.is_none() {
        let text = "a request needs a method: GET, HEAD, POST, PUT, DELETE or PATCH";
        issues.push(Issue::error(IssueType::Required, text).at(format!("{place}.method")));
    }
    let url = read_text(request, "url", place, issues);
    if url.is_none() {
        let text = "a request needs a url";
        issues.push(Issue::error(IssueType::Required, text).at(format!("{place}.url")));
    }
    let mut text = |member| read_text(request, member, place, issues);
    let (if_match, if_none_match) = (text("ifMatch"), text("ifNoneMatch"));
    let (if_modified_since, if_none_exist) = (text("ifModifiedSince"), text("ifNoneExist"));
    Some(EntryRequest {
        method: method?,
        url: url?,
        if_match,
        if_none_match,
        if_modified_since,
        if_none_exist,
    })
}

/// Reads an optional text; a member of another shape is an issue, since an `ifMatch` that is
/// not understood must not become an unconditional update.
fn read_text(value: &Value, member: &str, place: &str, issues: &mut Vec<Issue>) -> Option<String> {
    match value.get(member)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => {
            let text = format!("{member} must be a string that is not empty");
            issues.push(Issue::error(IssueType::Structure, text).at(format!("{place}.{member}")));
            None
        }
    }
}

#[cfg(test)]
mod tests;
