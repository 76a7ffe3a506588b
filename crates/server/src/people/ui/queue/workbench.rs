//! The workbench of a record: where each record of a tangle belongs, decided at once.

use std::collections::{HashMap, HashSet};

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{StatusCode, Uri};
use pipeline::review::Case;
use registry::{
    account::Permission,
    actor::Actor,
    adjudicate::{Adjudication, Move, Resolve, Target},
    ids::{Cruid, RecordId, Revision},
    state::RecordState,
    verdict::Verdict,
};
use ui::{
    Frame,
    pages::{Card, Column, NEW_MAX, Preview, Problem, Workbench},
};

use super::{
    super::{
        Fault, Form, Visit,
        once::{Outcome, once},
        person::{checked, read, verdict},
        reply,
    },
    asked::Asked,
    find_next, holder,
    leases::{Decided, Held, claim},
    pair::{REASON_CHARS_MAX, other_end},
    pair_address, queue_address, saying,
};
use crate::{App, error::ApiError, people::People, query};

/// Persons on one bench: what is larger is no tangle but a fault of the rules.
const PERSONS_MAX: usize = 8;

/// What the form says.
#[derive(Clone, Default)]
struct Said {
    /// Where records are to go, by id; where all of a person are, by CRUID.
    records: HashMap<String, String>,
    persons: HashMap<String, String>,
    /// Persons who were put on the bench beside those that the record may be.
    added: Vec<Cruid>,
    is_settled: bool,
    reason: String,
    /// What the person looked at, once it was confirmed.
    confirmed: Option<Revision>,
}

/// `GET /ui/queue/{record}/workbench?kind=…&add=…`.
pub(in crate::people::ui) async fn page(
    State(app): State<App>,
    Path(item): Path<String>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let (asked, pairs) = Asked::of(&uri)?;
    let added = added(query::value(&pairs, "add").unwrap_or_default())?;
    let bench = Bench::open(&app, &visit, &item, (asked, &added)).await?;
    let said = Said { is_settled: true, added, ..Said::default() };
    Ok(reply::page(&bench.page(&said)?))
}

/// `POST /ui/queue/{record}/workbench`: told, or carried out.
pub(in crate::people::ui) async fn decide(
    State(app): State<App>,
    Path(item): Path<String>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let asked = Asked::of_form(&mut form)?;
    let added = added(&form.take("add"))?;
    let bench = Bench::open(&app, &visit, &item, (asked.clone(), &added)).await?;
    let is_confirmed = form.take("confirmed") == "yes";
    let revision = form.take("revision").parse().ok().map(Revision);
    let mut said = Said {
        is_settled: form.take("settled") == "yes",
        reason: form.take("reason").trim().to_owned(),
        confirmed: revision.filter(|_| is_confirmed),
        added,
        ..Said::default()
    };
    for person in &bench.persons {
        let cruid = person.golden.id.to_string();
        said.persons.insert(cruid.clone(), form.take(&format!("all-{cruid}")));
        for (source, _) in &person.sources {
            let id = source.state.id.to_string();
            said.records.insert(id.clone(), form.take(&format!("to-{id}")));
        }
    }
    if said.confirmed.is_none() {
        return bench.tell(&said).await;
    }
    let (there, who) = (app.clone(), visit.clone());
    let work = move |_| async move {
        Bench::open(&there, &who, &item, (asked, &said.added)).await?.carry_out(&said).await
    };
    once(&app, &visit, &mut form, work).await
}

/// The persons that an address or a form adds, divided by commas.
pub(super) fn added(text: &str) -> Result<Vec<Cruid>, Fault> {
    let ids = text.split(',').filter(|id| !id.is_empty());
    let ids: Result<Vec<Cruid>, Fault> = ids.map(|id| checked(id).map(Cruid::new)).collect();
    ids.and_then(|ids| if ids.len() <= PERSONS_MAX { Ok(ids) } else { Err(Fault::Bad) })
}

/// What [`added`] reads.
pub(super) fn written(added: &[Cruid]) -> String {
    added.iter().map(Cruid::as_str).collect::<Vec<_>>().join(",")
}

