//! The score matrix of a record: what the rules in force make of it and those that it matches, each with each.

use std::collections::HashSet;

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::Uri;
use pipeline::scores::{Asked, Row, Scored};
use registry::{
    account::Permission,
    ids::RecordId,
    state::{BrokenPair, RecordState},
};
use ui::pages::{Band, Matrix, Meeting, Met};

use super::{
    super::{
        Fault, Visit,
        person::{checked, read},
        reply,
    },
    asked, sayings,
};
use crate::{App, error::ApiError};

/// Records of one matrix: more do not fit on a page that can be read.
const SHOWN_MAX: usize = 24;

/// `GET /ui/queue/{record}/matrix?kind=…`.
pub(in crate::people::ui) async fn page(
    State(app): State<App>,
    Path(item): Path<String>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let frame = visit.frame(&app);
    if !frame.may(Permission::PatientRead) {
        return Err(Fault::Forbidden(Permission::PatientRead));
    }
    let (part, _) = asked::Asked::of(&uri)?;
    let item = RecordId::new(checked(&item)?);
    let asked = Asked::Stored(item.clone());
    let found = app.pipeline().score_matrix(&asked, false).await.map_err(ApiError::from)?;
    let found = found.ok_or(Fault::Missing)?;
    let all = found.rows.len();
    // The best come first.
    let rows = found.rows.into_iter().take(SHOWN_MAX);
    let mut rows: Vec<(RecordState, Row)> =
        rows.filter_map(|row| Some((row.state.clone()?, row))).collect();
    // One person's together, the person of the record first.
    let home = rows.first().map(|(state, _)| state.golden.clone());
    rows.sort_by_cached_key(|(state, _)| {
        (Some(&state.golden) != home.as_ref(), state.golden.clone())
    });
    let ids: Vec<RecordId> = rows.iter().map(|(state, _)| state.id.clone()).collect();
    visit.notes.about(ids.iter().map(RecordId::as_str));
    let broken: HashSet<BrokenPair> =
        app.reader().broken_pairs_of(&ids).await?.into_iter().collect();
    let says = sayings(&app, ids.iter()).await?;
    let met = rows.iter().map(|(state, row)| Met {
        record: read::named(&app, state),
        says: says.get(&state.id).cloned().unwrap_or_default(),
        cruid: state.golden.to_string(),
        meetings: rows.iter().map(|(other, _)| meeting(state, row, other, &broken)).collect(),
    });
    let record = rows.iter().find(|(state, _)| state.id == item).ok_or(Fault::Missing)?;
    let page = Matrix {
        frame: &frame,
        view: part.view,
        record: read::named(&app, &record.0),
        rows: met.collect(),
        is_cut: found.is_cut || all > SHOWN_MAX,
    };
    Ok(reply::page(&page))
}

fn meeting(
    mine: &RecordState,
    row: &Row,
    other: &RecordState,
    broken: &HashSet<BrokenPair>,
) -> Meeting {
    if mine.id == other.id {
        return Meeting::Self_;
    }
    if broken.contains(&BrokenPair::new(mine.id.clone(), other.id.clone())) {
        return Meeting::Different;
    }
    row.scores.get(&other.source).map_or(Meeting::Nothing, scored)
}

fn scored(scored: &Scored) -> Meeting {
    let band = match (scored.is_auto(), scored.is_potential()) {
        (true, _) => Band::Auto,
        (_, true) => Band::Review,
        _ => Band::Below,
    };
    let score = format!("{:.2}", scored.score.as_f64()).replace('-', "\u{2212}");
    Meeting::Scored(band, score)
}
