//! One record of the queue and those that it may be the same person as: compared, decided on, with
//! what will happen told first by the code that carries it out.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{StatusCode, Uri};
use pipeline::review::Case;
use registry::{
    account::Permission,
    actor::Actor,
    adjudicate::{Adjudication, Grouping, Move, Resolve, Target},
    grounds::Grounds,
    ids::{RecordId, Revision},
    render::source_patient,
    state::{BrokenPair, IssueKind, MatchIssue, RecordState},
    stored::StoredPatient,
    verdict::Verdict,
};
use ui::{
    Frame,
    compare::Comparison,
    pages::{Candidate, Cluster, Evidence, Facing, Holder, Pair, Preview, Problem, Tab},
};

use super::{
    super::{
        Fault, Form, Visit,
        once::{Outcome, once},
        person::{checked, facts_of, links::score_text, read, verdict},
        reply,
    },
    aside,
    asked::Asked,
    find, find_next, holder,
    leases::{Decided, Held, claim},
    pair_address, queue_address, reason, saying, sayings, undo_address,
};
use crate::{App, error::ApiError, people::People, query};

/// Longest note (ui.md 3.0).
pub(super) const REASON_CHARS_MAX: usize = 500;

/// Years between two birth dates that no slip of the pen explains.
const YEARS_APART: i32 = 2;

/// What a steward says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Same,
    Different,
    /// An automatic match is right.
    Right,
    /// It is wrong: the record is broken out of the person.
    Wrong,
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Same, Self::Different, Self::Right, Self::Wrong];
        all.into_iter().find(|word| word.as_str() == text)
    }
}

/// What a form says of the pair.
#[derive(Clone)]
struct Said {
    word: Word,
    with: String,
    /// Whether somebody found the pair, and nothing waits about it.
    is_found: bool,
    is_alone: bool,
    reason: String,
    /// What the person looked at, once it was confirmed.
    confirmed: Option<Revision>,
}

impl Said {
    /// The key of what is decided.
    fn text(&self) -> &'static str {
        match self.word {
            Word::Same if self.is_alone => "verb-resolve",
            Word::Same | Word::Right => "verb-mark-same",
            Word::Different => "verb-mark-different",
            Word::Wrong => "verb-break",
        }
    }

    fn beside(&self) -> Beside<'_> {
        if self.is_found { Beside::Found(&self.with) } else { Beside::Candidate(&self.with) }
    }
}

