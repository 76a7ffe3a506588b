//! The people plane from the configuration, for `opencr serve`.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use serde_json::{Map, Value, json};
use server::{
    App,
    people::{People, PeopleSettings, RoomSettings},
};
use store::Accounts;

use crate::{config::Config, usage};

/// What the people plane is told; `None` if people are not let in.
pub(crate) fn settings(config: &Config) -> anyhow::Result<Option<PeopleSettings>> {
    let told = &config.people;
    if !told.enabled {
        return Ok(None);
    }
    let mut settings = PeopleSettings {
        session: Duration::from_secs(told.session_minutes * 60),
        attempts_max: told.attempts_max,
        lock: Duration::from_secs(told.lock_minutes * 60),
        logins_per_minute: told.logins_per_minute,
        password_chars_min: told.password_chars_min,
        admins_are_stewards: told.admins_are_stewards,
        systems: systems(config),
        room: room(config),
        ..PeopleSettings::default()
    };
    let folder = &told.ui_folder;
    settings.ui_folder = (!folder.as_os_str().is_empty()).then(|| folder.clone());
    if !told.display_page.as_os_str().is_empty() {
        settings.display_page = display_page(&told.display_page)?;
    }
    Ok(Some(settings))
}

/// What the stewards' room is told; `None` if there is none.
fn room(config: &Config) -> Option<RoomSettings> {
    let told = &config.ui;
    told.enabled.then(|| RoomSettings {
        name: told.name.clone(),
        is_test: told.test,
        notice: told.notice.clone(),
        is_in_development: told.development,
    })
}

/// Reads the Basic resource of the home page.
fn display_page(path: &Path) -> anyhow::Result<Value> {
    let refuse = |why: String| usage(format!("people.display_page: {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let mut page: Value = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    if page["resourceType"] != "Basic" || !page["extension"].is_array() {
        return Err(refuse("it must be a Basic resource with an extension".to_owned()));
    }
    page["id"] = json!("patientdisplaypage");
    Ok(page)
}

/// OpenCR's `systems` (contract 4.2): an object of objects, and one text.
fn systems(config: &Config) -> Value {
    let systems = &config.systems;
    let mut object = Map::new();
    object.insert("CRBaseURI".to_owned(), json!(systems.base_uri));
    let internal = json!({ "uri": systems.internal_ids, "displayName": "Internal ID" });
    object.insert("internalid".to_owned(), internal);
    for label in &config.people.identifier_labels {
        let (uri, label) = label.split_once(' ').unwrap_or((label, label));
        let last = uri.rsplit(['/', ':', '#']).find(|part| !part.is_empty()).unwrap_or(uri);
        let mut key = last.to_owned();
        while object.contains_key(&key) {
            key.push('_');
        }
        object.insert(key, json!({ "uri": uri, "displayName": label.trim() }));
    }
    object.insert("brokenMatch".to_owned(), json!({ "uri": systems.broken_match_url }));
    Value::Object(object)
}

/// Adds the plane to the app; gives the token for the first account if there is none.
pub(crate) async fn join(
    app: App,
    accounts: Arc<dyn Accounts>,
    told: PeopleSettings,
) -> anyhow::Result<(App, Option<String>)> {
    let clock = app.pipeline().settings().clock.clone();
    let (people, invitation) =
        People::start(accounts, told, clock).await.context("cannot read the accounts")?;
    Ok((app.with_people(people), invitation))
}

/// Shows how the first account is made.
pub(crate) fn invite(token: &str, has_room: bool) {
    println!("  ACCOUNTS  none yet. Make the first administrator, once, with this token:");
    println!("            {token}");
    if has_room {
        println!("            at /ui/setup in a browser,");
    }
    println!("            by POST /ocrux/user/setup: see the manual, chapter Accounts");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(env: &[(&str, &str)]) -> Config {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(None, env).expect("a configuration")
    }

    #[test]
    fn systems_have_opencrs_shape() {
        let systems = systems(&config(&[]));
        assert_eq!(systems["internalid"]["uri"][0], "http://clientregistry.org/openmrs");
        assert_eq!(systems["nationalid"]["displayName"], "National ID");
        assert_eq!(systems["artnumber"]["uri"], "http://clientregistry.org/artnumber");
        assert_eq!(systems["brokenMatch"]["uri"], "http://clientregistry.org/brokenMatch");
    }

    #[test]
    fn people_can_be_kept_out() {
        assert!(settings(&config(&[("OPENCR__PEOPLE__ENABLED", "false")])).unwrap().is_none());
        let told = settings(&config(&[("OPENCR__PEOPLE__SESSION_MINUTES", "5")])).unwrap();
        assert_eq!(told.unwrap().session, Duration::from_secs(300));
    }

    #[test]
    fn page_that_is_no_basic_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"resourceType\": \"Patient\"}").unwrap();
        let path = file.path().display().to_string();
        let error = settings(&config(&[("OPENCR__PEOPLE__DISPLAY_PAGE", &path)])).unwrap_err();
        assert!(error.to_string().contains("must be a Basic resource"), "{error}");
    }
}
