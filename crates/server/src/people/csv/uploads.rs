//! Which uploads there are: the codes of one tag system.

use registry::{
    search::{Filter, SortField, SortKey, TokenMatch},
    stored::StoredPatient,
};
use serde_json::Value;
use store::Window;
use uuid::Uuid;

use crate::{App, error::ApiError};

/// Uploads in one list, the first ones by code.
const UPLOADS_MAX: u32 = 1_000;

/// OpenCR's namespace of report ids (contract 1.7).
const NAMESPACE: Uuid = Uuid::from_u128(0x00b3_ffab_450c_4407_9e59_0503_4a27_1da7);

/// A file that somebody uploaded Patients from.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    /// What the uploader calls it; OpenCR's `DocumentReference.id`.
    pub(super) code: String,
    /// The file's name.
    pub(super) name: String,
    /// When the first Patient that is still of it arrived.
    pub(super) date: String,
}

impl Upload {
    /// OpenCR's id of the report on it.
    pub(super) fn report_id(&self) -> Uuid {
        Uuid::new_v5(&NAMESPACE, self.code.as_bytes())
    }
}

/// The system of the tag.
pub(super) fn system(app: &App) -> String {
    format!("{}/tag/csv", app.pipeline().settings().vocabulary.base_uri)
}

/// The filter that finds the Patients of an upload.
pub(super) fn of(app: &App, code: &str) -> Filter {
    let system = Some(Some(system(app)));
    Filter::Tag { negated: false, any: vec![TokenMatch { system, code: Some(code.to_owned()) }] }
}

/// All uploads, newest first.
pub(super) async fn uploads(app: &App) -> Result<Vec<Upload>, ApiError> {
    let codes = app.reader().tag_codes(&system(app), UPLOADS_MAX).await?;
    let mut uploads = Vec::with_capacity(codes.len());
    for code in codes {
        uploads.extend(read(app, code).await?);
    }
    uploads.sort_by(|one, other| (&other.date, &one.code).cmp(&(&one.date, &other.code)));
    Ok(uploads)
}

/// The upload with that report id.
pub(super) async fn find(app: &App, report_id: &str) -> Result<Option<Upload>, ApiError> {
    let Ok(wanted) = Uuid::parse_str(report_id) else { return Ok(None) };
    let codes = app.reader().tag_codes(&system(app), UPLOADS_MAX).await?;
    let found = codes.into_iter().find(|code| Uuid::new_v5(&NAMESPACE, code.as_bytes()) == wanted);
    match found {
        Some(code) => read(app, code).await,
        None => Ok(None),
    }
}

/// What the first Patient of an upload says of it; none if all were withdrawn meanwhile.
async fn read(app: &App, code: String) -> Result<Option<Upload>, ApiError> {
    let sort = SortKey { field: SortField::LastUpdated, descending: false };
    let window = Window { offset: 0, limit: 1 };
    let found = app.reader().search(&[of(app, &code)], &[sort], window).await?;
    let Some(StoredPatient::Source(first)) = app.reader().patients(&found.ids).await?.pop() else {
        return Ok(None);
    };
    let id = first.state.id.clone();
    let patient: Value =
        serde_json::from_str(&first.content).map_err(|_| registry::render::DamagedContent(id))?;
    let system = system(app);
    let tags = patient["meta"]["tag"].as_array().into_iter().flatten();
    let mut tags = tags.filter(|tag| tag["system"] == *system && tag["code"] == *code);
    let display = tags.find_map(|tag| tag["display"].as_str());
    let name = display.unwrap_or(&code).to_owned();
    Ok(Some(Upload { name, date: first.state.updated_at.to_instant(), code }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_id_is_opencrs() {
        assert_eq!(NAMESPACE.to_string(), "00b3ffab-450c-4407-9e59-05034a271da7");
        let upload = Upload { code: "abc".into(), name: String::new(), date: String::new() };
        assert_eq!(upload.report_id().get_version_num(), 5);
    }
}
