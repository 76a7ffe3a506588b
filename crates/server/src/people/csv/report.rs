//! Reads the Patients of an upload and whom they are linked with, and has the sheets written.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    io::Seek,
};

use axum::body::Body;
use futures_util::stream;
use pipeline::scores::Scored;
use registry::{
    ids::{Cruid, RecordId},
    state::{IssueKind, MatchIssue, RecordState},
    stored::{SourcePatient, StoredPatient},
};
use rust_xlsxwriter::XlsxError;
use serde_json::Value;
use store::Window;
use thiserror::Error;
use tokio::{io::AsyncReadExt, sync::mpsc};

use super::{
    Upload,
    cells::{Cells, cells},
    sheets::{Line, Pair, Report},
    uploads,
};
use crate::{App, audit::Notes, error::ApiError};

/// Patients of one report: what can be put together while somebody waits.
const PATIENTS_MAX: u64 = 50_000;
/// Patients read at once.
const PAGE: u64 = 1_000;
/// Bytes of one part of the answer.
const PART_BYTES: usize = 64 * 1024;

/// Why a report could not be written.
#[derive(Debug, Error)]
pub(crate) enum ReportError {
    /// The workbook could not be made.
    #[error("the workbook cannot be written")]
    Sheets(#[from] XlsxError),
    /// The temporary file could not be used.
    #[error("the temporary file of the report cannot be used")]
    File(#[from] std::io::Error),
    /// The thread that writes ended by a fault.
    #[error("the report was not finished")]
    Unfinished,
}

/// Writes the report to a temporary file that nobody else can open, and gives it as a body.
pub(super) async fn write(app: &App, upload: &Upload, notes: &Notes) -> Result<Body, ApiError> {
    let (lines, to_write) = mpsc::channel(4);
    let (finish, finished) = tokio::sync::oneshot::channel();
    let writer = tokio::task::spawn_blocking(move || write_lines(to_write, finished));
    let not_read = gather(app, upload, notes, &lines).await?;
    drop(lines);
    _ = finish.send(not_read);
    let file = writer.await.map_err(|_| ReportError::Unfinished)??;
    Ok(body_of(tokio::fs::File::from_std(file)))
}

fn write_lines(
    mut lines: mpsc::Receiver<Vec<Line>>,
    finished: tokio::sync::oneshot::Receiver<u64>,
) -> Result<File, ReportError> {
    let mut report = Report::new()?;
    while let Some(page) = lines.blocking_recv() {
        for line in &page {
            report.add(line)?;
        }
    }
    // Whoever gathered has given up.
    let not_read = finished.blocking_recv().map_err(|_| ReportError::Unfinished)?;
    let mut file = tempfile::tempfile()?;
    report.save(not_read, &mut file)?;
    file.rewind()?;
    Ok(file)
}

fn body_of(file: tokio::fs::File) -> Body {
    Body::from_stream(stream::try_unfold(file, |mut file| async {
        let mut part = vec![0; PART_BYTES];
        let read = file.read(&mut part).await?;
        part.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then_some((bytes::Bytes::from(part), file)))
    }))
}

/// Sends the lines of all Patients; gives how many Patients there are beyond those.
async fn gather(
    app: &App,
    upload: &Upload,
    notes: &Notes,
    lines: &mpsc::Sender<Vec<Line>>,
) -> Result<u64, ApiError> {
    let filter = [uploads::of(app, &upload.code)];
    let mut offset = 0;
    loop {
        let window = Window { offset, limit: PAGE };
        let found = app.reader().search(&filter, &[], window).await?;
        notes.about(found.ids.iter().map(String::as_str));
        offset += found.ids.len() as u64;
        let page = lines_of(app, &found.ids).await?;
        if lines.send(page).await.is_err() {
            return Err(ReportError::Unfinished.into());
        }
        let is_last = (found.ids.len() as u64) < PAGE;
        if is_last || offset >= PATIENTS_MAX {
            return Ok(found.total.saturating_sub(offset));
        }
    }
}

/// What a page of Patients is put together from.
struct Around {
    patients: HashMap<RecordId, SourcePatient>,
    members: HashMap<Cruid, BTreeSet<RecordId>>,
    issues: Vec<MatchIssue>,
}

async fn lines_of(app: &App, ids: &[String]) -> Result<Vec<Line>, ApiError> {
    let ids: Vec<RecordId> = ids.iter().map(|id| RecordId::new(id.as_str())).collect();
    let around = around(app, &ids).await?;
    let mut lines = Vec::new();
    for id in &ids {
        if let Some(imported) = around.patients.get(id) {
            lines.extend(around.lines_of(app, imported)?);
        }
    }
    Ok(lines)
}

async fn around(app: &App, ids: &[RecordId]) -> Result<Around, ApiError> {
    let reader = app.reader();
    let mut patients = sources(app, ids.iter().cloned().collect()).await?;
    let goldens: BTreeSet<Cruid> =
        patients.values().map(|patient| patient.state.golden.clone()).collect();
    let goldens: Vec<Cruid> = goldens.into_iter().collect();
    let goldens = reader.goldens(&goldens).await?;
    let members: HashMap<_, _> =
        goldens.into_iter().map(|golden| (golden.id, golden.members)).collect();
    let issues = reader.open_issues_of(ids).await?;
    let partners = issues.iter().flat_map(|issue| [&issue.subject, &issue.evidence.candidate]);
    let others = members.values().flatten().chain(partners);
    let others = others.filter(|id| !patients.contains_key(*id)).cloned().collect();
    patients.extend(sources(app, others).await?);
    Ok(Around { patients, members, issues })
}

async fn sources(
    app: &App,
    ids: BTreeSet<RecordId>,
) -> Result<HashMap<RecordId, SourcePatient>, ApiError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let patients = app.reader().patients(&ids).await?.into_iter();
    Ok(patients
        .filter_map(|patient| match patient {
            StoredPatient::Source(source) => Some((source.state.id.clone(), source)),
            StoredPatient::Golden(_) => None,
        })
        .collect())
}

