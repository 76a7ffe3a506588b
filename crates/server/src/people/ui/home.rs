//! The first page: what there is to do.

use axum::{extract::State, response::Response};
use registry::{account::Permission, state::IssueKind};
use store::Window;
use ui::pages::{Home, Work};

use super::{Fault, Visit, reply};
use crate::{App, people::People};

/// `GET /ui/`, and as a part its counts.
pub(super) async fn page(State(app): State<App>, visit: Visit) -> Result<Response, Fault> {
    let frame = visit.frame(&app);
    let work = if frame.may(Permission::MatchRead) { Some(count(&app).await?) } else { None };
    let page = Home { frame: &frame, work };
    Ok(if visit.is_part { reply::page(&page.as_work()) } else { reply::page(&page) })
}

async fn count(app: &App) -> Result<Work, Fault> {
    let now = People::of(app).now().0;
    let as_of = jiff::Timestamp::from_microsecond(now).unwrap_or_default();
    let (potential, conflicts, automatic) = tokio::try_join!(
        open(app, IssueKind::Potential),
        open(app, IssueKind::Conflict),
        open(app, IssueKind::Auto),
    )?;
    Ok(Work { potential, conflicts, automatic, as_of })
}

/// How many issues of a kind are open.
async fn open(app: &App, kind: IssueKind) -> Result<u64, Fault> {
    let none = Window { offset: 0, limit: 0 };
    let (_, total) = app.reader().open_issues_of_kinds(&[kind], none).await?;
    Ok(total)
}
