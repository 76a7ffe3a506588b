//! What a mediator tells of itself at its registration: OpenHIM's `mediator.json`.

use serde_json::{Value, json};
use server::SearchBounds;

use super::live::{LEVELS, LOG_LEVEL, PER_MINUTE, RESULTS_MAX};
use crate::config::OpenHim;

/// OpenCR's, so that an OpenHIM that knows it goes on with what it has.
const URN: &str = "urn:uuid:4bc42b2f-b5a8-473d-8207-5dd5c61f0c4a";

/// The mediator's URN.
pub(super) fn urn(told: &OpenHim) -> &str {
    if told.urn.is_empty() { URN } else { &told.urn }
}

/// The whole of it; `port` is what is listened on, by TLS or not.
pub(super) fn of(told: &OpenHim, (port, is_tls): (u16, bool), bounds: SearchBounds) -> Value {
    let port = if told.port == 0 { port } else { told.port };
    let route = json!({
        "name": "OpenCR", "type": "http", "secured": is_tls, "host": told.host, "port": port,
        "primary": true, "status": "enabled",
    });
    json!({
        "urn": urn(told),
        "version": env!("CARGO_PKG_VERSION"),
        "name": "OpenCR",
        "description": "Client registry (master patient index)",
        "defaultChannelConfig": [{
            "name": "OpenCR: FHIR R4",
            "urlPattern": "^/fhir(/.*)?$",
            "methods": ["GET", "POST", "PUT", "DELETE"],
            "type": "http",
            "authType": "private",
            "allow": told.roles,
            "routes": [route],
        }],
        "endpoints": [{
            "name": "OpenCR", "type": "http", "host": told.host, "port": port, "path": "/fhir",
            "primary": true,
        }],
        "configDefs": definitions(bounds),
        "config": { PER_MINUTE: bounds.per_minute, RESULTS_MAX: bounds.results_max },
    })
}

/// The settings that OpenHIM's console shows.
fn definitions(bounds: SearchBounds) -> Value {
    let most = |limit: String| format!("At most {limit}, which the registry's own file says");
    json!([
        {
            "param": PER_MINUTE, "displayName": "Searches in a minute", "type": "number",
            "description": most(bounds.per_minute.to_string()),
        },
        {
            "param": RESULTS_MAX, "displayName": "Results of a search", "type": "number",
            "description": most(bounds.results_max.to_string()),
        },
        {
            "param": LOG_LEVEL, "displayName": "Log level", "type": "option", "values": LEVELS,
            "description": "What the registry writes to its log; patients' data never",
        },
    ])
}
