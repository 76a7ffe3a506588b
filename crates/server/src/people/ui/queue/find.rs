//! Another record that one may be the same person as, `/ui/queue/{record}/find`: what the rules in force
//! find, and who is looked for. Nothing waits about such a pair; it is decided as any other.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{StatusCode, Uri};
use registry::{
    account::Permission,
    ids::{Cruid, RecordId},
    state::RecordState,
};
use ui::pages::{Find, FoundBy, Problem, Rival, Tab};

use super::{
    super::{
        Fault, Form, Visit,
        person::{checked, read},
        reply,
        search::{self, Looked},
    },
    asked::{Asked, tenths},
    sayings,
    workbench::{added, written},
};
use crate::{App, error::ApiError, query};

/// Records that the rules find and a page shows.
const SHOWN_MAX: usize = 50;
/// Persons on a page of those who were looked for.
const PERSONS: usize = 10;
/// Records of such a page.
const RECORDS_MAX: usize = 60;

/// What the page is asked for.
#[derive(Default)]
struct Wish {
    /// The lowest score, as it was typed.
    down: String,
    /// The number of a search, and the first person of the page.
    found: Option<(String, usize)>,
    /// What is in the box, and what is wrong with it.
    typed: Option<(String, Vec<(&'static str, &'static str)>)>,
    /// Who is on the workbench already.
    added: Vec<Cruid>,
}

/// `GET /ui/queue/{record}/find?kind=…&down=…&found=…&from=…&add=…`.
pub(in crate::people::ui) async fn page(
    State(app): State<App>,
    Path(item): Path<String>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let (asked, pairs) = Asked::of(&uri)?;
    let from = query::value(&pairs, "from").map_or(Ok(0), str::parse).map_err(|_| Fault::Bad)?;
    let wish = Wish {
        down: query::value(&pairs, "down").unwrap_or_default().trim().to_owned(),
        found: query::value(&pairs, "found").map(|token| (token.to_owned(), from)),
        typed: None,
        added: added(query::value(&pairs, "add").unwrap_or_default())?,
    };
    shown(&app, &visit, (&item, &asked), wish).await
}

/// `POST /ui/queue/{record}/find`: looks for people, and leads to them.
pub(in crate::people::ui) async fn look(
    State(app): State<App>,
    Path(item): Path<String>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let asked = Asked::of_form(&mut form)?;
    if !visit.frame(&app).may(Permission::PatientSearch) {
        return Err(Fault::Forbidden(Permission::PatientSearch));
    }
    let item = checked(&item)?;
    let added = added(&form.take("add"))?;
    match search::look(&app, &visit, &mut form).await? {
        Looked::Kept(token) => {
            let (query, add) = (asked.view.query(), written(&added));
            Ok(reply::go(&format!("/ui/queue/{item}/find?{query}&found={token}&add={add}")))
        }
        Looked::Wrong(terms, problems) => {
            let typed = Some((terms.of("q").to_owned(), problems));
            shown(&app, &visit, (item, &asked), Wish { typed, added, ..Wish::default() }).await
        }
    }
}

/// The record that a page of a pair is to show beside its own.
pub(super) async fn other(
    app: &App,
    item: &RecordId,
    asked: &Asked,
    id: &str,
) -> Result<RecordState, Fault> {
    // What was matched by itself is looked at as it was matched.
    if asked.view.tab == Tab::Automatic || id == item.as_str() {
        return Err(Fault::Bad);
    }
    let id = RecordId::new(checked(id)?);
    let found = app.reader().records(&[id]).await?.pop();
    found.filter(|state| !state.is_withdrawn).ok_or(Fault::Missing)
}

