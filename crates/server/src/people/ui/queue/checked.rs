//! Automatic matches that were looked at: what was found, and marking many as right at once.

use axum::{extract::State, response::Response};
use http::StatusCode;
use pipeline::review::Case;
use registry::{
    account::Permission,
    actor::Actor,
    adjudicate::Adjudication,
    ids::{RecordId, Timestamp},
    state::{BrokenPair, IssueKind, MatchIssue},
};
use store::Window;
use ui::pages::{Checked, CheckedBand, Marked, Problem, Tab};

use super::{
    super::{
        Fault, Form, Visit,
        once::{Outcome, once},
        reply,
    },
    pair::REASON_CHARS_MAX,
    total,
};
use crate::{App, error::ApiError, people::People};

/// Matches that are marked by one form: a few seconds of work.
const MARKED_MAX: usize = 200;
/// Matches that are looked through for those that score enough.
const LOOKED_THROUGH_MAX: u64 = 20_000;
/// Pages of events that are counted before the page is shown.
const PAGES_MAX: usize = 2;
/// Matches read at once.
const PAGE: u64 = 1_000;

/// What the form says.
#[derive(Clone, Default)]
struct Said {
    rule: u32,
    score: String,
    reason: String,
    /// What came later is left alone, once that was confirmed.
    confirmed: Option<Timestamp>,
}

impl Said {
    fn least(&self) -> Option<f64> {
        let is_plain = self.score.chars().all(|it| it.is_ascii_digit() || "-.".contains(it));
        let score: f64 = self.score.parse().ok().filter(|_| is_plain)?;
        score.is_finite().then_some(score)
    }
}

/// `GET /ui/automatches`.
pub(in crate::people::ui) async fn page(
    State(app): State<App>,
    visit: Visit,
) -> Result<Response, Fault> {
    let frame = visit.frame(&app);
    Ok(reply::page(&show(&app, &frame, &Said::default()).await?))
}

/// `POST /ui/automatches`: told, or carried out.
pub(in crate::people::ui) async fn mark(
    State(app): State<App>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let until = form.take("until").parse().ok().map(Timestamp);
    let is_confirmed = form.take("confirmed") == "yes";
    let said = Said {
        rule: form.take("rule").parse().unwrap_or_default(),
        score: form.take("score").trim().replace('−', "-"),
        reason: form.take("reason").trim().to_owned(),
        confirmed: until.filter(|_| is_confirmed),
    };
    if said.confirmed.is_none() {
        return tell(&app, &visit, &said).await;
    }
    let (there, who) = (app.clone(), visit.clone());
    once(&app, &visit, &mut form, move |_| async move { carry_out(&there, &who, &said).await })
        .await
}

/// What is wrong with the form: its field, and the key of what.
fn problem(said: &Said) -> Option<(&'static str, &'static str)> {
    match said.reason.chars().count() {
        _ if said.least().is_none() => Some(("score", "checked-score-wrong")),
        0 => Some(("reason", "reason-missing")),
        length if length > REASON_CHARS_MAX => Some(("reason", "pair-reason-long")),
        _ => None,
    }
}

async fn tell(app: &App, visit: &Visit, said: &Said) -> Result<Response, Fault> {
    let frame = visit.frame(app);
    let mut page = show(app, &frame, said).await?;
    if let Some((field, key)) = problem(said) {
        page.problems.push(Problem::of(&frame, field, key));
        return Ok(reply::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let until = People::of(app).now();
    let found = fitting(app, said, until).await?;
    let (fitting, marked) = (found.len() as u64, found.len().min(MARKED_MAX) as u64);
    page.preview = Some(Marked { fitting, marked, until: until.0 });
    Ok(reply::page(&page))
}

async fn carry_out(app: &App, visit: &Visit, said: &Said) -> Result<Outcome, Fault> {
    let frame = visit.frame(app);
    if let Some((field, key)) = problem(said) {
        let mut page = show(app, &frame, said).await?;
        page.problems.push(Problem::of(&frame, field, key));
        let again = reply::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        return Ok(Outcome::Again(again));
    }
    let until = said.confirmed.unwrap_or_default();
    let found = fitting(app, said, until).await?;
    let mut said_there = "done-checked";
    for issue in found.into_iter().take(MARKED_MAX) {
        if !confirm(app, visit, said, issue).await? {
            said_there = "done-checked-left";
        }
    }
    Ok(Outcome::Done("/ui/automatches".to_owned(), said_there))
}

/// Marks one as right; false if something about it has changed.
async fn confirm(app: &App, visit: &Visit, said: &Said, issue: MatchIssue) -> Result<bool, Fault> {
    let pair = BrokenPair::new(issue.subject, issue.evidence.candidate);
    let adjudication = Adjudication::MarkSame { pair, withdraw_broken: false };
    let records = adjudication.records();
    visit.notes.about(records.iter().map(RecordId::as_str));
    // Only what is one person still: nobody is moved from here.
    let ids: Vec<RecordId> = records.into_iter().collect();
    let states = app.reader().records(&ids).await?;
    let is_one = matches!(&states[..], [a, b] if a.golden == b.golden);
    if !is_one || states.iter().any(|state| state.is_withdrawn) {
        return Ok(false);
    }
    let mut case = Case::new(adjudication, Actor::User(visit.user()?.username().to_owned()));
    case.reason = Some(said.reason.clone());
    case.unseen = true;
    Ok(app.pipeline().adjudicate(case).await.map_err(ApiError::from)?.is_ok())
}

/// Matches of the rule that score enough, the oldest first.
async fn fitting(app: &App, said: &Said, until: Timestamp) -> Result<Vec<MatchIssue>, Fault> {
    let Some(least) = said.least() else { return Ok(Vec::new()) };
    let is_wanted = |issue: &MatchIssue| {
        let evidence = &issue.evidence;
        let is_enough = evidence.rule == said.rule && evidence.score.as_f64() >= least;
        is_enough && issue.opened_at <= until
    };
    let mut found = Vec::new();
    let mut window = Window { offset: 0, limit: PAGE };
    while window.offset < LOOKED_THROUGH_MAX {
        let (issues, _) = app.reader().open_issues_of_kinds(&[IssueKind::Auto], window).await?;
        if issues.is_empty() {
            break;
        }
        window.offset += PAGE;
        found.extend(issues.into_iter().filter(is_wanted));
    }
    Ok(found)
}

async fn show<'f>(app: &App, frame: &'f ui::Frame, said: &Said) -> Result<Checked<'f>, Fault> {
    let figures = app.pipeline().figures();
    figures.catch_up(PAGES_MAX).await?;
    let ruleset = app.pipeline().extractor().ruleset().hash.to_string();
    let scales = app.pipeline().scales();
    let rules: Vec<(u32, String)> = scales.into_iter().map(|it| (it.rule, it.name)).collect();
    let bands = figures.checked(&ruleset).await?.into_iter().map(|band| CheckedBand {
        rule: rules
            .iter()
            .find(|(rule, _)| *rule == band.rule)
            .map_or_else(|| band.rule.to_string(), |(_, name)| name.clone()),
        from: band.from,
        checked: band.checked,
        wrong: band.wrong,
        errors: band.errors,
    });
    // Whoever may not mark is not told how many wait.
    let waiting = match frame.may(Permission::MatchSupervise) {
        true => total(app, Tab::Automatic).await?,
        false => 0,
    };
    Ok(Checked {
        frame,
        bands: bands.collect(),
        waiting,
        rule: said.rule,
        rules,
        score: said.score.clone(),
        reason: said.reason.clone(),
        problems: Vec::new(),
        preview: None,
    })
}
