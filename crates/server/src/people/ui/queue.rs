//! The work queue: pairs that wait for a person's eyes, `/ui/queue`, and each of them,
//! `/ui/queue/{record}`.

use std::collections::HashMap;

use ::fhir::resource::Resource;
use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use registry::{
    account::Permission,
    aside::AsideKind,
    ids::RecordId,
    render::source_patient,
    state::{IssueKind, MatchIssue},
    stored::StoredPatient,
};
use store::{QueueFilter, Window};
use ui::{
    Frame,
    pages::{Holder, Problem, Queue, Tab, Totals, View, Waiting},
};

use super::{
    Fault, Visit,
    person::{facts, links::score_text, read},
    reply,
};
use crate::{App, people::People, query};

mod aside;
mod asked;
pub(super) mod checked;
pub(super) mod done;
pub(super) mod find;
mod leases;
pub(super) mod matrix;
mod pace;
pub(super) mod pair;
pub(super) mod workbench;

use asked::Asked;
use done::done_by;
pub(in crate::people) use leases::Leases;

/// Pairs of one page.
const PAGE: u64 = 50;
/// Pairs that are looked through for one that nobody works on.
const LOOKED_THROUGH_MAX: u64 = 2_000;

fn kinds(tab: Tab) -> &'static [IssueKind] {
    match tab {
        // What two persons claim comes before what one may be.
        Tab::All | Tab::Waiting | Tab::Escalated => &[IssueKind::Conflict, IssueKind::Potential],
        Tab::Potential => &[IssueKind::Potential],
        Tab::Conflicts => &[IssueKind::Conflict],
        Tab::Automatic => &[IssueKind::Auto],
    }
}

/// What is put aside and shown in a tab; `None` for what is not.
fn aside_in(tab: Tab) -> Option<AsideKind> {
    match tab {
        Tab::Waiting => Some(AsideKind::Waiting),
        Tab::Escalated => Some(AsideKind::Escalated),
        Tab::All | Tab::Potential | Tab::Conflicts | Tab::Automatic => None,
    }
}

/// The key of why a pair waits.
fn reason(kind: IssueKind) -> &'static str {
    match kind {
        IssueKind::Potential => "issue-potential",
        IssueKind::Conflict => "issue-conflict",
        IssueKind::Auto => "issue-auto",
    }
}

/// What waits in a tab, and how much there is in all.
async fn waiting(
    app: &App,
    visit: &Visit,
    (asked, tab): (&Asked, Tab),
    window: Window,
) -> Result<(Vec<MatchIssue>, u64), Fault> {
    let mut filter = asked.filter(app, visit, kinds(tab))?;
    filter.aside = aside_in(tab);
    Ok(app.pipeline().queue().queued(&filter, People::of(app).now(), window).await?)
}

/// How many wait in a tab, without filters.
async fn total(app: &App, tab: Tab) -> Result<u64, Fault> {
    let filter = QueueFilter { aside: aside_in(tab), ..QueueFilter::of(kinds(tab)) };
    let none = Window { offset: 0, limit: 0 };
    Ok(app.pipeline().queue().queued(&filter, People::of(app).now(), none).await?.1)
}

