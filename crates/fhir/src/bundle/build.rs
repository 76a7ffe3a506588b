//! Builders of the Bundles this server answers with.
//!
//! `entry` is always written, empty or not: OpenCR's clients iterate it unguarded. R4 json
//! forbids empty arrays, so this is a knowing departure that readers tolerate.

use serde_json::{Map, Value, json};

use crate::outcome::OperationOutcome;
use crate::resource::Resource;

use super::{BundleType, Method};

/// Says why an entry is in a searchset (R4 valueset-search-entry-mode.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchMode {
    /// It matches the search.
    Match,
    /// A match refers to it.
    Include,
    /// It tells about the search.
    Outcome,
}

impl SearchMode {
    /// Gives the code.
    pub fn code(self) -> &'static str {
        match self {
            SearchMode::Match => "match",
            SearchMode::Include => "include",
            SearchMode::Outcome => "outcome",
        }
    }
}

/// Holds one entry of a searchset.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchEntry {
    /// Absolute URL of the resource; only outcomes have none.
    pub full_url: Option<String>,
    /// The resource.
    pub resource: Resource,
    /// Why it is here.
    pub mode: SearchMode,
    /// How well it matches, 0 to 1; written for `$match`.
    pub score: Option<f64>,
    /// Extensions of `search`, for example `match-grade`.
    pub extensions: Vec<Value>,
}

impl SearchEntry {
    /// Makes an entry without score.
    pub fn new(full_url: impl Into<String>, resource: Resource, mode: SearchMode) -> SearchEntry {
        let full_url = Some(full_url.into());
        SearchEntry { full_url, resource, mode, score: None, extensions: Vec::new() }
    }

    /// Makes the entry that tells about the search.
    pub fn outcome(outcome: &OperationOutcome) -> SearchEntry {
        let resource = outcome.to_resource();
        let mode = SearchMode::Outcome;
        SearchEntry { full_url: None, resource, mode, score: None, extensions: Vec::new() }
    }
}

/// Holds the answer to a search (R4 http.html#search, bundle.html#searchset).
#[derive(Clone, PartialEq, Default)]
pub struct Searchset {
    /// Id of the Bundle, if it has one.
    pub id: Option<String>,
    /// When it was put together, an instant.
    pub last_updated: Option<String>,
    /// How many resources match in all, on every page.
    pub total: Option<u64>,
    /// Relation (`self`, `next`, `previous`) and URL, in the order written.
    pub links: Vec<(String, String)>,
    /// The entries of this page: matches, then includes, then outcomes.
    pub entries: Vec<SearchEntry>,
}

impl Searchset {
    /// Writes the Bundle.
    pub fn into_resource(self) -> Resource {
        let mut members = envelope(BundleType::Searchset, self.id, self.last_updated);
        if let Some(total) = self.total {
            members.insert("total".to_owned(), Value::from(total));
        }
        insert_links(&mut members, &self.links);
        let entries = self.entries.into_iter().map(|entry| {
            let mut search = Map::new();
            if !entry.extensions.is_empty() {
                search.insert("extension".to_owned(), Value::Array(entry.extensions));
            }
            search.insert("mode".to_owned(), Value::from(entry.mode.code()));
            if let Some(score) = entry.score {
                search.insert("score".to_owned(), Value::from(score));
            }
            let mut written = Map::new();
            insert_text(&mut written, "fullUrl", entry.full_url);
            written.insert("resource".to_owned(), entry.resource.into_value());
            written.insert("search".to_owned(), Value::Object(search));
            Value::Object(written)
        });
        finish(members, entries.collect())
    }
}

/// Holds one version in a history (R4 http.html#history).
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// Absolute URL of the resource, without version.
    pub full_url: String,
    /// What it was then; `None` for a deletion.
    pub resource: Option<Resource>,
    /// The method that made the version.
    pub method: Method,
    /// The URL that the method went to, for example `Patient/x`.
    pub url: String,
    /// What was answered.
    pub response: EntryResponse,
}

