//! Two persons side by side, chosen among the results of a search: `/ui/compare`. Nothing is decided.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use registry::account::Permission;
use ui::{
    compare::{Comparison, Facts},
    pages::Beside,
};

use super::{
    super::{Fault, Visit, reply},
    checked, facts_of,
    read::{Known, named, person},
};
use crate::{App, query};

/// `GET /ui/compare?person=…&person=…`.
pub(in crate::people::ui) async fn page(
    State(app): State<App>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let pairs = query::decode(uri.query().unwrap_or_default()).map_err(|_| Fault::Bad)?;
    let chosen = pairs.iter().filter(|(name, _)| name == "person").map(|(_, id)| id.as_str());
    let mut chosen: Vec<&str> = chosen.collect();
    chosen.dedup();
    let frame = visit.frame(&app);
    let mut page = Beside {
        frame: &frame,
        heads: Vec::new(),
        columns: Vec::new(),
        comparison: Comparison::of(&[], None, false),
        bench: String::new(),
    };
    let [first, second] = chosen.as_slice() else {
        return Ok(reply::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    let (mut facts, mut benches): (Vec<Facts>, Vec<(usize, String, bool)>) = Default::default();
    for (at, id) in [first, second].into_iter().enumerate() {
        let known: Known = person(&app, &visit, checked(id)?).await?;
        page.heads.push(known.head(&app).await?);
        for (source, patient) in &known.sources {
            page.columns.push((named(&app, &source.state), at));
            facts.push(facts_of(&app, patient));
            if frame.may(Permission::MatchRead) {
                benches.push((at, source.state.id.to_string(), !source.issues.is_empty()));
            }
        }
    }
    // The bench is that of a record about which something waits, if there is one.
    let record = benches.iter().find(|(_, _, waits)| *waits).or(benches.first());
    if let Some((at, record, _)) = record {
        let other = if *at == 0 { second } else { first };
        page.bench = format!("/ui/queue/{record}/workbench?add={other}");
    }
    page.comparison = Comparison::of(&facts, None, false);
    Ok(reply::page(&page))
}
