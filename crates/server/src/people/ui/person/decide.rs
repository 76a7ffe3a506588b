//! Deciding about a person: breaking records out, taking that back, undoing. What would happen is told
//! by the code that carries it out, tried first.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use pipeline::review::Case;
use registry::{
    account::Permission,
    actor::Actor,
    adjudicate::{Adjudication, Grouping},
    event::EventBody,
    ids::{RecordId, Revision},
    state::BrokenPair,
};
use ui::{
    Frame,
    pages::{Choice, Decide, Preview, Problem},
};

use super::{
    super::{
        Fault, Form, Visit,
        once::{Outcome, once},
        reply,
    },
    checked, links,
    read::{Known, name_of, named, person, states},
    verdict,
};
use crate::{App, error::ApiError};

/// Longest reason (ui.md 3.0).
const REASON_CHARS_MAX: usize = 500;

/// What is decided.
#[derive(Clone, Copy)]
enum Kind {
    Break,
    Revert,
    Undo(Revision),
}

/// What a form says.
#[derive(Default)]
struct Said {
    chosen: Vec<String>,
    is_apart: bool,
    reason: String,
    /// What the person looked at, once it was confirmed.
    confirmed: Option<Revision>,
}

impl Said {
    fn of(form: &mut Form) -> Self {
        let is_confirmed = form.take("confirmed") == "yes";
        let revision = form.take("revision").parse().ok().map(Revision);
        Self {
            chosen: form.take_all("chosen"),
            is_apart: form.take("grouping") == "apart",
            reason: form.take("reason").trim().to_owned(),
            confirmed: revision.filter(|_| is_confirmed),
        }
    }
}

/// `GET /ui/persons/{cruid}/break`.
pub(in crate::people::ui) async fn break_page(
    State(app): State<App>,
    Path(cruid): Path<String>,
    visit: Visit,
) -> Result<Response, Fault> {
    Desk::open(&app, &visit, (&cruid, Kind::Break)).await?.show(&Said::default()).await
}

