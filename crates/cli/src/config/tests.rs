//! Every way in which a configuration can be right or wrong, and what the operator reads.

use std::io::Write as _;

use super::*;

fn load(file: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let mut on_disk = tempfile::Builder::new().prefix("opencr").suffix(".toml").tempfile().unwrap();
    on_disk.write_all(file.as_bytes()).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(on_disk.path()), env).map_err(|error| {
        let name = on_disk.path().display().to_string();
        error.to_string().replace(&name, "opencr.toml")
    })
}

fn origin<'a>(config: &'a Config, key: &str) -> &'a str {
    config.origins.get(key).map_or("default", String::as_str)
}

fn check_refused(file: &str, env: &[(&str, &str)], expected: &str) {
    let error = load(file, env).unwrap_err();
    assert!(error.contains(expected), "'{expected}' is not in: {error}");
}

#[test]
fn the_image_is_none_of_the_stores_files() {
    for image in ["./data/opencr.sqlite", "data/opencr.sqlite.lock", "./data/opencr.sqlite-wal"] {
        let file = format!("[matching]\nimage = \"{image}\"");
        check_refused(&file, &[], "must not begin with the name of the store's file");
    }
    for image in ["./data/opencr.sqlite.index", "./data/other", "./data/opencr.sqlite.d/index"] {
        let file = format!("[matching]\nimage = \"{image}\"");
        assert!(load(&file, &[]).is_ok(), "{image}");
    }
}

#[test]
fn the_defaults_are_valid_and_as_documented() {
    let config = Config::load(None, std::iter::empty()).unwrap();
    assert_eq!(config.server.port, 3000);
    assert_eq!(config.systems.internal_ids.len(), 3);
    let ids: Vec<_> = config.clients.iter().map(|client| client.id.as_str()).collect();
    assert_eq!(ids, ["openmrs", "dhis2", "lims"]);
    assert_eq!(config.store_url(), "sqlite:./data/opencr.sqlite");
    assert_eq!(origin(&config, "server.port"), "default");
}

#[test]
fn every_default_has_a_comment() {
    let lines: Vec<_> = DEFAULT.lines().collect();
    let mut seen = std::collections::HashSet::new();
    for (index, line) in lines.iter().enumerate() {
        let Some((key, _)) = line.split_once(" = ") else { continue };
        let is_first = seen.insert(key);
        let is_documented = index > 0 && lines[index - 1].starts_with('#');
        assert!(line.starts_with(['#', ' ']) || is_documented || !is_first, "{line}");
    }
}

#[test]
fn a_file_goes_over_the_defaults_and_the_environment_over_both() {
    let file = "[server]\nport = 1\nbody_max_bytes = 2048\n[log]\nformat = 'json'\n";
    let config = load(file, &[("OPENCR__SERVER__PORT", "2"), ("HOME", "/x")]).unwrap();
    assert_eq!(config.server.port, 2);
    assert_eq!(config.server.body_max_bytes, 2048);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(origin(&config, "server.port"), "OPENCR__SERVER__PORT");
    assert!(origin(&config, "log.format").ends_with("line 5"), "{}", origin(&config, "log.format"));
}

#[test]
fn lists_come_as_json_toml_or_with_commas() {
    let name = "OPENCR__SYSTEMS__INTERNAL_IDS";
    for text in ["[\"urn:a\", \"urn:b\"]", "['urn:a', 'urn:b']", "urn:a, urn:b"] {
        let config = load("", &[(name, text)]).unwrap();
        assert_eq!(config.systems.internal_ids, ["urn:a", "urn:b"], "{text}");
    }
    let clients = r#"[{"id": "openmrs", "name": "X"}]"#;
    let config = load("", &[("OPENCR__CLIENTS", clients)]).unwrap();
    let [client] = &config.clients[..] else { panic!("one client") };
    assert_eq!((client.id.as_str(), client.name.as_str()), ("openmrs", "X"));
    assert_eq!((client.disabled, client.access), (false, server::Access::Own));
    let file = "[[clients]]\nid = 'openmrs'\nname = 'Y'\n";
    assert_eq!(load(file, &[]).unwrap().clients.len(), 1);
}

#[test]
fn lists_that_are_empty_by_default_hold_strings() {
    let file = "[systems]\ndomains = ['http://a.org/x']\n\
                [[clients]]\nid = 'openmrs'\nname = 'Y'\nsystems = ['http://a.org/x']\n";
    let config = load(file, &[]).unwrap();
    assert_eq!(config.systems.domains, ["http://a.org/x"]);
    assert_eq!(config.clients[0].systems, ["http://a.org/x"]);
    let config = load("", &[("OPENCR__SYSTEMS__DOMAINS", "http://a.org/x,http://b.org/y")]);
    assert_eq!(config.unwrap().systems.domains.len(), 2);
    assert!(load("[systems]\ndomains = [1]\n", &[]).is_err());
}

