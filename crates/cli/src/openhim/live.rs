//! The settings that OpenHIM may change, while the registry runs.
//!
//! Few, and none that opens anything: bounds of searches up to what the file allows, and how much
//! is logged. What OpenHIM leaves out is as in the file.

use registry::{
    actor::Actor,
    audit::{Act, AuditEntry, Who},
};
use serde_json::{Map, Value};
use server::{App, Auditor, SearchBounds};

use super::within;
use crate::wiring;

/// Searches that one client may make in a minute.
pub(super) const PER_MINUTE: &str = "searches_per_minute";
/// Most results of a search.
pub(super) const RESULTS_MAX: &str = "search_results_max";
/// How much is logged.
pub(super) const LOG_LEVEL: &str = "log_level";
/// What that may be.
pub(super) const LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];

/// Where settings go.
pub(super) struct Live {
    app: App,
    auditor: Auditor,
    file: SearchBounds,
    last: Option<Settings>,
}

/// All that can be set from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) bounds: SearchBounds,
    pub(super) log_level: Option<&'static str>,
}

impl Live {
    pub(super) fn new(app: App, auditor: Auditor, file: SearchBounds) -> Self {
        // An empty configuration changes nothing.
        Self { app, auditor, file, last: Some(Settings { bounds: file, log_level: None }) }
    }

    /// Takes a configuration whole, or tells why not and leaves everything as it is.
    pub(super) fn take(&mut self, config: &Map<String, Value>) {
        let settings = match read(config, self.file) {
            Ok(settings) => settings,
            Err(why) => {
                tracing::warn!(why, "OpenHIM's configuration is not taken; the settings stay");
                return;
            }
        };
        if self.last.as_ref() == Some(&settings) {
            return;
        }
        let mut entry = AuditEntry::new(Act::Configure, who());
        let SearchBounds { per_minute, results_max, .. } = settings.bounds;
        let level = settings.log_level.unwrap_or("as configured");
        entry.detail = Some(format!(
            "{PER_MINUTE} {per_minute}, {RESULTS_MAX} {results_max}, {LOG_LEVEL} {level}"
        ));
        // As everything that cannot be taken down is not done.
        if self.auditor.record(entry).is_err() {
            tracing::warn!("OpenHIM's configuration is not taken: the audit log cannot be written");
            return;
        }
        self.app.bound_searches(settings.bounds);
        wiring::set_log_level(settings.log_level);
        tracing::info!(per_minute, results_max, level, "took the configuration from OpenHIM");
        self.last = Some(settings);
    }
}

fn who() -> Who {
    Who { actor: Some(Actor::Job("OpenHIM".to_owned())), proof: None }
}

/// Reads a configuration over the file's.
pub(super) fn read(config: &Map<String, Value>, file: SearchBounds) -> Result<Settings, String> {
    let mut settings = Settings { bounds: file, log_level: None };
    for (name, value) in config {
        match name.as_str() {
            PER_MINUTE => settings.bounds.per_minute = number(name, value)?,
            RESULTS_MAX => settings.bounds.results_max = number(name, value)?,
            LOG_LEVEL => {
                let level = LEVELS.into_iter().find(|level| value == level);
                let level = level.ok_or_else(|| format!("{name} is none of {}", LEVELS.join(", ")));
                settings.log_level = Some(level?);
            }
            // What was stored there for OpenCR, and whatever else.
            _ => {}
        }
    }
    if !within(settings.bounds, file) {
        return Err(format!(
            "{PER_MINUTE} may be {} and {RESULTS_MAX} {} at the most, as the file says",
            file.per_minute, file.results_max
        ));
    }
    Ok(settings)
}

/// A whole number from 1 up, also as a text: OpenHIM's console writes both.
fn number<T: TryFrom<u64>>(name: &str, value: &Value) -> Result<T, String> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    let number = number.filter(|number| *number > 0).and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("{name} is not a whole number from 1 up"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(config: &Value) -> Result<Settings, String> {
        let file = SearchBounds { criteria_min: 2, results_max: 100, per_minute: 60 };
        read(config.as_object().unwrap(), file)
    }

    #[test]
    fn settings_are_read_over_those_of_the_file() {
        let settings = taken(&json!({ PER_MINUTE: "5", LOG_LEVEL: "debug" })).unwrap();
        assert_eq!((settings.bounds.per_minute, settings.bounds.results_max), (5, 100));
        assert_eq!(settings.log_level, Some("debug"));
        // What OpenCR keeps there does no harm, and nothing of it is taken.
        let opencr = json!({ "fhirServer": { "password": "x" }, "matching": { "tool": "mediator" },
            "callers": { "access_mode": "log-only" }, "access_mode": "log-only" });
        assert_eq!(taken(&opencr), taken(&json!({})));
    }

    #[test]
    fn settings_that_widen_or_make_no_sense_are_refused() {
        for config in [
            json!({ PER_MINUTE: 61 }),
            json!({ RESULTS_MAX: 101 }),
            json!({ PER_MINUTE: 5, RESULTS_MAX: u64::MAX }),
            json!({ PER_MINUTE: 0 }),
            json!({ PER_MINUTE: -1 }),
            json!({ PER_MINUTE: 1.5 }),
            json!({ PER_MINUTE: "many" }),
            json!({ RESULTS_MAX: null }),
            json!({ LOG_LEVEL: "trace" }),
            json!({ LOG_LEVEL: "opencr=trace" }),
        ] {
            assert!(taken(&config).is_err(), "{config}");
        }
    }
}
