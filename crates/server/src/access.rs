//! Who may see what of the POS plane: [`Sight`], decided once for each caller (contract 7.3).
//!
//! Below `demographics` a search is narrowed before the store answers it ([`Sight::narrow`]), so
//! totals, pages and includes are those of what the caller may see; what is read by id passes
//! [`Sight::visible`]. What is not visible is answered like what is not there.

use fhir::search::{Filter, SearchRequest, SortField, TokenMatch};
use registry::{
    ids::{ClientId, Cruid, RecordId},
    state::{GoldenState, GoldenStatus},
    stored::StoredPatient,
};

use crate::{
    App,
    error::ApiError,
    settings::{Access, AccessMode},
};

pub(crate) mod rate;
mod seen;

pub(crate) use seen::reduce;

/// How a caller sees the registry; cheap to copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'c> {
    client: &'c ClientId,
    access: Access,
    mode: AccessMode,
}

impl<'c> Sight<'c> {
    /// The sight of `client` by its settings.
    pub(crate) fn new(client: &'c ClientId, access: Access, mode: AccessMode) -> Self {
        Self { client, access, mode }
    }

    /// Whether all Patients are shown.
    pub(crate) fn is_whole(self) -> bool {
        self.access == Access::Demographics || self.mode == AccessMode::LogOnly
    }

    /// The level that is in force.
    pub(crate) fn level(self) -> Access {
        if self.mode == AccessMode::LogOnly { Access::Demographics } else { self.access }
    }

    /// Refuses reads and searches of a client that may only submit.
    ///
    /// # Errors
    ///
    /// 403, naming the setting, whatever is asked for.
    pub(crate) fn check_reads(self) -> Result<(), ApiError> {
        if self.access != Access::Submit {
            return Ok(());
        }
        if self.mode == AccessMode::LogOnly {
            self.tell("a read or search would be refused", 1);
            return Ok(());
        }
        Err(ApiError::submits_only(self.client))
    }

    /// Narrows the filters of a search to what the caller may see.
    ///
    /// Source records are its own by the registry's tag. Golden records are found by their ids
    /// alone: any other filter, and an order by time, would tell what others did.
    ///
    /// # Errors
    ///
    /// 503 if the store does not answer.
    pub(crate) async fn narrow(
        self,
        app: &App,
        request: &SearchRequest,
    ) -> Result<Vec<Filter>, ApiError> {
        let mut filters = request.filters.clone();
        if self.is_whole() {
            return Ok(filters);
        }
        let has_ids_only = filters.iter().all(|filter| matches!(filter, Filter::Id(_)));
        let by_time = request.sort.iter().any(|key| key.field == SortField::LastUpdated);
        if filters.is_empty() || !has_ids_only || by_time {
            filters.push(self.own_tag(app));
            return Ok(filters);
        }
        for filter in &mut filters {
            let Filter::Id(ids) = filter else { continue };
            let visible = self.visible(app, app.reader().patients(ids).await?).await?;
            let ids: Vec<String> =
                visible.iter().map(|stored| crate::api::id_of(stored).to_owned()).collect();
            *filter = if ids.is_empty() { Filter::Nothing } else { Filter::Id(ids) };
        }
        Ok(filters)
    }

    /// The tag of source records that the caller submitted. Sources cannot set it.
    fn own_tag(self, app: &App) -> Filter {
        let system = app.pipeline().settings().vocabulary.client_system();
        let code = Some(self.client.to_string());
        Filter::Tag { negated: false, any: vec![TokenMatch { system: Some(Some(system)), code }] }
    }

    /// Filters that are true of the caller's own source records only, for conditions of writes.
    pub(crate) fn own_only(self, app: &App, mut filters: Vec<Filter>) -> Vec<Filter> {
        if self.mode == AccessMode::Enforce {
            filters.push(self.own_tag(app));
        }
        filters
    }

