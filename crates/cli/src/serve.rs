//! `opencr serve`: the registry itself.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use pipeline::{Meters, Pipeline, Settings};
use registry::ids::ClientId;
use server::{AccessMode, App, Exposition, MetricsSettings, Network, SearchBounds, ServerSettings};
use tokio::net::TcpListener;

use crate::{
    ConfigFile, audit,
    config::{self, Config},
    demo, memory,
    openhim::Mediator,
    people, protection,
    traces::Traces,
    usage, verify, wiring,
};

mod stop;

use stop::Stop;

/// How old the figures of the dashboard get that nobody looks at.
const COUNTED_EVERY: Duration = Duration::from_secs(60);

/// Run the registry: FHIR R4 at http://127.0.0.1:3000/fhir, data in ./data, until SIGTERM or
/// Ctrl-C. Stopping finishes what was accepted.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  opencr serve
  opencr serve --demo --data /tmp/demo
  OPENCR__LOG__LEVEL=debug opencr serve --config /etc/opencr.toml")]
pub(crate) struct Arguments {
    /// Load made-up people into the registry if it is empty.
    #[arg(long)]
    demo: bool,
    /// The store's URL, such as postgres://opencr@db.example.org/opencr; outranks the configured one.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The data folder; outranks the configured folder and, without --store, the configured store.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The TCP port; 0 takes a free one and prints it.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Serves until told to stop.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut overrides = verify::store_overrides(&arguments.data, &arguments.store);
    overrides.extend(arguments.port.map(|port| ("OPENCR__SERVER__PORT", port.to_string())));
    let config = arguments.config.load(overrides)?;
    let traces = Traces::of(&config)?;
    wiring::log_and_trace(&config, traces.as_ref());
    let extractor = wiring::extractor(&config, None)?;
    let mut settings = server_settings(&config)?;
    protection::apply(&config, &mut settings)?;
    let mut people_settings = people::settings(&config)?;
    if let Some(room) = people_settings.as_mut().and_then(|told| told.room.as_mut()) {
        room.is_test |= arguments.demo;
    }
    let mediator = Mediator::of(&config)?;
    wiring::runtime()?.block_on(async {
        // Before the store is touched, so that a port in use changes nothing on disk.
        let address = SocketAddr::new(config.server.address, config.server.port);
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}: is another server running there? See --port")
        })?;
        let opened = store::open_all(&config.store_url()).await.context("cannot open the store")?;
        let store = opened.store.clone();
        let image = wiring::image(&config, &config.store_url());
        let mut told = Settings { image, ..wiring::settings(&config) };
        if let Some(metrics) = &settings.metrics {
            told.meters = Arc::new(metrics.exposition.gather(Meters::register));
        }
        let pipeline = Pipeline::start(store.clone(), extractor, told).await?;
        if arguments.demo {
            tell_demo(demo::load(&pipeline, &config.demo).await?);
        }
        // Before the banner, after which whoever started this may stop it.
        let stop = Stop::listen();
        let auditor = audit::start(&config, store.clone(), &pipeline).await?;
        let app = App::new(pipeline.clone(), settings);
        let (app, invitation) = match people_settings {
            Some(told) => people::join(app, opened.accounts, told).await?,
            None => (app, None),
        };
        let app = app.audited_by(auditor.clone());
        banner(&config, listener.local_addr()?, &pipeline);
        invitation.inspect(|token| people::invite(token, config.ui.enabled));
        let port = listener.local_addr()?.port();
        let counting = pipeline.count_every(COUNTED_EVERY);
        let mediator = mediator.map(|mediator| mediator.start(&config, port, &app, &auditor));
        let mediator = mediator.transpose().context("cannot start a thread for OpenHIM")?;
        let served = server::serve(listener, app, stop.told()).await;
        tracing::info!("stopping: finishing what was accepted");
        drop(mediator);
        counting.abort();
        pipeline.stop().await;
        auditor.stop().await;
        store.close().await;
        tracing::info!("stopped");
        served.context("the server stopped")
    })?;
    traces.into_iter().for_each(Traces::stop);
    Ok(ExitCode::SUCCESS)
}

