//! What a client at `own` sees of stored Patients: its own source records, and of golden records
//! the links to those.

use std::collections::HashSet;

use registry::{
    decide::REPLACED_STEPS_MAX,
    ids::{ClientId, Cruid, RecordId},
    state::{GoldenState, GoldenStatus},
    stored::StoredPatient,
};
use serde_json::Value;

use super::record_ids;
use crate::{App, error::ApiError};

/// Leaves what `client` may see, in order.
pub(super) async fn by(
    client: &ClientId,
    app: &App,
    patients: Vec<StoredPatient>,
) -> Result<Vec<StoredPatient>, ApiError> {
    let own = own_among(client, app, mentioned(&patients)).await?;
    let mut seen = Vec::with_capacity(patients.len());
    for stored in patients {
        match stored {
            StoredPatient::Source(mut source) if source.state.client == *client => {
                source.broken.retain(|other| own.contains(other));
                seen.push(StoredPatient::Source(source));
            }
            StoredPatient::Source(_) => {}
            StoredPatient::Golden(mut golden) => {
                golden.members.retain(|member| own.contains(member));
                if is_reached(client, app, &golden).await? {
                    seen.push(StoredPatient::Golden(golden));
                }
            }
        }
    }
    Ok(seen)
}

/// Every other source record that a Patient names.
fn mentioned(patients: &[StoredPatient]) -> Vec<RecordId> {
    let (mut members, mut broken) = (Vec::new(), Vec::new());
    for stored in patients {
        match stored {
            StoredPatient::Source(source) => broken.extend(&source.broken),
            StoredPatient::Golden(golden) => members.extend(&golden.members),
        }
    }
    record_ids(members.into_iter().chain(broken))
}

async fn own_among(
    client: &ClientId,
    app: &App,
    ids: Vec<RecordId>,
) -> Result<HashSet<RecordId>, ApiError> {
    let states = app.reader().records(&ids).await?;
    let own = states.into_iter().filter(|state| state.client == *client);
    Ok(own.map(|state| state.id).collect())
}

/// Whether a golden record has own members, or was replaced by one that has: CRUIDs stand in the
/// clients' systems and are followed for ever (contract 10, point 8).
async fn is_reached(client: &ClientId, app: &App, golden: &GoldenState) -> Result<bool, ApiError> {
    if !golden.members.is_empty() {
        return Ok(true);
    }
    let mut next = successor(golden);
    for _ in 0..REPLACED_STEPS_MAX {
        let Some(id) = next else { return Ok(false) };
        let Some(golden) = app.reader().goldens(&[id]).await?.pop() else { return Ok(false) };
        if !own_among(client, app, record_ids(golden.members.iter())).await?.is_empty() {
            return Ok(true);
        }
        next = successor(&golden);
    }
    Ok(false)
}

fn successor(golden: &GoldenState) -> Option<Cruid> {
    match &golden.status {
        GoldenStatus::Replaced(other) => Some(other.clone()),
        GoldenStatus::Live | GoldenStatus::Retired => None,
    }
}

/// Takes from a rendered golden record what tells when others joined it or left: its version and
/// its time (contract 7.3: id, tag and links only).
pub(crate) fn reduce(golden: &mut fhir::Resource) {
    if let Some(Value::Object(meta)) = golden.value_mut().get_mut("meta") {
        meta.shift_remove("versionId");
        meta.shift_remove("lastUpdated");
    }
}
