//! Which identifier system a file's own record ids belong to, and which client submits it.

use std::sync::Arc;

use pipeline::rows::Mapping;
use registry::ids::ClientId;

use crate::{config::Config, usage};

/// Finds the identifier system that `--source` or else the mapping names.
///
/// A URI stands for itself; anything else is a client's id and means the configured
/// internal-id system that ends in it.
pub(crate) fn system(
    config: &Config,
    argument: Option<&str>,
    mapping: Option<&Mapping>,
) -> anyhow::Result<Option<Arc<str>>> {
    let text = argument.or(mapping.and_then(|mapping| mapping.source.as_deref()));
    let Some(text) = text else {
        return Ok(None);
    };
    if text.contains(':') {
        return Ok(Some(text.into()));
    }
    let systems = &config.systems.internal_ids;
    match systems.iter().find(|uri| last_part(uri) == text) {
        Some(uri) => Ok(Some(uri.as_str().into())),
        None => Err(usage(format!(
            "--source {text}: not a URI, and no system of systems.internal_ids ends in /{text}; \
             known are {}",
            systems.join(", ")
        ))),
    }
}

/// Finds the client that submits: `--client`, or the configured one that the system is named after.
pub(crate) fn client(
    config: &Config,
    argument: Option<&str>,
    system: &str,
) -> anyhow::Result<Option<ClientId>> {
    let names = crate::wiring::client_names(config);
    let known = |id: &str| names.contains_key(&ClientId::new(id));
    match argument {
        Some(id) if known(id) => Ok(Some(ClientId::new(id))),
        Some(id) => {
            let mut ids: Vec<_> = names.keys().map(ClientId::as_str).collect();
            ids.sort_unstable();
            let ids = ids.join(", ");
            Err(usage(format!("--client {id}: no such client is configured; known are {ids}")))
        }
        None => Ok(Some(last_part(system)).filter(|id| known(id)).map(ClientId::new)),
    }
}

fn last_part(uri: &str) -> &str {
    uri.rsplit(['/', ':']).next().unwrap_or(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::load(None, std::iter::empty()).unwrap()
    }

    #[test]
    fn a_client_id_stands_for_its_system() {
        let found = system(&config(), Some("dhis2"), None).unwrap().unwrap();
        assert_eq!(&*found, "http://clientregistry.org/dhis2");
        let found = system(&config(), Some("urn:oid:1.2"), None).unwrap().unwrap();
        assert_eq!(&*found, "urn:oid:1.2");
        let error = system(&config(), Some("dhis3"), None).unwrap_err().to_string();
        assert!(error.contains("known are http://clientregistry.org/openmrs"), "{error}");
    }

    #[test]
    fn the_argument_outranks_the_mapping() {
        let mapping = Mapping::parse("source = 'urn:m'").unwrap();
        let found = system(&config(), Some("urn:a"), Some(&mapping)).unwrap();
        assert_eq!(found.as_deref(), Some("urn:a"));
        let found = system(&config(), None, Some(&mapping)).unwrap();
        assert_eq!(found.as_deref(), Some("urn:m"));
        assert!(system(&config(), None, None).unwrap().is_none());
    }

    #[test]
    fn the_client_follows_from_the_system_if_it_can() {
        let of = |argument, system| client(&config(), argument, system);
        let lims = Some(ClientId::new("lims"));
        assert_eq!(of(None, "http://clientregistry.org/lims").unwrap(), lims);
        assert_eq!(of(Some("lims"), "urn:x").unwrap(), lims);
        assert_eq!(of(None, "urn:x").unwrap(), None);
        assert!(of(Some("nobody"), "urn:x").is_err());
    }
}