/// Writes a history, newest version first as R4 http.html#history asks.
pub fn history(total: u64, links: &[(String, String)], entries: Vec<HistoryEntry>) -> Resource {
    let mut members = envelope(BundleType::History, None, None);
    members.insert("total".to_owned(), Value::from(total));
    insert_links(&mut members, links);
    let entries = entries.into_iter().map(|entry| {
        let mut written = Map::new();
        written.insert("fullUrl".to_owned(), Value::from(entry.full_url));
        if let Some(resource) = entry.resource {
            written.insert("resource".to_owned(), resource.into_value());
        }
        let request = json!({ "method": entry.method.code(), "url": entry.url });
        written.insert("request".to_owned(), request);
        written.insert("response".to_owned(), entry.response.response_value());
        Value::Object(written)
    });
    finish(members, entries.collect())
}

/// Holds the answer to one entry (R4 bundle-definitions.html#Bundle.entry.response).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntryResponse {
    /// Status code, with or without reason: `201 Created`.
    pub status: String,
    /// Where the resource is, with version.
    pub location: Option<String>,
    /// The version, `W/"1"`.
    pub etag: Option<String>,
    /// When it was written, an instant.
    pub last_modified: Option<String>,
    /// Hints and errors.
    pub outcome: Option<OperationOutcome>,
    /// The resource itself, if the client asked for it.
    pub resource: Option<Resource>,
    /// Absolute URL of that resource.
    pub full_url: Option<String>,
}

impl EntryResponse {
    /// Makes a response of a status alone.
    pub fn status(status: impl Into<String>) -> EntryResponse {
        EntryResponse { status: status.into(), ..EntryResponse::default() }
    }

    fn response_value(&self) -> Value {
        let mut written = Map::new();
        written.insert("status".to_owned(), Value::from(self.status.as_str()));
        insert_text(&mut written, "location", self.location.clone());
        insert_text(&mut written, "etag", self.etag.clone());
        insert_text(&mut written, "lastModified", self.last_modified.clone());
        if let Some(outcome) = &self.outcome {
            written.insert("outcome".to_owned(), outcome.to_resource().into_value());
        }
        Value::Object(written)
    }
}

/// Writes the answer to a batch or transaction; the entries answer those of the request in
/// order (R4 http.html#transaction-response). Every kind but transaction is answered as a
/// batch, as OpenCR does.
pub fn response_bundle(request: BundleType, entries: Vec<EntryResponse>) -> Resource {
    let kind = match request {
        BundleType::Transaction => BundleType::TransactionResponse,
        _ => BundleType::BatchResponse,
    };
    let entries = entries.into_iter().map(|mut entry| {
        let mut written = Map::new();
        insert_text(&mut written, "fullUrl", entry.full_url.take());
        if let Some(resource) = entry.resource.take() {
            written.insert("resource".to_owned(), resource.into_value());
        }
        written.insert("response".to_owned(), entry.response_value());
        Value::Object(written)
    });
    finish(envelope(kind, None, None), entries.collect())
}

fn envelope(kind: BundleType, id: Option<String>, updated: Option<String>) -> Map<String, Value> {
    let mut members = Map::new();
    insert_text(&mut members, "id", id);
    if let Some(updated) = updated {
        members.insert("meta".to_owned(), json!({ "lastUpdated": updated }));
    }
    members.insert("type".to_owned(), Value::from(kind.code()));
    members
}

fn insert_text(members: &mut Map<String, Value>, name: &str, text: Option<String>) {
    if let Some(text) = text {
        members.insert(name.to_owned(), Value::from(text));
    }
}

fn insert_links(members: &mut Map<String, Value>, links: &[(String, String)]) {
    if links.is_empty() {
        return;
    }
    let link = |(relation, url): &(String, String)| json!({ "relation": relation, "url": url });
    members.insert("link".to_owned(), Value::Array(links.iter().map(link).collect()));
}

fn finish(mut members: Map<String, Value>, entries: Vec<Value>) -> Resource {
    members.insert("entry".to_owned(), Value::Array(entries));
    Resource::author("Bundle", members)
}
