//! What was decided in this session, `/ui/queue/done`: the last ones, each with its undo.
//!
//! By the session and not by the account: events have no index by who decided, and one would be
//! written for every submission as well.

use axum::{extract::State, response::Response};
use http::Uri;
use registry::{
    account::Permission,
    ids::{RecordId, Revision},
};
use store::Window;
use ui::pages::{Done, DoneRow, Tab, Totals};

use super::{
    super::{Fault, Visit, person::read, reply},
    asked::Asked,
    leases::Decided,
    sayings, waiting,
};
use crate::{App, people::People};

/// `GET /ui/queue/done?kind=…`.
pub(in crate::people::ui) async fn page(
    State(app): State<App>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let (asked, _) = Asked::of(&uri)?;
    let frame = visit.frame(&app);
    let done = done_by(&app, &visit)?;
    let mut totals = Totals { done: done.len(), ..Totals::default() };
    for (tab, total) in Tab::ALL.into_iter().zip(&mut totals.tabs) {
        let none = Window { offset: 0, limit: 0 };
        *total = waiting(&app, &visit, (&asked, tab), none).await?.1;
    }
    let items: Vec<RecordId> = done.iter().map(|one| one.item.clone()).collect();
    let states = read::states(&app, items.iter().cloned()).await?;
    let says = match frame.may(Permission::PatientRead) {
        true => {
            visit.notes.about(states.keys().map(RecordId::as_str));
            sayings(&app, states.keys()).await?
        }
        false => std::collections::HashMap::new(),
    };
    let rows = done.iter().map(|one| DoneRow {
        what: one.what,
        record: read::name_of(&app, &states, &one.item),
        says: says.get(&one.item).cloned().unwrap_or_default(),
        cruid: one.cruid.clone(),
        at: read::moment(one.at),
        undo: undo_address(one),
    });
    let page = Done { view: asked.view, totals, rows: rows.collect(), frame: &frame };
    Ok(reply::page(&page))
}

/// What who looks decided in this session, the last first.
pub(super) fn done_by(app: &App, visit: &Visit) -> Result<Vec<Decided>, Fault> {
    Ok(People::of(app).shared.leases.done(visit.user()?.session()))
}

/// Where a decision is undone.
pub(super) fn undo_address(decided: &Decided) -> String {
    let (cruid, Revision(event)) = (&decided.cruid, decided.event);
    format!("/ui/persons/{cruid}/undo/{event}")
}