/// A record, and the persons that it may have to do with.
struct Bench<'a> {
    app: &'a App,
    visit: &'a Visit,
    frame: Frame,
    asked: Asked,
    state: RecordState,
    /// That of the record first.
    persons: Vec<read::Known>,
    is_cut: bool,
    held_by: Option<Held>,
}

impl<'a> Bench<'a> {
    async fn open(
        app: &'a App,
        visit: &'a Visit,
        item: &str,
        (asked, added): (Asked, &[Cruid]),
    ) -> Result<Self, Fault> {
        let frame = visit.frame(app);
        if !frame.may(Permission::PatientRead) {
            return Err(Fault::Forbidden(Permission::PatientRead));
        }
        let item = RecordId::new(checked(item)?);
        let found = app.reader().records(std::slice::from_ref(&item)).await?;
        let state = found.into_iter().next().filter(|state| !state.is_withdrawn);
        let state = state.ok_or(Fault::Missing)?;
        let issues = app.reader().open_issues_of(std::slice::from_ref(&item)).await?;
        let others = issues.iter().map(|issue| other_end(issue, &item).clone());
        let others: Vec<RecordId> = others.collect();
        let mut cruids = vec![state.golden.clone()];
        cruids.extend(app.reader().records(&others).await?.into_iter().map(|it| it.golden));
        // One who was put there and has gone into another since is not there any more.
        let there = app.reader().goldens(added).await?;
        let there: HashSet<Cruid> =
            there.into_iter().filter(|it| !it.members.is_empty()).map(|it| it.id).collect();
        cruids.extend(added.iter().filter(|cruid| there.contains(cruid)).cloned());
        let mut known = HashSet::new();
        cruids.retain(|cruid| known.insert(cruid.clone()));
        let mut is_cut = cruids.len() > PERSONS_MAX;
        let mut persons = Vec::new();
        for cruid in cruids.iter().take(PERSONS_MAX) {
            let person = read::person(app, visit, cruid.as_str()).await?;
            is_cut |= person.sources.len() < person.golden.members.len();
            persons.push(person);
        }
        let people = People::of(app);
        let (user, now) = (visit.user()?, people.now());
        let held_by = match frame.may(Permission::MatchDecide) {
            true => {
                let mine = claim(user.session(), user.username(), now);
                people.shared.leases.hold(&item, &mine, now).err()
            }
            false => None,
        };
        Ok(Self { app, visit, frame, asked, state, persons, is_cut, held_by })
    }

    /// The decision that the form asks for; else the field and key of what is wrong.
    fn resolve(&self, said: &Said) -> Result<Resolve, (&'static str, &'static str)> {
        if self.held_by.is_some() {
            return Err(("reason", "pair-lost"));
        }
        match said.reason.chars().count() {
            0 => return Err(("reason", "reason-missing")),
            length if length > REASON_CHARS_MAX => return Err(("reason", "pair-reason-long")),
            _ => {}
        }
        let mut moves = Vec::new();
        for person in &self.persons {
            let cruid = &person.golden.id;
            let all = said.persons.get(cruid.as_str()).map_or("", String::as_str);
            for (source, _) in &person.sources {
                let record = &source.state.id;
                let own = said.records.get(record.as_str()).map_or("", String::as_str);
                let to = if own.is_empty() { all } else { own };
                if to.is_empty() || to == cruid.as_str() {
                    continue;
                }
                let to = self.target(to).ok_or(("reason", "bench-place"))?;
                moves.push(Move { record: record.clone(), from: Some(cruid.clone()), to });
            }
        }
        if moves.is_empty() && !said.is_settled {
            return Err(("reason", "bench-nothing"));
        }
        Ok(Resolve {
            resolving: self.state.id.clone(),
            flag: None,
            remove_flag: said.is_settled,
            moves,
            withdraw_broken: false,
        })
    }