async fn shown(
    app: &App,
    visit: &Visit,
    (item, asked): (&str, &Asked),
    wish: Wish,
) -> Result<Response, Fault> {
    let frame = visit.frame(app);
    if !frame.may(Permission::PatientRead) {
        return Err(Fault::Forbidden(Permission::PatientRead));
    }
    let item = RecordId::new(checked(item)?);
    let state = app.reader().records(std::slice::from_ref(&item)).await?.pop();
    let state = state.filter(|state| !state.is_withdrawn).ok_or(Fault::Missing)?;
    let (q, mut wrong) = wish.typed.unwrap_or_default();
    let down = Some(&*wish.down).filter(|text| !text.is_empty()).map(tenths);
    if down == Some(None) {
        wrong.push(("down", "queue-score-wrong"));
    }
    let (rivals, is_cut) = match wrong.is_empty() {
        true => by_rules(app, visit, &state, down.flatten()).await?,
        false => (Vec::new(), false),
    };
    let may_look = frame.may(Permission::PatientSearch);
    let (mut found, mut has_ended, mut terms) = (None, false, q);
    if let Some((token, from)) = wish.found.filter(|_| may_look) {
        match search::looked(app, visit, &token)? {
            None => has_ended = true,
            Some((kept, persons, is_cut)) => {
                terms = kept.of("q").to_owned();
                let page = by_looking(app, visit, &state, (&persons, from)).await?;
                found = Some(FoundBy { is_cut: is_cut || page.is_cut, token, ..page });
            }
        }
    }
    visit.notes.about([item.as_str()]);
    let says = sayings(app, std::iter::once(&item)).await?.remove(&item).unwrap_or_default();
    let problems = wrong.iter().map(|(field, key)| Problem::of(&frame, field, key)).collect();
    let page = Find {
        view: asked.view.clone(),
        record: read::named(app, &state),
        says,
        down: wish.down,
        added: written(&wish.added),
        rivals,
        is_cut,
        may_look,
        q: terms,
        has_ended,
        found,
        problems,
        frame: &frame,
    };
    let is_right = wrong.is_empty();
    let status = if is_right { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(reply::page_with(status, &page))
}

/// What the rules find, down to a score in tenths; and whether there is more.
async fn by_rules(
    app: &App,
    visit: &Visit,
    mine: &RecordState,
    down: Option<i64>,
) -> Result<(Vec<Rival>, bool), Fault> {
    let found = app.pipeline().matches_of(&mine.id).await.map_err(ApiError::from)?;
    let mut found = found.ok_or(Fault::Missing)?;
    let lowest = down.map(|tenths| tenths as f64 / 10.0);
    found.retain(|(_, scored)| lowest.is_none_or(|lowest| scored.score.as_f64() >= lowest));
    let is_cut = found.len() > SHOWN_MAX;
    found.truncate(SHOWN_MAX);
    let scored = found.into_iter().map(|(state, scored)| {
        let score = format!("{:.2}", scored.score.as_f64()).replace('-', "\u{2212}");
        (state, score)
    });
    Ok((rivals(app, visit, mine, scored.collect()).await?, is_cut))
}

/// The records of a page of the persons who were found.
async fn by_looking(
    app: &App,
    visit: &Visit,
    mine: &RecordState,
    (persons, from): (&[Cruid], usize),
) -> Result<FoundBy, Fault> {
    let from = from.min(persons.len()) / PERSONS * PERSONS;
    let to = (from + PERSONS).min(persons.len());
    let goldens = app.reader().goldens(&persons[from..to]).await?;
    let ids = goldens.iter().flat_map(|golden| &golden.members).filter(|id| **id != mine.id);
    let mut ids: Vec<RecordId> = ids.cloned().collect();
    let is_cut = ids.len() > RECORDS_MAX;
    ids.truncate(RECORDS_MAX);
    let mut states = app.reader().records(&ids).await?;
    let place = |state: &RecordState| persons.iter().position(|cruid| *cruid == state.golden);
    states.sort_by_key(|state| (place(state), state.number));
    let unscored = states.into_iter().map(|state| (state, String::new())).collect();
    Ok(FoundBy {
        rivals: rivals(app, visit, mine, unscored).await?,
        total: persons.len() as u64,
        is_cut,
        token: String::new(),
        before: from.checked_sub(PERSONS),
        after: (to < persons.len()).then_some(to),
    })
}

async fn rivals(
    app: &App,
    visit: &Visit,
    mine: &RecordState,
    found: Vec<(RecordState, String)>,
) -> Result<Vec<Rival>, Fault> {
    let says = sayings(app, found.iter().map(|(state, _)| &state.id)).await?;
    visit.notes.about(found.iter().map(|(state, _)| state.id.as_str()));
    let rival = |(state, score): (RecordState, String)| Rival {
        record: read::named(app, &state),
        says: says.get(&state.id).cloned().unwrap_or_default(),
        cruid: state.golden.to_string(),
        score,
        is_mine: state.golden == mine.golden,
    };
    Ok(found.into_iter().map(rival).collect())
}
