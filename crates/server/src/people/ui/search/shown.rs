//! Persons who were found, as the page shows them.

use std::collections::HashMap;

use ::fhir::{resource::Resource, search::fold};
use registry::{
    account::Permission,
    ids::Cruid,
    likeness::{Likeness, Wanted},
    render::source_patient,
    state::{GoldenState, IssueKind},
    stored::{SourcePatient, StoredPatient},
};
use serde_json::Value;
use ui::{
    Frame,
    pages::{Found, FoundRecord},
};

use super::super::{
    Fault,
    person::{facts, read::named},
};
use crate::App;

/// Records of one person in a list.
const RECORDS_SHOWN: usize = 8;

/// The persons with these CRUIDs, in that order; `names` are the folded names looked for.
pub(super) async fn persons(
    app: &App,
    frame: &Frame,
    cruids: &[Cruid],
    names: &[String],
) -> Result<Vec<Found>, Fault> {
    let names: Vec<Wanted> = names.iter().map(|name| Wanted::new(name.as_str())).collect();
    let goldens = app.reader().goldens(cruids).await?;
    let members = goldens.iter().flat_map(|golden| golden.members.iter().take(RECORDS_SHOWN));
    let members: Vec<String> = members.map(ToString::to_string).collect();
    let vocabulary = &app.pipeline().settings().vocabulary;
    let mut records: HashMap<Cruid, Vec<(SourcePatient, Resource)>> = HashMap::new();
    for stored in app.reader().patients(&members).await? {
        let StoredPatient::Source(source) = stored else { continue };
        let patient = source_patient(&source, vocabulary).map_err(|it| Fault::of_server(&it))?;
        records.entry(source.state.golden.clone()).or_default().push((source, patient));
    }
    let goldens: HashMap<&Cruid, &GoldenState> = goldens.iter().map(|it| (&it.id, it)).collect();
    let found = cruids.iter().filter_map(|cruid| goldens.get(cruid));
    let found = found.map(|golden| {
        let mut own = records.remove(&golden.id).unwrap_or_default();
        own.sort_by_key(|(source, _)| source.state.number.0);
        found_one(app, frame, golden, (&own, &names))
    });
    Ok(found.collect())
}

fn found_one(
    app: &App,
    frame: &Frame,
    golden: &GoldenState,
    (own, names): (&[(SourcePatient, Resource)], &[Wanted]),
) -> Found {
    let first = |say: &dyn Fn(&Resource) -> String| {
        own.iter().map(|(_, patient)| say(patient)).find(|it| !it.is_empty()).unwrap_or_default()
    };
    let sexes = own.iter().map(|(_, patient)| facts::sex(patient));
    let kinds = IssueKind::ALL.into_iter();
    let flags = kinds.filter(|kind| own.iter().any(|(source, _)| source.issues.contains(kind)));
    let waits = own.iter().find(|(source, _)| !source.issues.is_empty());
    let bench = waits.filter(|_| frame.may(Permission::MatchRead));
    Found {
        bench: bench.map(|(source, _)| source.state.id.to_string()).unwrap_or_default(),
        cruid: golden.id.to_string(),
        name: first(&facts::name),
        sex: sexes.into_iter().find(|key| !key.is_empty()).unwrap_or_default(),
        birth_date: first(&birth_date),
        count: golden.members.len() as u64,
        flags: flags
            .map(|kind| match kind {
                IssueKind::Potential => "issue-potential",
                IssueKind::Conflict => "issue-conflict",
                IssueKind::Auto => "issue-auto",
            })
            .collect(),
        records: own
            .iter()
            .map(|(source, patient)| {
                let name = named(app, &source.state);
                FoundRecord {
                    source: name.source,
                    number: name.number,
                    name: facts::name(patient),
                    birth_date: birth_date(patient),
                    why: why(frame, patient, names),
                }
            })
            .collect(),
    }
}

fn birth_date(patient: &Resource) -> String {
    patient.value()["birthDate"].as_str().unwrap_or_default().to_owned()
}

/// How the names of a record are like those looked for: the loosest of the names' closest. Empty if one
/// of them is not in it, so that something else found the person.
fn why(frame: &Frame, patient: &Resource, names: &[Wanted]) -> String {
    let written = parts(patient.value());
    let closest = names.iter().map(|wanted| {
        let alike = written.iter().filter_map(|name| wanted.likeness(name));
        alike.map(rank).max_by(f64::total_cmp)
    });
    let Some(closest) = closest.collect::<Option<Vec<f64>>>() else { return String::new() };
    let loosest = closest.into_iter().min_by(f64::total_cmp);
    match loosest {
        None => String::new(),
        Some(rank) if rank >= EXACT => frame.say("why-exact"),
        Some(rank) if rank >= BEGINS => frame.say("why-begins"),
        Some(rank) if rank >= SOUNDS => frame.say("why-sounds"),
        Some(similarity) => frame.with("why-similar", "score", format!("{similarity:.2}")),
    }
}

const EXACT: f64 = 4.0;
const BEGINS: f64 = 3.0;
const SOUNDS: f64 = 2.0;

fn rank(likeness: Likeness) -> f64 {
    match likeness {
        Likeness::Same => EXACT,
        Likeness::Begins => BEGINS,
        Likeness::Sounds => SOUNDS,
        Likeness::Similar(similarity) => similarity,
    }
}

/// Family and given names and other texts of names, folded.
fn parts(patient: &Value) -> Vec<String> {
    let names = patient["name"].as_array().into_iter().flatten();
    let parts = names.flat_map(|name| {
        let given = name["given"].as_array().into_iter().flatten();
        [&name["family"], &name["text"]].into_iter().chain(given).filter_map(Value::as_str)
    });
    parts.map(fold).collect()
}