impl Around {
    fn lines_of(&self, app: &App, imported: &SourcePatient) -> Result<Vec<Line>, ApiError> {
        let (state, own) = (&imported.state, shown(imported)?);
        let matches = self.members.get(&state.golden).into_iter().flatten();
        let matches = matches.filter(|id| **id != state.id);
        let issues = self.issues.iter().filter(|issue| issue.kind != IssueKind::Auto);
        let potentials: BTreeSet<&RecordId> = issues
            .filter_map(|issue| match (&issue.subject, &issue.evidence.candidate) {
                (subject, other) if *subject == state.id => Some(other),
                (other, candidate) if *candidate == state.id => Some(other),
                _ => None,
            })
            .collect();
        let others = matches
            .map(|id| (false, id))
            .chain(potentials.into_iter().map(|id| (true, id)))
            .filter_map(|(is_potential, id)| Some((is_potential, self.patients.get(id)?)));
        let mut lines = Vec::new();
        let mut counts = [0; 2];
        for (is_potential, other) in others {
            counts[usize::from(is_potential)] += 1;
            let pair = pair(app, state, &own, other)?;
            lines.push(Line::Pair { is_potential, pair: Box::new(pair) });
        }
        let [matches, potentials] = counts;
        lines.push(Line::Imported { cells: Box::new(own), matches, potentials });
        Ok(lines)
    }
}

fn shown(patient: &SourcePatient) -> Result<Cells, ApiError> {
    let damaged = |_| registry::render::DamagedContent(patient.state.id.clone());
    let content: Value = serde_json::from_str(&patient.content).map_err(damaged)?;
    Ok(cells(&patient.state, &content))
}

fn pair(
    app: &App,
    state: &RecordState,
    own: &Cells,
    other: &SourcePatient,
) -> Result<Pair, ApiError> {
    let scored = app.pipeline().compare_pair(state.number, other.state.number);
    Ok(Pair {
        imported: own.clone(),
        threshold: scored.and_then(|scored| threshold(app, &scored)),
        score: scored.map(|scored| scored.score.as_f64()),
        other: shown(other)?,
    })
}

/// The threshold that the score passed; the automatic one of the rule if it passed none.
fn threshold(app: &App, scored: &Scored) -> Option<f64> {
    let rules = &app.pipeline().extractor().ruleset().rules;
    let rule = rules.get(usize::try_from(scored.rule).ok()?.checked_sub(1)?)?;
    let is_potential = rule.potential_threshold.filter(|_| !scored.is_auto());
    Some(is_potential.unwrap_or(rule.auto_threshold))
}
