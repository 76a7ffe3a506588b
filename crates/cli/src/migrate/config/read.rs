//! OpenCR's files, known by what is in them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::usage;

/// One file of each kind, if there is one.
#[derive(Default)]
pub(super) struct Files {
    pub(super) config: Option<Found>,
    pub(super) rules: Option<Found>,
    pub(super) relationship: Option<Found>,
    pub(super) page: Option<Found>,
}

/// A file that was read.
pub(super) struct Found {
    path: PathBuf,
    pub(super) text: String,
    pub(super) value: Value,
}

impl Found {
    /// What people call it.
    pub(super) fn name(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}

impl Files {
    /// Reads the files; all of them can be understood, or none is taken.
    pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let mut files = Self::default();
        for path in paths {
            let found = read(path)?;
            let place = files.place(&found.value).map_err(|why| refuse(path, why))?;
            if let Some(earlier) = place {
                let why = format!("{} is of the same kind; give one of each", earlier.name());
                return Err(refuse(path, &why));
            }
            *place = Some(found);
        }
        if let Some(rules) = &files.rules {
            matching::opencr::parse(&rules.text)
                .map_err(|error| refuse(&rules.path, &error.to_string()))?;
        }
        Ok(files)
    }

    /// Where a file of this content belongs.
    fn place(&mut self, value: &Value) -> Result<&mut Option<Found>, &'static str> {
        let has = |name: &str| value.get(name).is_some();
        if value["resourceType"] == "Basic" {
            let mut extensions = value["extension"].as_array().into_iter().flatten();
            let is_page = extensions.any(|extension| {
                extension["url"].as_str().is_some_and(|url| url.ends_with("/opencrReportDisplay"))
            });
            return Ok(if is_page { &mut self.page } else { &mut self.relationship });
        }
        if has("rules") {
            return Ok(&mut self.rules);
        }
        if has("urn") {
            return Err("this is OpenCR's mediator.json, which says nothing that is needed here: \
                        leave it out");
        }
        if ["app", "systems", "fhirServer", "clients", "matching"].into_iter().any(has) {
            return Ok(&mut self.config);
        }
        Err("this is none of OpenCR's files: give config_*.json, decisionRules.json, \
             PatientRelationship.json or PatientDisplay.json")
    }
}

fn read(path: &Path) -> anyhow::Result<Found> {
    let text = std::fs::read_to_string(path).map_err(|error| refuse(path, &error.to_string()))?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    let value = serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        refuse(path, &format!("not JSON at {place}: a comma, quote or bracket is wrong there"))
    })?;
    Ok(Found { path: path.to_owned(), text, value })
}

fn refuse(path: &Path, why: &str) -> anyhow::Error {
    usage(format!("{}: {why}", path.display()))
}