    fn target(&self, to: &str) -> Option<Target> {
        if let Some(number) = to.strip_prefix("new-") {
            let number: usize = number.parse().ok()?;
            let is_offered = (1..=NEW_MAX).contains(&number);
            return is_offered.then(|| Target::New(format!("New CR ID {number}")));
        }
        let known = self.persons.iter().any(|person| person.golden.id.as_str() == to);
        known.then(|| Target::Golden(Cruid::new(to)))
    }

    async fn adjudicate(&self, said: &Said, resolve: Resolve) -> Result<Option<Verdict>, Fault> {
        let actor = Actor::User(self.visit.user()?.username().to_owned());
        let mut case = Case::new(Adjudication::Resolve(resolve), actor);
        case.reason = Some(said.reason.clone());
        case.dry_run = said.confirmed.is_none();
        case.seen.revision = said.confirmed;
        let answer = self.app.pipeline().adjudicate(case).await.map_err(ApiError::from)?;
        Ok(answer.ok())
    }

    async fn tell(&self, said: &Said) -> Result<Response, Fault> {
        let resolve = match self.resolve(said) {
            Ok(resolve) => resolve,
            Err(problem) => return self.refuse(said, problem),
        };
        let revision = self.app.reader().head().await?.revision.0;
        let Some(tried) = self.adjudicate(said, resolve).await? else {
            return self.refuse(said, ("reason", "pair-refused"));
        };
        let lines = verdict::lines(self.app, &self.frame, &tried).await?;
        let mut page = self.page(said)?;
        page.preview = Some(Preview { lines, revision });
        Ok(reply::page(&page))
    }

    async fn carry_out(&self, said: &Said) -> Result<Outcome, Fault> {
        let resolve = match self.resolve(said) {
            Ok(resolve) => resolve,
            Err(problem) => return self.refuse(said, problem).map(Outcome::Again),
        };
        let Some(done) = self.adjudicate(said, resolve).await? else {
            return self.refuse(said, ("reason", "pair-refused")).map(Outcome::Again);
        };
        let people = People::of(self.app);
        let session = self.visit.user()?.session();
        let item = std::slice::from_ref(&self.state.id);
        if let Some(event) = done.event {
            let now = self.app.reader().records(item).await?;
            let cruid = now.first().map_or(&self.state.golden, |state| &state.golden).to_string();
            let (item, what, at) = (self.state.id.clone(), "verb-resolve", people.now());
            people.shared.leases.decided(session, Decided { item, what, cruid, event, at });
        }
        people.shared.leases.release(&self.state.id, session);
        let next = find_next(self.app, self.visit, &self.asked).await?;
        let view = &self.asked.view;
        let address = next.map_or_else(|| queue_address(view), |next| pair_address(&next, view));
        Ok(Outcome::Done(address, "done-paired"))
    }

    fn refuse(
        &self,
        said: &Said,
        (field, key): (&'static str, &'static str),
    ) -> Result<Response, Fault> {
        let mut page = self.page(said)?;
        page.problems.push(Problem::of(&self.frame, field, key));
        Ok(reply::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
    }

    fn page(&self, said: &Said) -> Result<Workbench<'_>, Fault> {
        let to =
            |known: &HashMap<String, String>, id: &str| known.get(id).cloned().unwrap_or_default();
        let columns = self.persons.iter().map(|person| Column {
            cruid: person.golden.id.to_string(),
            to: to(&said.persons, person.golden.id.as_str()),
            cards: person
                .sources
                .iter()
                .map(|(source, patient)| Card {
                    record: read::named(self.app, &source.state),
                    says: saying(patient),
                    to: to(&said.records, source.state.id.as_str()),
                })
                .collect(),
        });
        Ok(Workbench {
            frame: &self.frame,
            view: self.asked.view.clone(),
            record: read::named(self.app, &self.state),
            added: written(&said.added),
            columns: columns.collect(),
            is_cut: self.is_cut,
            holder: self.held_by.as_ref().map(|held| holder(held, self.visit)),
            is_settled: said.is_settled,
            reason: said.reason.clone(),
            problems: Vec::new(),
            preview: None,
        })
    }
}