/// What a record is compared with.
#[derive(Clone, Copy)]
enum Beside<'a> {
    /// The best of its candidates.
    Best,
    /// One of them; the best, if it is none of them any more.
    Candidate(&'a str),
    /// Any record that somebody found.
    Found(&'a str),
}

/// `GET /ui/queue/{record}?kind=…&with=…&only=differences`.
pub(in crate::people::ui) async fn page(
    State(app): State<App>,
    Path(item): Path<String>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let (asked, pairs) = Asked::of(&uri)?;
    let pair = match (query::value(&pairs, "other"), query::value(&pairs, "with")) {
        (Some(other), _) => Beside::Found(other),
        (None, Some(with)) => Beside::Candidate(with),
        (None, None) => Beside::Best,
    };
    let mut desk = Desk::open(&app, &visit, (&item, &asked), pair).await?;
    desk.only_differences = query::value(&pairs, "only") == Some("differences");
    Ok(reply::page(&desk.page(None).await?))
}

/// `POST /ui/queue/{record}`: a verdict, told or carried out; or the item left, given back, taken over.
pub(in crate::people::ui) async fn decide(
    State(app): State<App>,
    Path(item): Path<String>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let asked = Asked::of_form(&mut form)?;
    let word = form.take("verdict");
    let Some(word) = Word::parse(&word) else {
        return aside::carry_out(&app, &visit, (&item, &asked), &word, &mut form).await;
    };
    let is_confirmed = form.take("confirmed") == "yes";
    let revision = form.take("revision").parse().ok().map(Revision);
    let said = Said {
        word,
        with: form.take("with"),
        is_found: form.take("other") == "yes",
        is_alone: form.take("alone") == "yes",
        reason: form.take("reason").trim().to_owned(),
        confirmed: revision.filter(|_| is_confirmed),
    };
    if (asked.view.tab == Tab::Automatic) != matches!(word, Word::Right | Word::Wrong) {
        return Err(Fault::Bad);
    }
    if said.confirmed.is_none() {
        let desk = Desk::open(&app, &visit, (&item, &asked), said.beside()).await?;
        return desk.tell(&said).await;
    }
    let (there, who) = (app.clone(), visit.clone());
    let work = move |_| async move {
        let desk = Desk::open(&there, &who, (&item, &asked), said.beside()).await?;
        desk.carry_out(&said).await
    };
    once(&app, &visit, &mut form, work).await
}

/// The page once more, with what is wrong with a note.
pub(super) async fn again(
    app: &App,
    visit: &Visit,
    (item, asked): (&RecordId, &Asked),
    (note, key): (&str, &'static str),
) -> Result<Response, Fault> {
    let desk = Desk::open(app, visit, (item.as_str(), asked), Beside::Best).await?;
    let mut page = desk.page(None).await?;
    note.clone_into(&mut page.reason);
    page.problems.push(Problem::of(&desk.frame, "reason", key));
    Ok(reply::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

/// A record with what waits about it.
struct Desk<'a> {
    app: &'a App,
    visit: &'a Visit,
    frame: Frame,
    asked: &'a Asked,
    state: RecordState,
    /// Best first, one a record.
    issues: Vec<MatchIssue>,
    /// The one that is compared.
    chosen: Option<usize>,
    /// In its place, one that nothing waits about.
    found: Option<RecordState>,
    held_by: Option<Held>,
    only_differences: bool,
}

impl<'a> Desk<'a> {
    async fn open(
        app: &'a App,
        visit: &'a Visit,
        (item, asked): (&str, &'a Asked),
        beside: Beside<'_>,
    ) -> Result<Self, Fault> {
        let frame = visit.frame(app);
        if !frame.may(Permission::PatientRead) {
            return Err(Fault::Forbidden(Permission::PatientRead));
        }
        let item = RecordId::new(checked(item)?);
        let found = app.reader().records(std::slice::from_ref(&item)).await?;
        let state = found.into_iter().next().ok_or(Fault::Missing)?;
        let mut issues = app.reader().open_issues_of(std::slice::from_ref(&item)).await?;
        issues.retain(|issue| is_of(asked.view.tab, issue));
        issues.sort_by(|a, b| b.evidence.score.as_f64().total_cmp(&a.evidence.score.as_f64()));
        let mut known = std::collections::HashSet::new();
        issues.retain(|issue| known.insert(other_end(issue, &item).clone()));
        let place = |id: &str| issues.iter().position(|it| other_end(it, &item).as_str() == id);
        let best = (!issues.is_empty()).then_some(0);
        let (chosen, found) = match beside {
            Beside::Best => (best, None),
            Beside::Candidate(id) => (place(id).or(best), None),
            Beside::Found(id) => match place(id) {
                Some(place) => (Some(place), None),
                None => (None, Some(find::other(app, &item, asked, id).await?)),
            },
        };
        let people = People::of(app);
        let (user, now) = (visit.user()?, people.now());
        let is_nothing = issues.is_empty() && found.is_none();
        let held_by = match is_nothing || !frame.may(Permission::MatchDecide) {
            true => None,
            false => {
                let mine = claim(user.session(), user.username(), now);
                people.shared.leases.hold(&item, &mine, now).err()
            }
        };
        Ok(Self {
            app,
            visit,
            frame,
            asked,
            state,
            issues,
            chosen,
            found,
            held_by,
            only_differences: false,
        })
    }

    fn chosen(&self) -> Option<&MatchIssue> {
        self.issues.get(self.chosen?)
    }

    /// The record that it is compared with.
    fn other(&self) -> Option<&RecordId> {
        let found = self.found.as_ref().map(|state| &state.id);
        found.or_else(|| Some(other_end(self.chosen()?, &self.state.id)))
    }

    /// The decision that a form asks for; else the field and key of what is wrong.
    async fn adjudication(
        &self,
        said: &Said,
    ) -> Result<Result<Adjudication, (&'static str, &'static str)>, Fault> {
        if said.reason.chars().count() > REASON_CHARS_MAX {
            return Ok(Err(("reason", "pair-reason-long")));
        }
        if self.held_by.is_some() {
            return Ok(Err(("reason", "pair-lost")));
        }
        // What was looked at has been decided, or is another one by now.
        let Some(candidate) = self.other().filter(|id| id.as_str() == said.with) else {
            return Ok(Err(("reason", "pair-refused")));
        };
        let pair = BrokenPair::new(self.state.id.clone(), candidate.clone());
        if said.word == Word::Wrong && !self.frame.may(Permission::MatchBreak) {
            return Err(Fault::Forbidden(Permission::MatchBreak));
        }
        Ok(Ok(match (said.word, said.is_alone) {
            (Word::Different, _) => Adjudication::MarkDifferent { pair },
            (Word::Wrong, _) => Adjudication::Break {
                records: [self.state.id.clone()].into(),
                grouping: Grouping::Together,
            },
            (Word::Right, _) | (Word::Same, false) => {
                Adjudication::MarkSame { pair, withdraw_broken: false }
            }
            (Word::Same, true) => {
                let found = self.app.reader().records(std::slice::from_ref(candidate)).await?;
                let other = found.into_iter().next().ok_or(Fault::Changed)?;
                let to = Target::Golden(other.golden);
                let record = self.state.id.clone();
                let from = Some(self.state.golden.clone());
                Adjudication::Resolve(Resolve {
                    resolving: record.clone(),
                    flag: None,
                    remove_flag: false,
                    moves: vec![Move { record, from, to }],
                    withdraw_broken: false,
                })
            }
        }))
    }

    async fn adjudicate(
        &self,
        said: &Said,
        adjudication: Adjudication,
    ) -> Result<Option<Verdict>, Fault> {
        self.visit.notes.about(adjudication.records().iter().map(RecordId::as_str));
        let actor = Actor::User(self.visit.user()?.username().to_owned());
        let mut case = Case::new(adjudication, actor);
        case.reason = Some(said.reason.clone()).filter(|reason| !reason.is_empty());
        case.dry_run = said.confirmed.is_none();
        case.seen.revision = said.confirmed;
        let answer = self.app.pipeline().adjudicate(case).await.map_err(ApiError::from)?;
        Ok(answer.ok())
    }

    /// Tries the verdict and shows what would become of it.
    async fn tell(&self, said: &Said) -> Result<Response, Fault> {
        let adjudication = match self.adjudication(said).await? {
            Ok(adjudication) => adjudication,
            Err(problem) => return self.refuse(said, problem).await,
        };
        let revision = self.app.reader().head().await?.revision.0;
        let Some(tried) = self.adjudicate(said, adjudication).await? else {
            return self.refuse(said, ("reason", "pair-refused")).await;
        };
        let lines = verdict::lines(self.app, &self.frame, &tried).await?;
        let mut page = self.page(Some(said)).await?;
        page.preview = Some((said.word.as_str(), Preview { lines, revision }));
        Ok(reply::page(&page))
    }

    async fn carry_out(&self, said: &Said) -> Result<Outcome, Fault> {
        let adjudication = match self.adjudication(said).await? {
            Ok(adjudication) => adjudication,
            Err(problem) => return self.refuse(said, problem).await.map(Outcome::Again),
        };
        let Some(done) = self.adjudicate(said, adjudication).await? else {
            let refused = self.refuse(said, ("reason", "pair-refused")).await;
            return refused.map(Outcome::Again);
        };
        let people = People::of(self.app);
        let session = self.visit.user()?.session();
        let item = std::slice::from_ref(&self.state.id);
        if let Some(event) = done.event {
            let now = self.app.reader().records(item).await?;
            let cruid = now.first().map_or(&self.state.golden, |state| &state.golden).to_string();
            let (item, what, at) = (self.state.id.clone(), said.text(), people.now());
            people.shared.leases.decided(session, Decided { item, what, cruid, event, at });
        }
        let mut left = self.app.reader().open_issues_of(item).await?;
        left.retain(|issue| is_of(self.asked.view.tab, issue));
        let view = &self.asked.view;
        let address = match left.is_empty() {
            false => pair_address(&self.state.id, view),
            true => {
                people.shared.leases.release(&self.state.id, session);
                let next = find_next(self.app, self.visit, self.asked).await?;
                next.map_or_else(|| queue_address(view), |next| pair_address(&next, view))
            }
        };
        Ok(Outcome::Done(address, "done-paired"))
    }

    async fn refuse(
        &self,
        said: &Said,
        (field, key): (&'static str, &'static str),
    ) -> Result<Response, Fault> {
        let mut page = self.page(Some(said)).await?;
        page.problems.push(Problem::of(&self.frame, field, key));
        Ok(reply::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
    }

    async fn page(&self, said: Option<&Said>) -> Result<Pair<'_>, Fault> {
        let mine = &self.state.id;
        let found = self.found.as_ref();
        let ends = self.issues.iter().map(|issue| other_end(issue, mine));
        let ends = ends.chain(found.map(|state| &state.id));
        let says = sayings(self.app, std::iter::once(mine).chain(ends.clone())).await?;
        self.visit.notes.about(std::iter::once(mine).chain(ends.clone()).map(RecordId::as_str));
        let states = read::states(self.app, ends.cloned()).await?;
        let saying = |id: &RecordId| says.get(id).cloned().unwrap_or_default();
        let candidates = self.issues.iter().enumerate().map(|(at, issue)| {
            let other = other_end(issue, mine);
            Candidate {
                record: read::name_of(self.app, &states, other),
                says: saying(other),
                kind: reason(issue.kind),
                score: score_text(&issue.evidence),
                is_chosen: Some(at) == self.chosen,
                is_found: false,
            }
        });
        let found = found.map(|state| Candidate {
            record: read::named(self.app, state),
            says: saying(&state.id),
            kind: "pair-found",
            score: String::new(),
            is_chosen: true,
            is_found: true,
        });
        let facing = match self.other() {
            Some(other) => self.facing(other).await?,
            None => None,
        };
        let held_by = self.held_by.as_ref();
        let holder: Option<Holder> = held_by.map(|held| holder(held, self.visit));
        Ok(Pair {
            frame: &self.frame,
            view: self.asked.view.clone(),
            record: read::named(self.app, &self.state),
            says: saying(mine),
            candidates: found.into_iter().chain(candidates).collect(),
            facing,
            holder,
            aside: aside::told(self.app, self.visit, mine).await?,
            only_differences: self.only_differences,
            reason: said.map(|said| said.reason.clone()).unwrap_or_default(),
            is_alone: said.is_some_and(|said| said.is_alone),
            problems: Vec::new(),
            preview: None,
            undo: undo_address(self.app, self.visit)?,
        })
    }

    /// The two records side by side; none if one of them has gone meanwhile.
    async fn facing(&self, other: &RecordId) -> Result<Option<Facing>, Fault> {
        let ids = [self.state.id.to_string(), other.to_string()];
        let vocabulary = &self.app.pipeline().settings().vocabulary;
        let mut both = Vec::new();
        for stored in self.app.reader().patients(&ids).await? {
            let StoredPatient::Source(source) = stored else { continue };
            let patient =
                source_patient(&source, vocabulary).map_err(|error| Fault::of_server(&error))?;
            both.push((source.state, patient));
        }
        let [(mine, my_patient), (theirs, their_patient)] = both.as_slice() else {
            return Ok(None);
        };
        let facts = [facts_of(self.app, my_patient), facts_of(self.app, their_patient)];
        let text = match self.chosen() {
            Some(issue) => self.app.reader().explanation(&issue.evidence.explanation).await?,
            None => None,
        };
        let grounds = text.map(|text| Grounds::read(&text)).transpose();
        let evidence = grounds.map_err(|error| Fault::of_server(&error))?.map(Evidence);
        let my_person = read::person(self.app, self.visit, mine.golden.as_str()).await?;
        let their_person = read::person(self.app, self.visit, theirs.golden.as_str()).await?;
        Ok(Some(Facing {
            comparison: Comparison::of(&facts, Some(0), self.only_differences),
            evidence,
            warnings: self.warnings(my_patient, &their_person, &theirs.id),
            mine: self.cluster(&my_person, &mine.id),
            theirs: self.cluster(&their_person, &theirs.id),
        }))
    }

    fn cluster(&self, known: &read::Known, but: &RecordId) -> Cluster {
        let others = known.sources.iter().filter(|(source, _)| source.state.id != *but);
        let others =
            others.map(|(source, patient)| (read::named(self.app, &source.state), saying(patient)));
        Cluster { cruid: known.golden.id.to_string(), others: others.collect() }
    }

    /// What other records of the candidate's person say against it.
    fn warnings(
        &self,
        mine: &::fhir::resource::Resource,
        theirs: &read::Known,
        but: &RecordId,
    ) -> Vec<(&'static str, ui::pages::Named)> {
        let sex = |patient: &::fhir::resource::Resource| {
            let told = patient.value()["gender"].as_str();
            told.filter(|sex| matches!(*sex, "male" | "female")).map(str::to_owned)
        };
        let year = |patient: &::fhir::resource::Resource| {
            let told = patient.value()["birthDate"].as_str();
            told.and_then(|date| date.get(..4)?.parse::<i32>().ok())
        };
        let differs = |other: Option<String>| sex(mine).zip(other).is_some_and(|(a, b)| a != b);
        let is_apart = |other: Option<i32>| {
            year(mine).zip(other).is_some_and(|(a, b)| (a - b).abs() > YEARS_APART)
        };
        let mut warnings = Vec::new();
        for (source, patient) in theirs.sources.iter().filter(|(it, _)| it.state.id != *but) {
            let named = read::named(self.app, &source.state);
            if differs(sex(patient)) {
                warnings.push(("pair-warn-sex", named.clone()));
            }
            if is_apart(year(patient)) {
                warnings.push(("pair-warn-birth", named));
            }
        }
        warnings
    }
}

/// Whether an issue is what a tab is about.
fn is_of(tab: Tab, issue: &MatchIssue) -> bool {
    (tab == Tab::Automatic) == (issue.kind == IssueKind::Auto)
}

/// The record on the other side of an issue.
pub(super) fn other_end<'i>(issue: &'i MatchIssue, mine: &RecordId) -> &'i RecordId {
    if issue.subject == *mine { &issue.evidence.candidate } else { &issue.subject }
}
