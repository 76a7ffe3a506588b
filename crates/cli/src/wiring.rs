//! From the configuration to what the rooms want to be told.

use std::{
    collections::HashMap,
    io::IsTerminal as _,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context as _;
use pipeline::{Settings, image::ImageSettings};
use registry::{decide::Policy, extract::Extractor, ids::ClientId, vocabulary::Vocabulary};

use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, layer::SubscriberExt as _, reload,
    util::SubscriberInitExt as _,
};

use crate::{
    chain, clients_file,
    config::{Config, LogFormat},
    traces::Traces,
    usage,
};

/// The spelling of registry facts.
pub(crate) fn vocabulary(config: &Config) -> Vocabulary {
    let systems = &config.systems;
    Vocabulary {
        internal_systems: systems.internal_ids.iter().map(|uri| Arc::from(uri.as_str())).collect(),
        base_uri: systems.base_uri.trim_end_matches('/').to_owned(),
        golden_code: config.codes.golden_record.clone(),
        broken_match_url: systems.broken_match_url.clone(),
        client_names: client_names(config),
    }
}

/// The clients' display names, those of the file of clients over those of the configuration.
///
/// A file that cannot be read is told of by the commands that need it, not here.
pub(crate) fn client_names(config: &Config) -> HashMap<ClientId, String> {
    let kept = config.clients_path().and_then(|path| clients_file::read(&path).ok());
    let all = config.clients.iter().cloned().chain(kept.unwrap_or_default());
    all.map(|client| (ClientId::new(client.id), client.name)).collect()
}

/// Where the index of the store at `url` is kept.
pub(crate) fn image(config: &Config, url: &str) -> Option<ImageSettings> {
    let every = Duration::from_secs(config.matching.image_every_seconds);
    config.image_path(url).map(|path| ImageSettings { path, every })
}

/// The pipeline's settings; of a registry that ends with the process, so without an image.
pub(crate) fn settings(config: &Config) -> Settings {
    Settings {
        queue_max: config.linker.queue_max,
        batch_max: config.linker.batch_max,
        stale_retries_max: config.linker.stale_retries_max,
        potential_max: config.matching.potential_max,
        policy: Policy {
            rematch_adjudicated: config.matching.rematch_adjudicated,
            doubts_max: config.matching.potential_max,
        },
        vocabulary: vocabulary(config),
        ..Settings::default()
    }
}

/// The text of the rules at `path`, else of those that the configuration names, and what it is
/// called.
pub(crate) fn rules_text(config: &Config, path: Option<&Path>) -> anyhow::Result<(String, String)> {
    match path {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| usage(format!("cannot read {}: {error}", path.display())))?;
            Ok((text, path.display().to_string()))
        }
        None => config.rules().map_err(|error| usage(chain(&error))),
    }
}

/// Reads the rules at `path`, else those that the configuration names, and compiles them.
///
/// What can be read and is odd is told on the log.
pub(crate) fn extractor(config: &Config, path: Option<&Path>) -> anyhow::Result<Extractor> {
    let (text, name) = rules_text(config, path)?;
    let tables = tables_beside(path.unwrap_or(&config.matching.rules));
    let ruleset = matching::native::rules_from_text_with(&text, &tables)
        .map_err(|error| usage(format!("{name} is refused: {}", chain(&error))))?;
    for warning in &ruleset.warnings {
        tracing::warn!("{name}: {warning}");
    }
    compile(ruleset, &name)
}

/// Reads the tables of names that the rule file at `rules` names, as seen from its folder.
pub(crate) fn tables_beside(rules: &Path) -> impl Fn(&str) -> Result<String, String> {
    let folder = rules.parent().unwrap_or(Path::new("")).to_owned();
    move |file| std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string())
}

/// Compiles the paths of rules that are called `name`.
pub(crate) fn compile(ruleset: matching::Ruleset, name: &str) -> anyhow::Result<Extractor> {
    let ruleset = Arc::new(ruleset);
    Extractor::compile(Arc::clone(&ruleset)).map_err(|problems| {
        let problems = problems.0.iter().map(|problem| {
            match matching::native::find_text(&ruleset.source, &problem.path) {
                Some((line, column)) => format!("\n- line {line}, column {column}: {problem}"),
                None => format!("\n- {problem}"),
            }
        });
        usage(format!("{name} is refused:{}", problems.collect::<String>()))
    })
}

/// The threads that everything asynchronous runs on.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime's threads")
}

/// Sends log lines to stderr, in the configured form and from the configured level.
pub(crate) fn log(config: &Config) {
    log_and_trace(config, None);
}

/// The same, and spans to a collector.
pub(crate) fn log_and_trace(config: &Config, traces: Option<&Traces>) {
    let (filter, handle) = reload::Layer::new(EnvFilter::new(&config.log.level));
    let is_terminal = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.log.format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
    };
    // A second call, in one process, keeps the first logger.
    let _ = Registry::default().with(lines).with(traces.map(Traces::layer)).try_init();
    keep_level(config, move |filter| _ = handle.reload(filter));
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}

/// What changes the level of the log, and the level that it began with.
type Level = (String, Box<dyn Fn(EnvFilter) + Send + Sync>);

static LEVEL: OnceLock<Level> = OnceLock::new();

fn keep_level(config: &Config, reload: impl Fn(EnvFilter) + Send + Sync + 'static) {
    // As with the logger, the first stays.
    let _ = LEVEL.set((config.log.level.clone(), Box::new(reload)));
}

/// Logs at this level from now on; `None` as configured.
pub(crate) fn set_log_level(level: Option<&str>) {
    if let Some((configured, reload)) = LEVEL.get() {
        reload(EnvFilter::new(level.unwrap_or(configured)));
    }
}
