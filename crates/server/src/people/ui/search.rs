//! Looking for persons: `/ui/search` (decision 26).
//!
//! What is looked for is sent in forms and kept with the session under a number, so that it stands in
//! no address and no log. The audit log has its keyed hash, and who was shown.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{StatusCode, Uri};
use registry::{account::Permission, ids::Cruid};
use ui::{
    Frame,
    pages::{Problem, Results, Search, Terms},
};
use uuid::Uuid;

use super::{Fault, Form, Visit, reply};
use crate::{App, people::People, query};

mod change;
mod find;
mod grammar;
mod kept;
mod reading;
mod recent;
mod shown;

use change::Change;
use grammar::Meaning;
use kept::Kept;
pub(in crate::people) use kept::Searches;
pub(in crate::people) use recent::Recent;
pub(super) use recent::opened;

/// Persons on a page.
const PAGE: usize = 20;
/// Persons who are suggested while somebody types.
const SUGGESTED: usize = 8;
/// Records that suggestions are made of.
const SUGGESTED_RECORDS: u32 = 24;
/// Longest value of a field, in characters; the longest names have about 300.
const VALUE_CHARS_MAX: usize = 400;

/// `GET /ui/search`: the empty form.
pub(super) async fn page(State(app): State<App>, visit: Visit) -> Result<Response, Fault> {
    let frame = visit.frame(&app);
    let mut page = form_page(&app, &frame, Terms::default());
    page.recent = recent::persons(&app, &visit, &frame).await?;
    Ok(reply::page(&page))
}

fn form_page<'f>(app: &App, frame: &'f Frame, terms: Terms) -> Search<'f> {
    let names = app.settings().clients.names();
    let mut sources: Vec<(String, String)> = names
        .iter()
        .map(|(id, name)| {
            (id.to_string(), if name.is_empty() { id.to_string() } else { name.clone() })
        })
        .collect();
    sources.sort_by(|a, b| a.1.cmp(&b.1));
    Search {
        frame,
        terms,
        sources,
        problems: Vec::new(),
        has_ended: false,
        results: None,
        suggestions: None,
        recent: Vec::new(),
    }
}

fn terms_of(form: &mut Form) -> Result<Terms, Fault> {
    let mut terms = Terms::default();
    for name in Terms::NAMES {
        let value = form.take(name).trim().to_owned();
        if value.chars().count() > VALUE_CHARS_MAX {
            return Err(Fault::Bad);
        }
        if !value.is_empty() {
            terms.0.insert(name, value);
        }
    }
    Ok(terms)
}

/// Tells the audit log what was looked for; it keeps keyed hashes.
fn note(visit: &Visit, terms: &Terms) {
    let pairs: Vec<(String, String)> =
        terms.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    visit.notes.looked_for(&pairs);
}

