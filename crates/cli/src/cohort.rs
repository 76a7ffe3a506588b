//! The people of a file or of a store, as features: for training, evaluating and measuring.

use std::path::Path;

use matching::Features;
use pipeline::rows::{self, MissingIds, Options, Row};
use rayon::prelude::*;
use registry::{extract::Extractor, ids::Cruid, state::BasisKind};
use serde_json::Value;
use store::Reader;

use crate::{chain, open_mapping, usage};

/// Rows whose features are extracted together.
const CHUNK_ROWS: usize = 4_000;
/// Records of a store read at once.
const PAGE_RECORDS: u32 = 2_000;

/// One person's record.
pub(crate) struct Member {
    /// The id in the file, or of the record in the store.
    pub(crate) id: String,
    /// What the rules compare.
    pub(crate) features: Features,
    /// `Patient.gender`, empty if there is none.
    pub(crate) sex: String,
    /// The decade of birth, empty if it is not known.
    pub(crate) born: String,
    /// The system of the first identifier.
    pub(crate) source: String,
    /// The golden record that a person linked it to; `None` in a file.
    pub(crate) decided: Option<Cruid>,
}

/// Hears of each record, in order; `Err` ends the reading.
pub(crate) type OnMember<'a> = &'a mut dyn FnMut(Member);

/// Reads a file of people and gives how many rows hold nobody.
pub(crate) fn of_file(
    path: &Path,
    mapping: Option<&Path>,
    extractor: &Extractor,
    on_member: OnMember<'_>,
) -> anyhow::Result<u64> {
    let name = path.display();
    let mapping = open_mapping(mapping)?;
    let source = mapping.as_ref().and_then(|mapping| mapping.source.clone());
    let options = Options {
        source: source.unwrap_or_else(|| "urn:opencr:file".into()),
        missing_ids: MissingIds::LineNumber,
    };
    let mut rows = rows::open(path, mapping.as_ref(), options)
        .map_err(|error| usage(format!("{name}: {}", chain(&error))))?;
    crate::link::tell_columns(&rows);
    let mut left_out = 0;
    loop {
        let chunk: Vec<Row> = rows
            .by_ref()
            .take(CHUNK_ROWS)
            .collect::<Result<_, _>>()
            .map_err(|error| usage(format!("{name}: {error}")))?;
        if chunk.is_empty() {
            return Ok(left_out);
        }
        let members = chunk.into_par_iter().map(|row| {
            let patient = row.result.ok()?;
            member(row.id, patient.value(), extractor)
        });
        left_out += take(members.collect(), on_member);
    }
}

/// Reads the live records of a store and gives how many hold nobody.
pub(crate) async fn of_store(
    reader: &dyn Reader,
    extractor: &Extractor,
    on_member: OnMember<'_>,
) -> anyhow::Result<u64> {
    let (mut after, mut left_out) = (None, 0);
    loop {
        let page = reader.records_after(after, PAGE_RECORDS).await?;
        let Some((last, _)) = page.last() else { return Ok(left_out) };
        after = Some(last.number);
        let live: Vec<_> = page.iter().filter(|(state, _)| !state.is_withdrawn).collect();
        let members = live.par_iter().map(|(state, content)| {
            let patient = serde_json::from_str(content).ok()?;
            let mut member = member(state.id.to_string(), &patient, extractor)?;
            let is_decided = state.basis.kind == BasisKind::Adjudicated;
            member.decided = is_decided.then(|| state.golden.clone());
            Some(member)
        });
        left_out += take(members.collect(), on_member);
    }
}

fn take(members: Vec<Option<Member>>, on_member: OnMember<'_>) -> u64 {
    let mut left_out = 0;
    for member in members {
        match member {
            Some(member) => on_member(member),
            None => left_out += 1,
        }
    }
    left_out
}

fn member(id: String, patient: &Value, extractor: &Extractor) -> Option<Member> {
    let features = extractor.extract(patient).ok()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let decade = patient["birthDate"].as_str().and_then(|date| date.get(..3));
    Some(Member {
        id,
        features,
        sex: text(&patient["gender"]),
        born: decade.map(|decade| format!("{decade}0s")).unwrap_or_default(),
        source: text(&patient["identifier"][0]["system"]),
        decided: None,
    })
}