fn server_settings(config: &Config) -> anyhow::Result<ServerSettings> {
    let mut settings = ServerSettings::new(env!("CARGO_PKG_VERSION"));
    let base_url = &config.server.base_url;
    settings.base_url = (!base_url.is_empty()).then(|| base_url.clone());
    bound_memory(&config.server, &mut settings);
    settings.request_timeout = Duration::from_secs(config.server.request_timeout_seconds);
    settings.gateways = networks("callers.trusted_gateways", &config.callers.trusted_gateways)?;
    if config.metrics.enabled {
        let exposition = Exposition::new(&settings.version);
        let allow = networks("metrics.allow", &config.metrics.allow)?;
        settings.metrics = Some(MetricsSettings { exposition, allow });
    }
    settings.access_mode = config.callers.access_mode;
    settings.domains.clone_from(&config.systems.domains);
    settings.search_bounds = SearchBounds {
        criteria_min: config.callers.search_criteria_min,
        results_max: config.callers.search_results_max,
        per_minute: config.callers.searches_per_minute,
    };
    settings.is_development = config.callers.development;
    let development_client = ClientId::new(config.callers.development_client.as_str());
    settings.development_client = config.callers.development.then_some(development_client);
    Ok(settings)
}

/// Sets what may be in memory for requests at once.
fn bound_memory(told: &config::Server, settings: &mut ServerSettings) {
    let bodies = match told.bodies_max_bytes {
        0 => memory::for_bodies(),
        bytes => bytes,
    };
    settings.bodies_max_bytes = bodies;
    settings.body_max_bytes = told.body_max_bytes.min(bodies);
    settings.answer_max_bytes = settings.answer_max_bytes.min(bodies / 2);
    if settings.body_max_bytes < told.body_max_bytes {
        let (bytes, wanted) = (settings.body_max_bytes, told.body_max_bytes);
        tracing::warn!(
            bytes,
            wanted,
            "bodies longer than server.bodies_max_bytes, here what memory allows, are refused"
        );
    }
}

fn networks(key: &str, texts: &[String]) -> anyhow::Result<Vec<Network>> {
    let parsed = texts.iter().map(|text| text.parse());
    parsed.collect::<Result<_, _>>().map_err(|error| usage(format!("{key}: {error}")))
}

fn tell_demo(loaded: usize) {
    match loaded {
        0 => println!("The registry holds records already, so no made-up people were loaded."),
        count => println!("Loaded {count} made-up records."),
    }
}

/// Says where things are and what is not safe.
fn banner(config: &Config, address: SocketAddr, pipeline: &Pipeline) {
    println!("OpenCR {}", env!("CARGO_PKG_VERSION"));
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    println!("  FHIR R4   {scheme}://{address}/fhir");
    if config.people.enabled && config.ui.enabled {
        println!("  stewards  {scheme}://{address}/ui/");
    }
    println!("  data      {}", pipeline.reader().location());
    let rules = &config.matching.rules;
    let rules = if rules.as_os_str().is_empty() {
        "OpenCR's default rules (matching.rules is empty)".to_owned()
    } else {
        rules.display().to_string()
    };
    println!("  rules     {rules}");
    for client in &config.clients {
        println!("  client    {} ({}): sees {}", client.id, client.name, client.access.name());
    }
    if config.callers.access_mode == AccessMode::LogOnly {
        println!(
            "  NOT SAFE  every client reads everything; what would be withheld is only logged \
             (callers.access_mode)"
        );
    }
    if config.callers.development {
        println!(
            "  NOT SAFE  development mode: any program on this machine may submit and read as \
             client '{}' (callers.development)",
            config.callers.development_client
        );
    }
    if !config.server.address.is_loopback() && !config.tls.is_on() {
        println!(
            "  NOT SAFE  other machines are served without encryption \
             (server.allow_insecure_remote)"
        );
    }
    if config.openhim.enabled && config.openhim.trust_self_signed {
        println!(
            "  NOT SAFE  any certificate is taken for OpenHIM's, and the password sent to whoever \
             has it (openhim.trust_self_signed)"
        );
    }
    if config.store_url() == "memory:" {
        println!("  NOT KEPT  the store is in memory: everything is gone when this process ends");
    }
    let (data, index) = (pipeline.reader().location(), pipeline.index_origin());
    tracing::info!(%address, %data, ?index, "serving");
}