#[test]
fn every_key_can_be_set_by_the_environment() {
    for key in merge::known_keys().into_iter().filter(|key| !key.starts_with("clients.")) {
        let schema = toml::Value::Table(merge::schema());
        let value = key.split('.').fold(&schema, |table, name| &table[name]);
        let text = match value {
            toml::Value::Table(_) => continue,
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(items) => serde_json::to_string(items).unwrap(),
            other => other.to_string(),
        };
        let name = format!("OPENCR__{}", key.replace('.', "__").to_uppercase());
        let config = load("", &[(&name, &text)]).unwrap();
        assert_eq!(origin(&config, &key), name);
    }
}

#[test]
fn an_unknown_key_is_named_with_line_and_nearest() {
    check_refused(
        "[server]\nport = 1\nadress = 'x'\n",
        &[],
        "opencr.toml line 3: there is no key 'server.adress': did you mean 'server.address'?",
    );
    check_refused(
        "[servr]\nport = 1\n",
        &[],
        "line 1: there is no key 'servr': did you mean 'server'?",
    );
    check_refused("port = 1\n", &[], "did you mean 'server.port'?");
    check_refused("[[clients]]\nid = 'a'\nnam = 'b'\n", &[], "did you mean 'clients.name'?");
    check_refused("zzzzqq = 1\n", &[], "`opencr config` prints every key");
    check_refused(
        "",
        &[("OPENCR__SERVER__PROT", "1")],
        "environment variable OPENCR__SERVER__PROT: there is no key 'server.prot': \
         did you mean OPENCR__SERVER__PORT?",
    );
    check_refused("", &[("OPENCR__SERVER", "1")], "there is no key 'server'");
    check_refused("", &[("OPENCR__CLIENTS", "[{\"idd\": \"a\"}]")], "did you mean 'clients.id'?");
}

#[test]
fn a_wrong_type_says_what_is_expected() {
    check_refused(
        "[server]\nport = 'x'\n",
        &[],
        "line 2: server.port must be a whole number without quotes, not a string",
    );
    check_refused("server = 1\n", &[], "server must be a table with the keys address, allow");
    check_refused("[callers]\ndevelopment = 1\n", &[], "must be true or false");
    check_refused("[systems]\ninternal_ids = 'a'\n", &[], "must be a list of strings");
    check_refused("[systems]\ninternal_ids = [1]\n", &[], "must be a string in quotes, not an int");
    check_refused("clients = ['a']\n", &[], "a table with the keys access, disabled, id, name");
    check_refused("", &[("OPENCR__SERVER__PORT", "x")], "server.port must be a whole number");
    check_refused("", &[("OPENCR__CALLERS__DEVELOPMENT", "yes")], "must be true or false");
    check_refused("", &[("OPENCR__CLIENTS", "openmrs")], "must be a JSON list such as");
    check_refused("[server\n", &[], "is not valid TOML");
}

#[test]
fn a_client_without_a_name_is_refused() {
    check_refused("[[clients]]\nid = 'openmrs'\n", &[], "missing field `name`");
}

#[test]
fn what_is_agreed_with_a_client_is_read() {
    let file = "[[clients]]\nid = 'openmrs'\nname = 'X'\naccess = 'demographics'\n\
                disabled = true\nsystems = ['urn:a']\ntarget_systems = ['urn:b', 'urn:c']\n";
    let client = &load(file, &[]).unwrap().clients[0];
    assert_eq!((client.disabled, client.access), (true, server::Access::Demographics));
    assert_eq!((client.systems.len(), client.target_systems.len()), (1, 2));
    let all = "[[clients]]\nid = 'openmrs'\nname = 'X'\naccess = 'all'\n";
    check_refused(all, &[], "an access of submit, own");
    check_refused("[[clients]]\nid = 'a'\nname = 'b'\nsystems = 'x'\n", &[], "a list of strings");
}