    /// Leaves of `patients` what the caller may see, golden records without others' members.
    ///
    /// # Errors
    ///
    /// 503 if the store does not answer.
    pub(crate) async fn visible(
        self,
        app: &App,
        patients: Vec<StoredPatient>,
    ) -> Result<Vec<StoredPatient>, ApiError> {
        if self.access == Access::Demographics {
            return Ok(patients);
        }
        let whole = (self.mode == AccessMode::LogOnly).then(|| patients.clone());
        let count = patients.len();
        let seen = seen::by(self.client, app, patients).await?;
        match whole {
            None => Ok(seen),
            Some(whole) => {
                if seen.len() < count {
                    self.tell("Patients would be withheld", count - seen.len());
                }
                Ok(whole)
            }
        }
    }

    /// The same for what a caller wrote or may write, which it is answered at every level.
    ///
    /// # Errors
    ///
    /// 503 if the store does not answer.
    pub(crate) async fn own(
        self,
        app: &App,
        patients: Vec<StoredPatient>,
    ) -> Result<Vec<StoredPatient>, ApiError> {
        if self.is_whole() { Ok(patients) } else { seen::by(self.client, app, patients).await }
    }

    /// Whether versions and history of this source record are shown: always one's own, and in
    /// log-only mode all.
    pub(crate) fn may_look_back(self, submitter: &ClientId) -> bool {
        if self.mode == AccessMode::LogOnly && self.client != submitter {
            self.tell("versions of another client's record would be withheld", 1);
        }
        self.mode == AccessMode::LogOnly || self.client == submitter
    }

    /// Whether the caller sees this golden record, and those of its own members.
    ///
    /// # Errors
    ///
    /// 503 if the store does not answer.
    pub(crate) async fn golden(
        self,
        app: &App,
        id: &Cruid,
    ) -> Result<Option<GoldenState>, ApiError> {
        let stored = app.reader().patients(&[id.to_string()]).await?;
        let seen = self.visible(app, stored).await?.pop();
        Ok(seen.and_then(|stored| match stored {
            StoredPatient::Golden(golden) => Some(golden),
            StoredPatient::Source(_) => None,
        }))
    }

    /// Whether a golden record lives on for the caller: with records that it may see.
    pub(crate) async fn lives_on(self, app: &App, id: &Cruid) -> bool {
        let golden = self.golden(app, id).await.ok().flatten();
        golden.is_some_and(|golden| golden.status == GoldenStatus::Live)
    }

    /// Checks the identifiers of a Patient that the caller submits.
    ///
    /// # Errors
    ///
    /// 403 for identifiers of systems that it may not assert, naming each.
    pub(crate) fn check_systems(
        self,
        allowed: &[String],
        patient: &fhir::Resource,
    ) -> Result<(), ApiError> {
        if allowed.is_empty() {
            return Ok(());
        }
        let identifiers = patient.get("identifier").and_then(serde_json::Value::as_array);
        let foreign: Vec<usize> = identifiers
            .into_iter()
            .flatten()
            .enumerate()
            .filter(|(_, identifier)| {
                let system = identifier.get("system").and_then(serde_json::Value::as_str);
                system.is_some_and(|system| !allowed.iter().any(|known| known == system))
            })
            .map(|(at, _)| at)
            .collect();
        match foreign.as_slice() {
            [] => Ok(()),
            _ if self.mode == AccessMode::LogOnly => {
                self.tell("identifiers of other systems would be refused", foreign.len());
                Ok(())
            }
            places => Err(ApiError::foreign_systems(places, allowed)),
        }
    }

    fn tell(self, what: &str, count: usize) {
        let (client, access) = (self.client.as_str(), self.access.name());
        tracing::warn!(client, access, count, "callers.access_mode is log-only: {what}");
    }
}

/// The ids of source records, as the store takes them.
fn record_ids<'i>(ids: impl Iterator<Item = &'i RecordId>) -> Vec<RecordId> {
    let mut ids: Vec<RecordId> = ids.cloned().collect();
    ids.sort();
    ids.dedup();
    ids
}
