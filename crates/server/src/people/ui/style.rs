//! The living style page.

use axum::{extract::State, response::Response};
use ui::pages::Style;

use super::{Fault, Visit, reply};
use crate::{App, people::People};

/// `GET /ui/dev/components`: only where the languages for tests are, too.
pub(super) async fn page(State(app): State<App>, visit: Visit) -> Result<Response, Fault> {
    if !People::of(&app).shared.site.has_pseudo {
        return Err(Fault::Missing);
    }
    Ok(reply::page(&Style::of(&visit.frame(&app))))
}
