//! What was understood of a search, for the page: each thing with the clicks that change it.

use ui::{
    Frame,
    pages::{Reading, Terms, Without},
};

use super::{
    super::Fault,
    change::{Change, others},
    find,
    grammar::{Meaning, Read},
};
use crate::App;

/// Things that are left out one by one to see who is found then.
const COUNTED_MAX: usize = 8;
/// Records that are looked at for each.
const RECORDS_MAX: u32 = 100;

/// What was understood; if `is_empty`, who would be found without each thing is counted.
pub(super) async fn reading(
    app: &App,
    frame: &Frame,
    terms: &Terms,
    is_empty: bool,
) -> Result<Vec<Reading>, Fault> {
    let meaning = Meaning::of(terms);
    let is_all = meaning.reading.len() < 2;
    let mut told = Vec::new();
    for (at, read) in meaning.reading.iter().enumerate() {
        let change = Change::Drop(at);
        let without = match is_empty && !is_all && at < COUNTED_MAX {
            true => without(app, terms, change).await?,
            false => None,
        };
        told.push(Reading {
            what: frame.say(read.key),
            value: value(app, frame, read),
            drop: if is_all { String::new() } else { change.to_text() },
            others: others(read, at, terms),
            without,
        });
    }
    Ok(told)
}

/// How many persons are found after a change; `None` if that is no search.
async fn without(app: &App, terms: &Terms, change: Change) -> Result<Option<Without>, Fault> {
    let Some(terms) = change.of(terms) else { return Ok(None) };
    let meaning = Meaning::of(&terms);
    if !meaning.problems.is_empty() {
        return Ok(None);
    }
    match find::persons(app, &terms, &meaning, RECORDS_MAX).await {
        Ok(found) => Ok(Some(Without { count: found.persons.len() as u64, is_more: found.is_cut })),
        Err(Fault::Bad) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The value as people read it.
fn value(app: &App, frame: &Frame, read: &Read) -> String {
    let key = match (read.field, read.text.as_str()) {
        ("sex", "female") => "sex-female",
        ("sex", "male") => "sex-male",
        ("sex", "other") => "sex-other",
        ("sex", "unknown") => "sex-unknown",
        ("flag", "potential") => "issue-potential",
        ("flag", "conflict") => "issue-conflict",
        ("flag", "auto") => "issue-auto",
        ("flag", "human") => "link-adjudicated",
        ("flag", "broken") => "flag-broken",
        ("spelling", "exact") => "search-exact",
        ("spelling", "alike") => "search-alike",
        ("source", id) => {
            let names = app.settings().clients.names();
            let name = names.into_iter().find(|(client, _)| client.as_str() == id);
            let name = name.map(|(_, name)| name.clone()).filter(|name| !name.is_empty());
            return name.unwrap_or_else(|| id.to_owned());
        }
        _ => return read.text.clone(),
    };
    frame.say(key)
}
