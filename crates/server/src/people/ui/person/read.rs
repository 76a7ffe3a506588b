//! Reading a person: the golden record, its members, and who others are.

use std::collections::{BTreeSet, HashMap};

use ::fhir::resource::Resource;
use registry::{
    ids::{Cruid, RecordId, Timestamp},
    render::{DamagedContent, source_patient},
    state::{GoldenState, GoldenStatus, RecordState},
    stored::{SourcePatient, StoredPatient},
};
use ui::pages::{End, Head, Named};

use super::{
    super::{Fault, Visit},
    facts,
};
use crate::{App, people::People};

/// Records of one person that a page shows: no steward compares more.
const RECORDS_MAX: usize = 40;

/// A person as the pages need it.
pub(in crate::people::ui) struct Known {
    /// The golden record.
    pub(in crate::people::ui) golden: GoldenState,
    /// Its records, in order of age; the first [`RECORDS_MAX`].
    pub(in crate::people::ui) sources: Vec<(SourcePatient, Resource)>,
}

/// Reads a person by the CRUID, and has the audit log say so.
pub(in crate::people::ui) async fn person(
    app: &App,
    visit: &Visit,
    cruid: &str,
) -> Result<Known, Fault> {
    let id = Cruid::new(cruid);
    let golden = app.reader().goldens(&[id]).await?.pop().ok_or(Fault::Missing)?;
    let members: Vec<String> = golden.members.iter().map(ToString::to_string).collect();
    let about = std::iter::once(cruid).chain(members.iter().take(RECORDS_MAX).map(String::as_str));
    visit.notes.about(about);
    let mut found: Vec<SourcePatient> = app
        .reader()
        .patients(&members)
        .await?
        .into_iter()
        .filter_map(|patient| match patient {
            StoredPatient::Source(source) => Some(source),
            StoredPatient::Golden(_) => None,
        })
        .collect();
    found.sort_by_key(|source| source.state.number.0);
    found.truncate(RECORDS_MAX);
    let vocabulary = &app.pipeline().settings().vocabulary;
    let sources: Result<_, DamagedContent> = found
        .into_iter()
        .map(|source| source_patient(&source, vocabulary).map(|patient| (source, patient)))
        .collect();
    Ok(Known { golden, sources: sources.map_err(|error| Fault::of_server(&error))? })
}

impl Known {
    /// The records' ids.
    pub(super) fn ids(&self) -> Vec<RecordId> {
        self.sources.iter().map(|(source, _)| source.state.id.clone()).collect()
    }

    /// What stands above each of the person's pages.
    pub(super) async fn head(&self, app: &App) -> Result<Head, Fault> {
        let issues = app.reader().open_issues_of(&self.ids()).await?;
        let best = |say: &dyn Fn(&Resource) -> String| {
            let said = self.sources.iter().map(|(_, patient)| say(patient));
            said.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
        };
        let birth = |patient: &Resource| {
            patient.value()["birthDate"].as_str().unwrap_or_default().to_owned()
        };
        let sexes = self.sources.iter().map(|(_, patient)| facts::sex(patient));
        let clients: BTreeSet<_> =
            self.sources.iter().map(|(source, _)| source.state.client.clone()).collect();
        let records = self.golden.members.len();
        Ok(Head {
            cruid: self.golden.id.to_string(),
            name: best(&facts::name),
            sex: sexes.into_iter().find(|key| !key.is_empty()).unwrap_or_default(),
            birth_date: best(&birth),
            records: records as u64,
            sources: clients.len() as u64,
            end: match &self.golden.status {
                GoldenStatus::Live => End::None,
                GoldenStatus::Replaced(other) => End::Replaced(other.to_string()),
                GoldenStatus::Retired => End::Retired,
            },
            updated_at: moment(self.golden.updated_at),
            issues: issues.len() as u64,
            left_out: (records - self.sources.len()) as u64,
        })
    }
}

/// A record as pages name it.
pub(in crate::people::ui) fn named(app: &App, state: &RecordState) -> Named {
    let names = &app.pipeline().settings().vocabulary.client_names;
    let source = names.get(&state.client).filter(|name| !name.is_empty());
    Named {
        id: state.id.to_string(),
        source: source.cloned().unwrap_or_else(|| state.client.to_string()),
        number: state.source.value.to_string(),
    }
}

/// Records by id, for naming others; unknown ones are left out.
pub(in crate::people::ui) async fn states(
    app: &App,
    ids: impl IntoIterator<Item = RecordId>,
) -> Result<HashMap<RecordId, RecordState>, Fault> {
    let ids: BTreeSet<RecordId> = ids.into_iter().collect();
    let ids: Vec<RecordId> = ids.into_iter().collect();
    let states = app.reader().records(&ids).await?;
    Ok(states.into_iter().map(|state| (state.id.clone(), state)).collect())
}

/// The name of a record that may be gone.
pub(in crate::people::ui) fn name_of(
    app: &App,
    states: &HashMap<RecordId, RecordState>,
    id: &RecordId,
) -> Named {
    states.get(id).map_or_else(
        || Named { id: id.to_string(), source: String::new(), number: id.to_string() },
        |state| named(app, state),
    )
}

/// What the installation calls an identifier system.
pub(super) fn system_name(app: &App, uri: &str) -> Option<String> {
    let systems = People::of(app).settings().systems.as_object()?;
    let entry = systems.values().find(|entry| {
        let uris = &entry["uri"];
        uris == uri || uris.as_array().is_some_and(|uris| uris.iter().any(|it| it == uri))
    })?;
    let name = ["displayName", "display", "name"].iter().find_map(|key| entry[*key].as_str());
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

/// A moment of the registry for pages.
pub(in crate::people::ui) fn moment(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default()
}