/// `GET /ui/queue?kind=…&from=…` and filters: what waits.
pub(super) async fn page(
    State(app): State<App>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let (asked, pairs) = Asked::told(&uri)?;
    let offset = query::value(&pairs, "from").map_or(Ok(0), str::parse).map_err(|_| Fault::Bad)?;
    let frame = visit.frame(&app);
    let (mut totals, mut issues) = (Totals::default(), Vec::new());
    if asked.wrong.is_empty() {
        for (tab, total) in Tab::ALL.into_iter().zip(&mut totals.tabs) {
            let limit = if tab == asked.view.tab { PAGE } else { 0 };
            let window = Window { offset, limit };
            let (found, all) = waiting(&app, &visit, (&asked, tab), window).await?;
            issues.extend(found);
            *total = all;
        }
    }
    totals.done = done_by(&app, &visit)?.len();
    let rows = rows(&app, &visit, &frame, &issues).await?;
    let problems = asked.wrong.iter().map(|(field, key)| Problem::of(&frame, field, key));
    let page = Queue {
        sources: sources(&app, &asked.view),
        problems: problems.collect(),
        view: asked.view,
        totals,
        rows,
        offset,
        page: PAGE,
        undo: undo_address(&app, &visit)?,
        frame: &frame,
    };
    let is_right = page.problems.is_empty();
    let status = if is_right { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(reply::page_with(status, &page))
}

/// The systems that the queue can be filtered by, in order of name; and the one it is filtered by.
fn sources(app: &App, view: &View) -> Vec<(String, String)> {
    let known = app.pipeline().settings().vocabulary.client_names.iter();
    let mut all: Vec<(String, String)> = known
        .map(|(id, name)| {
            (id.to_string(), if name.is_empty() { id.to_string() } else { name.clone() })
        })
        .collect();
    let asked = &view.filters.source;
    if !asked.is_empty() && all.iter().all(|(id, _)| id != asked) {
        all.push((asked.clone(), asked.clone()));
    }
    all.sort_by(|(a_id, a), (b_id, b)| (a, a_id).cmp(&(b, b_id)));
    all
}

async fn rows(
    app: &App,
    visit: &Visit,
    frame: &Frame,
    issues: &[MatchIssue],
) -> Result<Vec<Waiting>, Fault> {
    let ends = issues.iter().flat_map(|it| [it.subject.clone(), it.evidence.candidate.clone()]);
    let states = read::states(app, ends).await?;
    let says = if frame.may(Permission::PatientRead) {
        visit.notes.about(states.keys().map(RecordId::as_str));
        sayings(app, states.keys()).await?
    } else {
        HashMap::new()
    };
    let says = |id: &RecordId| says.get(id).cloned().unwrap_or_default();
    let people = People::of(app);
    let (session, now) = (visit.user()?.session(), people.now());
    let skipped = people.shared.leases.skipped(session);
    let rows = issues.iter().map(|issue| {
        let other = &issue.evidence.candidate;
        let held = people.shared.leases.holder(&issue.subject, now);
        Waiting {
            kind: reason(issue.kind),
            record: read::name_of(app, &states, &issue.subject),
            says: says(&issue.subject),
            other: read::name_of(app, &states, other),
            other_says: says(other),
            score: score_text(&issue.evidence),
            since: read::moment(issue.opened_at),
            holder: held.map(|held| holder(&held, visit)),
            is_skipped: skipped.contains(&issue.subject),
        }
    });
    Ok(rows.collect())
}

fn holder(held: &leases::Held, visit: &Visit) -> Holder {
    let (name, until) = (held.name.clone(), read::moment(held.until));
    let is_me = visit.user.as_ref().is_some_and(|user| user.username() == name);
    Holder { name, until, is_me }
}

/// What records say of their person, in a few words: name and birth date.
async fn sayings<'i>(
    app: &App,
    ids: impl Iterator<Item = &'i RecordId>,
) -> Result<HashMap<RecordId, String>, Fault> {
    let ids: Vec<String> = ids.map(ToString::to_string).collect();
    let vocabulary = &app.pipeline().settings().vocabulary;
    let mut found = HashMap::new();
    for stored in app.reader().patients(&ids).await? {
        let StoredPatient::Source(source) = stored else { continue };
        let patient =
            source_patient(&source, vocabulary).map_err(|error| Fault::of_server(&error))?;
        found.insert(source.state.id, saying(&patient));
    }
    Ok(found)
}

/// Name and birth date, as far as they are said; each in its own direction, or an Arabic name
/// would turn the digits round.
fn saying(patient: &Resource) -> String {
    let birth = patient.value()["birthDate"].as_str().unwrap_or_default();
    let (name, birth) = (facts::name(patient), birth.to_owned());
    let parts = [('\u{2068}', name), ('\u{2066}', birth)].into_iter();
    let parts = parts.filter(|(_, part)| !part.is_empty());
    let isolated = parts.map(|(begin, part)| format!("{begin}{part}\u{2069}"));
    isolated.collect::<Vec<_>>().join(" · ")
}

/// `GET /ui/queue/next?kind=…` and filters: the first that nobody works on and that was not left for
/// later; then what was left longest ago.
pub(super) async fn next(
    State(app): State<App>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let (asked, _) = Asked::of(&uri)?;
    match find_next(&app, &visit, &asked).await? {
        Some(item) => Ok(reply::go(&pair_address(&item, &asked.view))),
        None => Ok(reply::go_and_say(&app, &queue_address(&asked.view), "done-queue-empty")),
    }
}

async fn find_next(app: &App, visit: &Visit, asked: &Asked) -> Result<Option<RecordId>, Fault> {
    let people = People::of(app);
    let (user, now) = (visit.user()?, people.now());
    let skipped = people.shared.leases.skipped(user.session());
    let is_free = |item: &RecordId| {
        people.shared.leases.holder(item, now).is_none_or(|held| held.name == user.username())
    };
    let mut left = None;
    let mut window = Window { offset: 0, limit: PAGE };
    while window.offset < LOOKED_THROUGH_MAX {
        let (issues, _) = waiting(app, visit, (asked, asked.view.tab), window).await?;
        if issues.is_empty() {
            break;
        }
        window.offset += issues.len() as u64;
        for issue in issues {
            let rank = skipped.iter().position(|item| *item == issue.subject);
            match rank {
                _ if !is_free(&issue.subject) => {}
                None => return Ok(Some(issue.subject)),
                Some(rank) if left.as_ref().is_none_or(|(best, _)| rank < *best) => {
                    left = Some((rank, issue.subject));
                }
                Some(_) => {}
            }
        }
    }
    Ok(left.map(|(_, item)| item))
}

fn queue_address(view: &View) -> String {
    format!("/ui/queue?{}", view.query())
}

fn pair_address(item: &RecordId, view: &View) -> String {
    format!("/ui/queue/{item}?{}", view.query())
}

/// Where the last decision of this session is undone.
fn undo_address(app: &App, visit: &Visit) -> Result<Option<String>, Fault> {
    let done = People::of(app).shared.leases.done(visit.user()?.session());
    Ok(done.first().map(done::undo_address))
}
