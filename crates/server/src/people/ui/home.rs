//! The first page: what there is to do, and whether something is going wrong.

use axum::{extract::State, response::Response};
use http::Uri;
use registry::{
    account::Permission,
    ids::{Revision, Timestamp},
    state::IssueKind,
    tally::{self, TallyKind},
};
use store::{QueueFilter, StoreError, Window};
use ui::pages::{Day, Home, Panel, Waits, Work};

use super::{Fault, Visit, reply};
use crate::{App, people::People, query};

mod charts;
mod troubles;

/// Pages of events that are counted before the page is shown; a background task counts the rest.
const PAGES_MAX: usize = 2;

/// `GET /ui/`, and as a part its counts.
pub(super) async fn page(
    State(app): State<App>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let frame = visit.frame(&app);
    let sees_matches = frame.may(Permission::MatchRead);
    // A failure is told by each panel that needs the counts.
    if let Err(error) = app.pipeline().figures().catch_up(PAGES_MAX).await {
        tracing::warn!(%error, "could not count what happened");
    }
    let work = panel(sees_matches, waiting(&app)).await;
    let mut page = Home {
        frame: &frame,
        work,
        day: None,
        registrations: Panel::Hidden,
        scores: Panel::Hidden,
        troubles: Vec::new(),
    };
    if visit.is_part {
        return Ok(reply::page(&page.as_work()));
    }
    if frame.may(Permission::MatchDecide) {
        page.day = day(&app, &visit).await?;
    }
    let pairs = query::decode(uri.query().unwrap_or_default()).map_err(|_| Fault::Bad)?;
    let days = query::value(&pairs, "days").and_then(|days| days.parse().ok());
    page.registrations = panel(true, charts::registrations(&app, &frame, days)).await;
    page.scores = panel(sees_matches, charts::scores(&app)).await;
    if frame.may(Permission::SystemRead) {
        page.troubles = troubles::all(&app, &frame).await;
    }
    Ok(reply::page(&page))
}

/// A part of the page, which fails alone.
async fn panel<T>(is_shown: bool, load: impl Future<Output = Result<T, StoreError>>) -> Panel<T> {
    if !is_shown {
        return Panel::Hidden;
    }
    match load.await {
        Ok(shown) => Panel::Shown(shown),
        Err(error) => {
            tracing::warn!(%error, "a part of the dashboard could not be loaded");
            Panel::Failed
        }
    }
}

async fn waiting(app: &App) -> Result<Work, StoreError> {
    let now = People::of(app).now();
    let today = app.pipeline().figures().of(TallyKind::Waiting, &tally::day(now)).await?;
    let before = |kind: IssueKind| {
        let name = tally::kind_name(kind);
        today.iter().find(|tally| tally.key.name == name).map(|tally| tally.count)
    };
    let open = async |kind: IssueKind| {
        let first = Window { offset: 0, limit: 1 };
        let filter = QueueFilter::of(&[kind]);
        let (first, count) = app.pipeline().queue().queued(&filter, now, first).await?;
        let oldest = first.first().map(|issue| instant(issue.opened_at));
        Ok::<_, StoreError>(Waits { count, oldest, before: before(kind) })
    };
    let (potential, conflicts, automatic) = tokio::try_join!(
        open(IssueKind::Potential),
        open(IssueKind::Conflict),
        open(IssueKind::Auto)
    )?;
    Ok(Work { potential, conflicts, automatic, as_of: instant(now) })
}

/// What the person did today; nothing if it cannot be read, as it is no reason to show no page.
async fn day(app: &App, visit: &Visit) -> Result<Option<Day>, Fault> {
    let (user, people) = (visit.user()?, People::of(app));
    let now = people.now();
    let of = async |kind: TallyKind| {
        let told = app.pipeline().figures().of(kind, &tally::day(now)).await?;
        let mine = told.iter().filter(|tally| tally.key.name == user.username());
        Ok::<u64, StoreError>(mine.map(|tally| tally.count).sum())
    };
    let (median_seconds, is_tired) = people.shared.leases.pace(user.session(), now);
    let day = match tokio::try_join!(of(TallyKind::Decided), of(TallyKind::Undone)) {
        Ok((decided, undone)) => Some(Day { decided, undone, median_seconds, is_tired }),
        Err(error) => {
            tracing::warn!(%error, "what a person did today could not be loaded");
            None
        }
    };
    Ok(day)
}

/// Up to when the counts go: now, if nothing happened since.
async fn counted_at(app: &App) -> Result<jiff::Timestamp, StoreError> {
    let counted = app.pipeline().figures().head().await?;
    let newest: Revision = app.reader().head().await?.revision;
    let is_whole = counted.revision == newest;
    Ok(instant(if is_whole { People::of(app).now() } else { counted.at }))
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default()
}