#[test]
fn files_of_tls_need_each_other() {
    let pair = "[tls]\ncertificate = 'c.pem'\nkey = 'k.pem'\n";
    assert!(load(pair, &[]).is_ok());
    check_refused("[tls]\ncertificate = 'c.pem'\n", &[], "tls.key and tls.certificate must both");
    check_refused("[tls]\nclient_ca = 'c.pem'\n", &[], "needs tls.certificate");
    check_refused(&format!("{pair}revoked = 'r.pem'\n"), &[], "needs tls.client_ca");
    check_refused(&format!("{pair}min_version = '1.1'\n"), &[], "must be \"1.2\" or \"1.3\"");
    let gateways = "[callers]\ngateway_certificates = ['openhim']\n";
    check_refused(&format!("{pair}{gateways}"), &[], "needs tls.client_ca");
    let open = [("OPENCR__SERVER__ADDRESS", "0.0.0.0"), ("OPENCR__CALLERS__DEVELOPMENT", "false")];
    assert!(load(pair, &open).is_ok(), "TLS may be seen by others");
    check_refused(pair, &open[..1], "callers.development must be false");
}

#[test]
fn values_out_of_range_are_refused_with_their_place() {
    check_refused("[server]\nport = 70000\n", &[], "line 2: server.port must be from 0 to 65535");
    check_refused(
        "",
        &[("OPENCR__LINKER__BATCH_MAX", "0")],
        "OPENCR__LINKER__BATCH_MAX: linker.batch_max must be from 1",
    );
    check_refused("[linker]\nqueue_max = 3\n", &[], "must not be larger than linker.queue_max");
    check_refused("[server]\naddress = 'localhost'\n", &[], "must be an IP address");
    check_refused("[server]\nbase_url = 'x.org'\n", &[], "begin http://");
    check_refused("[server]\nbase_url = 'http://x.org/'\n", &[], "not end with a slash");
    check_refused("[log]\nformat = 'xml'\n", &[], "must be \"text\" or \"json\"");
    check_refused("[log]\nlevel = 'a=b=c'\n", &[], "log.level must be");
    check_refused("[systems]\ninternal_ids = []\n", &[], "at least one identifier system");
    check_refused("[systems]\ninternal_ids = ['a b']\n", &[], "must hold URIs");
    check_refused("[systems]\ninternal_ids = ['a', 'a']\n", &[], "not name a system twice");
    let networks = "must hold IP addresses and networks";
    check_refused("[metrics]\nallow = ['localhost']\n", &[], networks);
    check_refused(
        "[callers]\ntrusted_gateways = ['x']\n",
        &[],
        "must hold IP addresses and networks",
    );
    check_refused(
        "[callers]\ndevelopment_client = 'x'\n",
        &[],
        "must be one of the clients: dhis2, lims, openmrs",
    );
}

#[test]
fn other_machines_are_served_only_when_told_so() {
    let open = ("OPENCR__SERVER__ADDRESS", "0.0.0.0");
    let allowed = ("OPENCR__SERVER__ALLOW_INSECURE_REMOTE", "true");
    let closed = ("OPENCR__CALLERS__DEVELOPMENT", "false");
    check_refused("", &[open], "Either set tls.certificate and tls.key");
    check_refused("", &[open], "or listen on 127.0.0.1");
    check_refused("", &[open], "set server.allow_insecure_remote = true");
    check_refused("", &[open, allowed], "callers.development must be false");
    assert!(load("", &[open, allowed, closed]).is_ok());
    assert!(load("[server]\naddress = '::1'\n", &[]).is_ok());
}

#[test]
fn what_is_described_can_be_loaded_again() {
    let config = load("[server]\nport = 1\n", &[]).unwrap();
    let text = config.describe();
    assert!(text.contains("# server.port: from "), "{text}");
    let again = load(&text, &[]).unwrap();
    assert_eq!(again.server, config.server);
    assert_eq!(again.clients, config.clients);
}

#[test]
fn passwords_are_not_described() {
    for (url, shown) in [
        ("postgres://me:secret@host/db", "postgres://me:***@host/db"),
        ("postgres://me@host/db?password=secret&x=1", "postgres://me@host/db?password=***&x=1"),
        ("postgres://me:s@secret@host/db?x=1", "postgres://me:***@host/db?x=1"),
    ] {
        let text = load("", &[("OPENCR__STORE__URL", url)]).unwrap().describe();
        assert!(text.contains(shown) && !text.contains("secret"), "{text}");
    }
}

#[test]
fn the_embedded_rules_are_json_with_one_rule() {
    let rules: serde_json::Value = serde_json::from_str(DEFAULT_RULES).unwrap();
    assert_eq!(rules["rules"].as_array().unwrap().len(), 1);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config {
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    })]

    #[test]
    fn fuzz_configuration_files_never_panic(text in "[a-z\\[\\]=\"0-9.\\n _#{},-]{0,120}") {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let _ = Config::load(Some(file.path()), std::iter::empty());
    }
}