/// `POST /ui/search`: looks, keeps what was found, and leads to it. A button may change what was
/// looked for before.
pub(super) async fn find(
    State(app): State<App>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let frame = visit.frame(&app);
    match look(&app, &visit, &mut form).await? {
        Looked::Kept(token) => Ok(reply::go(&format!("/ui/search/r/{token}"))),
        Looked::Wrong(terms, problems) => {
            let mut page = form_page(&app, &frame, terms);
            let problems = problems.into_iter();
            page.problems = problems.map(|(field, key)| Problem::of(&frame, field, key)).collect();
            Ok(reply::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

/// What came of looking.
pub(super) enum Looked {
    /// What was found is kept under this number.
    Kept(String),
    /// The form, and what is wrong with it: fields and keys.
    Wrong(Terms, Vec<(&'static str, &'static str)>),
}

/// Looks for what a form says, tells the audit log, and keeps what was found with the session.
pub(super) async fn look(app: &App, visit: &Visit, form: &mut Form) -> Result<Looked, Fault> {
    let mut terms = terms_of(form)?;
    let change = form.take("change");
    if !change.is_empty() {
        let change = Change::parse(&change).and_then(|change| change.of(&terms));
        terms = change.ok_or(Fault::Bad)?;
    }
    note(visit, &terms);
    let meaning = Meaning::of(&terms);
    if !meaning.problems.is_empty() {
        return Ok(Looked::Wrong(terms, meaning.problems));
    }
    let found = match find::persons(app, &terms, &meaning, find::RECORDS_MAX).await {
        Err(Fault::Bad) => return Ok(Looked::Wrong(terms, vec![("q", "search-wrong")])),
        found => found?,
    };
    let token = Uuid::new_v4().to_string();
    let people = People::of(app);
    let names = meaning.names.iter().map(|name| ::fhir::search::fold(&name.text)).collect();
    let kept = Kept { terms, names, persons: found.persons, is_cut: found.is_cut };
    people.shared.searches.keep(token.clone(), visit.user()?.session(), people.now(), kept);
    Ok(Looked::Kept(token))
}

/// Who was found under a number, and whether there were more; `None` if it is not kept any more.
pub(super) fn looked(
    app: &App,
    visit: &Visit,
    token: &str,
) -> Result<Option<(Terms, Vec<Cruid>, bool)>, Fault> {
    let people = People::of(app);
    let kept = people.shared.searches.find(token, visit.user()?.session(), people.now());
    Ok(kept.map(|kept| {
        note(visit, &kept.terms);
        (kept.terms, kept.persons, kept.is_cut)
    }))
}

/// `GET /ui/search/r/{token}?from=…`: who was found.
pub(super) async fn results(
    State(app): State<App>,
    Path(token): Path<String>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let people = People::of(&app);
    let frame = visit.frame(&app);
    let session = visit.user()?.session();
    let Some(kept) = people.shared.searches.find(&token, session, people.now()) else {
        let mut page = form_page(&app, &frame, Terms::default());
        page.has_ended = true;
        return Ok(reply::page_with(StatusCode::NOT_FOUND, &page));
    };
    note(&visit, &kept.terms);
    let pairs = query::decode(uri.query().unwrap_or_default()).map_err(|_| Fault::Bad)?;
    let from: usize = query::value(&pairs, "from").and_then(|it| it.parse().ok()).unwrap_or(0);
    let total = kept.persons.len();
    let from = from.min(total) / PAGE * PAGE;
    let to = (from + PAGE).min(total);
    let cruids = &kept.persons[from..to];
    visit.notes.about(cruids.iter().map(Cruid::as_str));
    let address = |from: usize| format!("/ui/search/r/{token}?from={from}");
    let results = Results {
        reading: reading::reading(&app, &frame, &kept.terms, total == 0).await?,
        may_be_alike: !kept.names.is_empty() && kept.terms.of("spelling") != "alike",
        persons: shown::persons(&app, &frame, cruids, &kept.names).await?,
        may_compare: cruids.len() > 1 && frame.may(Permission::PatientRead),
        total: total as u64,
        is_cut: kept.is_cut,
        before: if from > 0 { address(from - PAGE) } else { String::new() },
        after: if to < total { address(to) } else { String::new() },
    };
    let mut page = form_page(&app, &frame, kept.terms);
    page.results = Some(results);
    Ok(reply::page(&page))
}

/// `POST /ui/search/suggest`: a few persons for who is still typing.
pub(super) async fn suggest(
    State(app): State<App>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let terms = Terms([("q", terms_of(&mut form)?.of("q").to_owned())].into());
    note(&visit, &terms);
    let meaning = Meaning::of(&terms);
    let frame = visit.frame(&app);
    let mut page = form_page(&app, &frame, terms);
    if meaning.problems.is_empty() {
        let found = find::persons(&app, &page.terms, &meaning, SUGGESTED_RECORDS).await?;
        let cruids: Vec<_> = found.persons.into_iter().take(SUGGESTED).collect();
        visit.notes.about(cruids.iter().map(Cruid::as_str));
        page.suggestions = Some(shown::persons(&app, &frame, &cruids, &[]).await?);
    }
    Ok(reply::page(&page.as_suggestions()))
}