/// `POST /ui/persons/{cruid}/break`.
pub(in crate::people::ui) async fn break_out(
    State(app): State<App>,
    Path(cruid): Path<String>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fault> {
    sent(&app, &visit, (cruid, Kind::Break), form).await
}

/// `GET /ui/persons/{cruid}/broken`.
pub(in crate::people::ui) async fn broken_page(
    State(app): State<App>,
    Path(cruid): Path<String>,
    visit: Visit,
) -> Result<Response, Fault> {
    Desk::open(&app, &visit, (&cruid, Kind::Revert)).await?.show(&Said::default()).await
}

/// `POST /ui/persons/{cruid}/broken`.
pub(in crate::people::ui) async fn revert(
    State(app): State<App>,
    Path(cruid): Path<String>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fault> {
    sent(&app, &visit, (cruid, Kind::Revert), form).await
}

/// `GET /ui/persons/{cruid}/undo/{event}`.
pub(in crate::people::ui) async fn undo_page(
    State(app): State<App>,
    Path((cruid, event)): Path<(String, u64)>,
    visit: Visit,
) -> Result<Response, Fault> {
    let kind = Kind::Undo(Revision(event));
    Desk::open(&app, &visit, (&cruid, kind)).await?.show(&Said::default()).await
}

/// `POST /ui/persons/{cruid}/undo/{event}`.
pub(in crate::people::ui) async fn undo(
    State(app): State<App>,
    Path((cruid, event)): Path<(String, u64)>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fault> {
    sent(&app, &visit, (cruid, Kind::Undo(Revision(event))), form).await
}

/// A form: tells what would happen or, once that is confirmed, carries it out.
async fn sent(
    app: &App,
    visit: &Visit,
    (cruid, kind): (String, Kind),
    mut form: Form,
) -> Result<Response, Fault> {
    let said = Said::of(&mut form);
    if said.confirmed.is_none() {
        return Desk::open(app, visit, (&cruid, kind)).await?.tell(&said).await;
    }
    let (there, who) = (app.clone(), visit.clone());
    let work = move |_| async move {
        Desk::open(&there, &who, (&cruid, kind)).await?.carry_out(&said).await
    };
    once(app, visit, &mut form, work).await
}

/// Whether who looks may undo an event: an own decision, or any with the permission to supervise.
pub(super) fn may_undo(frame: &Frame, visit: &Visit, event: &EventBody) -> bool {
    let is_own =
        visit.user().is_ok_and(|user| event.actor == Actor::User(user.username().to_owned()));
    event.verb.is_adjudication()
        && event.way_back.is_some()
        && frame.may(Permission::MatchDecide)
        && (is_own || frame.may(Permission::MatchSupervise))
}

/// A decision in the making.
struct Desk<'a> {
    app: &'a App,
    visit: &'a Visit,
    frame: Frame,
    known: Known,
    pairs: Vec<BrokenPair>,
    kind: Kind,
}

impl<'a> Desk<'a> {
    async fn open(
        app: &'a App,
        visit: &'a Visit,
        (cruid, kind): (&str, Kind),
    ) -> Result<Self, Fault> {
        let known = person(app, visit, checked(cruid)?).await?;
        let frame = visit.frame(app);
        let mut pairs = Vec::new();
        match kind {
            Kind::Break => {}
            Kind::Revert => pairs = app.reader().broken_pairs_of(&known.ids()).await?,
            Kind::Undo(revision) => {
                let event = links::event_at(app, revision).await?.ok_or(Fault::Missing)?;
                if !may_undo(&frame, visit, &event) {
                    return Err(Fault::Forbidden(Permission::MatchSupervise));
                }
            }
        }
        Ok(Self { app, visit, frame, known, pairs, kind })
    }

    /// What the form asks for; else the field and key of what is wrong.
    fn adjudication(&self, said: &Said) -> Result<Adjudication, (&'static str, &'static str)> {
        let is_long = said.reason.chars().count() > REASON_CHARS_MAX;
        if said.reason.is_empty() || is_long {
            return Err(("reason", "reason-missing"));
        }
        match self.kind {
            Kind::Break => {
                let ids = self.known.ids().into_iter();
                let is_chosen = |id: &RecordId| said.chosen.iter().any(|it| it == id.as_str());
                let records: std::collections::BTreeSet<RecordId> = ids.filter(is_chosen).collect();
                let grouping = if said.is_apart { Grouping::Apart } else { Grouping::Together };
                match records.len() {
                    0 => Err(("chosen", "decide-none")),
                    all if all == self.known.golden.members.len() => Err(("chosen", "break-all")),
                    _ => Ok(Adjudication::Break { records, grouping }),
                }
            }
            Kind::Revert => {
                let is_chosen = |pair: &&BrokenPair| said.chosen.contains(&value_of(pair));
                let pairs: Vec<BrokenPair> = self.pairs.iter().filter(is_chosen).cloned().collect();
                if pairs.is_empty() {
                    return Err(("chosen", "decide-none"));
                }
                Ok(Adjudication::Unbreak { pairs })
            }
            Kind::Undo(event) => Ok(Adjudication::Undo { event }),
        }
    }

    fn case(&self, said: &Said, adjudication: Adjudication) -> Result<Case, Fault> {
        self.visit.notes.about(adjudication.records().iter().map(RecordId::as_str));
        let actor = Actor::User(self.visit.user()?.username().to_owned());
        let mut case = Case::new(adjudication, actor);
        case.reason = Some(said.reason.clone());
        case.dry_run = said.confirmed.is_none();
        case.seen.revision = said.confirmed;
        Ok(case)
    }

    /// Tries the decision and shows what would become of it.
    async fn tell(&self, said: &Said) -> Result<Response, Fault> {
        let adjudication = match self.adjudication(said) {
            Ok(adjudication) => adjudication,
            Err(problem) => return self.refuse(said, problem).await,
        };
        let revision = self.app.reader().head().await?.revision.0;
        let case = self.case(said, adjudication)?;
        match self.app.pipeline().adjudicate(case).await.map_err(ApiError::from)? {
            Err(_) => self.refuse(said, ("chosen", "decide-refused")).await,
            Ok(verdict) => {
                let mut page = self.page(said).await?;
                page.preview = Some(Preview {
                    lines: verdict::lines(self.app, &self.frame, &verdict).await?,
                    revision,
                });
                Ok(reply::page(&page))
            }
        }
    }

    async fn carry_out(&self, said: &Said) -> Result<Outcome, Fault> {
        let adjudication = match self.adjudication(said) {
            Ok(adjudication) => adjudication,
            Err(problem) => return self.refuse(said, problem).await.map(Outcome::Again),
        };
        let case = self.case(said, adjudication)?;
        match self.app.pipeline().adjudicate(case).await.map_err(ApiError::from)? {
            Err(_) => self.refuse(said, ("chosen", "decide-refused")).await.map(Outcome::Again),
            Ok(_) => {
                let address = format!("/ui/persons/{}/history", self.known.golden.id);
                Ok(Outcome::Done(address, "done-decided"))
            }
        }
    }

    async fn show(&self, said: &Said) -> Result<Response, Fault> {
        Ok(reply::page(&self.page(said).await?))
    }

    async fn refuse(
        &self,
        said: &Said,
        (field, key): (&'static str, &'static str),
    ) -> Result<Response, Fault> {
        let mut page = self.page(said).await?;
        page.problems.push(Problem::of(&self.frame, field, key));
        Ok(reply::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
    }

    async fn page(&self, said: &Said) -> Result<Decide<'_>, Fault> {
        let (title, hint, end) = match self.kind {
            Kind::Break => ("break-title", "break-hint", "break".to_owned()),
            Kind::Revert => ("broken-title", "broken-hint", "broken".to_owned()),
            Kind::Undo(event) => ("undo-title", "undo-hint", format!("undo/{event}")),
        };
        let choices = self.choices(said).await?;
        Ok(Decide {
            frame: &self.frame,
            cruid: self.known.golden.id.to_string(),
            title,
            hint,
            address: format!("/ui/persons/{}/{end}", self.known.golden.id),
            is_empty: choices.is_empty() && !matches!(self.kind, Kind::Undo(_)),
            choices,
            has_grouping: matches!(self.kind, Kind::Break),
            is_apart: said.is_apart,
            reason: said.reason.clone(),
            problems: Vec::new(),
            preview: None,
        })
    }

    async fn choices(&self, said: &Said) -> Result<Vec<Choice>, Fault> {
        let choice = |value: String, record, other| Choice {
            is_chosen: said.chosen.contains(&value),
            value,
            record,
            other,
        };
        match self.kind {
            Kind::Undo(_) => Ok(Vec::new()),
            Kind::Break => {
                let all = self.known.sources.iter().map(|(source, _)| &source.state);
                let all = all.map(|it| choice(it.id.to_string(), named(self.app, it), None));
                Ok(all.collect())
            }
            Kind::Revert => {
                let ends = self.pairs.iter().flat_map(|it| [it.low().clone(), it.high().clone()]);
                let states = states(self.app, ends).await?;
                let name = |id: &RecordId| name_of(self.app, &states, id);
                let all = self.pairs.iter();
                let all = all.map(|it| choice(value_of(it), name(it.low()), Some(name(it.high()))));
                Ok(all.collect())
            }
        }
    }
}

/// A pair as the form sends it.
fn value_of(pair: &BrokenPair) -> String {
    format!("{} {}", pair.low(), pair.high())
}
