//! New submissions a second over HTTP, each durable before its answer, beside a full registry.
//!
//! The load comes from this process too, on the same cores, by plain blocking connections: what
//! is measured is the lower bound of what the registry takes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use fhir::resource::Resource;
use people::{MadeUp, Options, generate};
use pipeline::{Operation, Pipeline, Settings, Work};
use registry::{actor::Actor, ids::ClientId};
use server::{App, ServerSettings};
use store::Store;

use crate::percentile;

/// Decides the population; printed, so that a run can be repeated.
const SEED: u64 = 3;
/// People that are not asked for, so that any two runs have the same ones.
const SPARE: usize = 100_000;
/// Records that go into the registry together before anything is measured.
const CHUNK: usize = 500;

/// What to measure.
pub(crate) struct Asked {
    records: usize,
    new: usize,
    connections: usize,
    store: Option<String>,
    nodes: usize,
    as_json: bool,
}

impl Asked {
    /// Reads `[--records N] [--new N] [--connections N] [--store FILE|URL] [--nodes N] [--json]`.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Asked> {
        let mut asked = Asked {
            records: 10_000,
            new: 20_000,
            connections: 16,
            store: None,
            nodes: 1,
            as_json: false,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--records" => asked.records = value()?.parse()?,
                "--new" => asked.new = value()?.parse()?,
                "--connections" => asked.connections = value()?.parse::<usize>()?.max(1),
                "--store" => asked.store = Some(value()?),
                "--nodes" => asked.nodes = value()?.parse::<usize>()?.max(1),
                "--json" => asked.as_json = true,
                _ => anyhow::bail!(
                    "unknown {word}: --records, --new, --connections, --store, --nodes or --json"
                ),
            }
        }
        let is_shared = asked.store.as_deref().is_some_and(|store| store.contains("://"));
        anyhow::ensure!(asked.nodes == 1 || is_shared, "several nodes need --store postgres://…");
        Ok(asked)
    }

    /// Where the registry is kept; without a choice in `folder`.
    fn url(&self, folder: &Path) -> String {
        match &self.store {
            Some(url) if url.contains("://") => url.clone(),
            Some(path) => format!("sqlite:{path}"),
            None => format!("sqlite:{}", folder.join("registry.db").display()),
        }
    }
}

/// A node as it serves.
struct Node {
    store: Arc<dyn Store>,
    pipeline: Pipeline,
    address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Node {
    async fn start(url: &str) -> anyhow::Result<Self> {
        let store = store::open(url).await?;
        let pipeline =
            Pipeline::start(store.clone(), crate::extractor()?, Settings::default()).await?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let app = App::new(pipeline.clone(), server_settings()?);
        let serving = tokio::spawn(server::serve(listener, app, async { _ = stopped.await }));
        Ok(Self { store, pipeline, address, stop, serving })
    }

    async fn end(self) -> anyhow::Result<()> {
        _ = self.stop.send(());
        self.serving.await??;
        self.pipeline.stop().await;
        self.store.close().await;
        Ok(())
    }
}

/// Fills a registry, then sends it new people and prints how fast they were answered.
pub(crate) fn measure(asked: &Asked) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    // The last ones of a population depend on where it ends, so it ends later.
    let all = asked.records + asked.new + SPARE;
    let mut people = generate(&Options::usual(SEED, all)).take(asked.records + asked.new);
    let runtime = tokio::runtime::Runtime::new()?;
    let url = asked.url(folder.path());
    let store = runtime.block_on(store::open(&url))?;
    let began = Instant::now();
    runtime.block_on(fill(&store, &mut people, asked.records))?;
    runtime.block_on(store.close());
    drop(store);
    let fill = began.elapsed();

    let requests: Vec<Vec<u8>> = people.map(|one| request(&one)).collect();
    let began = Instant::now();
    let mut nodes = Vec::new();
    for _ in 0..asked.nodes {
        nodes.push(runtime.block_on(Node::start(&url))?);
    }
    let start = began.elapsed();
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();

    let cpu = cpu_seconds();
    let began = Instant::now();
    let mut times = send_all(&addresses, &requests, asked.connections)?;
    let took = began.elapsed();
    let cpu = cpu_seconds().zip(cpu).map(|(after, before)| after - before);
    for node in nodes {
        runtime.block_on(node.end())?;
    }
    times.sort_unstable();
    tell(asked, &Measured { fill, start, took, times, cpu });
    Ok(())
}

struct Measured {
    fill: Duration,
    start: Duration,
    took: Duration,
    times: Vec<Duration>,
    cpu: Option<f64>,
}

fn tell(asked: &Asked, measured: &Measured) {
    let rate = measured.times.len() as f64 / measured.took.as_secs_f64();
    let ms = |percent| percentile(&measured.times, percent).as_secs_f64() * 1e3;
    let cpu_ms = measured.cpu.map(|cpu| cpu * 1e3 / measured.times.len().max(1) as f64);
    if asked.as_json {
        println!(
            "{{\"records\":{},\"new\":{},\"connections\":{},\"nodes\":{},\"seed\":{SEED},\
             \"submissions_per_second\":{rate:.0},\"p50_ms\":{:.2},\"p99_ms\":{:.2},\
             \"max_ms\":{:.2},\"cpu_ms_per_submission\":{},\"start_seconds\":{:.2}}}",
            asked.records,
            asked.new,
            asked.connections,
            asked.nodes,
            ms(50),
            ms(99),
            ms(100),
            cpu_ms.map_or("null".to_owned(), |cpu| format!("{cpu:.3}")),
            measured.start.as_secs_f64(),
        );
        return;
    }
    println!("{} made-up records there, OpenCR's default rules, seed {SEED}", asked.records);
    println!("filled in {:.1?}, index ready {:.1?} after a restart", measured.fill, measured.start);
    println!(
        "{} new submissions over {} connections to {} node(s), each durable before its answer",
        asked.new, asked.connections, asked.nodes
    );
    println!(
        "{rate:.0} a second, p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        ms(50),
        ms(90),
        ms(99),
        ms(100)
    );
    if let Some(cpu) = cpu_ms {
        println!("{cpu:.2} ms of CPU each, the sender's included");
    }
}

/// Puts the first `count` people into the store, as `opencr import` does.
async fn fill(
    store: &Arc<dyn Store>,
    people: &mut impl Iterator<Item = MadeUp>,
    count: usize,
) -> anyhow::Result<()> {
    let settings = Settings { turn_max: CHUNK, batch_max: CHUNK, ..Settings::default() };
    let pipeline = Pipeline::start(store.clone(), crate::extractor()?, settings).await?;
    let held = usize::try_from(store.counts().await?.records)?;
    anyhow::ensure!(held <= count, "the store holds {held} records already: say --records {held}");
    let mut left = count - held;
    // A store that was filled by an earlier run holds these people already.
    for _ in 0..count - left {
        people.next();
    }
    while left > 0 {
        let chunk: Vec<MadeUp> = people.by_ref().take(left.min(CHUNK)).collect();
        anyhow::ensure!(!chunk.is_empty(), "the population is too small");
        left -= chunk.len();
        let operations = chunk.into_iter().map(|one| operation(&pipeline, one));
        let work = Work {
            operations: operations.collect::<anyhow::Result<_>>()?,
            actor: Actor::Job("bench".to_owned()),
            is_atomic: false,
            once: None,
        };
        for answer in pipeline.submit(work).await? {
            answer?;
        }
    }
    pipeline.stop().await;
    Ok(())
}

fn operation(pipeline: &Pipeline, one: MadeUp) -> anyhow::Result<Operation> {
    let client = ClientId::new(one.client);
    let submission = pipeline
        .decode(Resource::from_value(one.patient)?, &client, None)
        .map_err(|issues| anyhow::anyhow!("{} problems in a made-up Patient", issues.len()))?;
    Ok(Operation::Submit(Box::new(submission)))
}

fn request(one: &MadeUp) -> Vec<u8> {
    let body = one.patient.to_string();
    let head = format!(
        "POST /fhir/Patient HTTP/1.1\r\nHost: 127.0.0.1\r\nX-OpenHIM-ClientID: {}\r\n\
         Content-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n",
        one.client,
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

fn server_settings() -> anyhow::Result<ServerSettings> {
    let mut settings = ServerSettings::new("bench");
    settings.gateways = vec!["127.0.0.1".parse()?];
    let systems = Options::usual(SEED, 0).systems;
    settings.clients =
        systems.iter().map(|one| (ClientId::new(one.client.as_str()), String::new())).collect();
    Ok(settings)
}

/// Sends every request once, over so many connections; gives how long each answer took.
fn send_all(
    nodes: &[SocketAddr],
    requests: &[Vec<u8>],
    connections: usize,
) -> anyhow::Result<Vec<Duration>> {
    let next = AtomicUsize::new(0);
    let times = Mutex::new(Vec::with_capacity(requests.len()));
    std::thread::scope(|scope| {
        let nodes = nodes.iter().copied().cycle().take(connections);
        let next = &next;
        let senders = nodes.map(|node| scope.spawn(move || send(node, requests, next)));
        for sender in senders.collect::<Vec<_>>() {
            let sent = sender.join().map_err(|_| anyhow::anyhow!("a sender failed"))??;
            if let Ok(mut times) = times.lock() {
                times.extend(sent);
            }
        }
        anyhow::Ok(())
    })?;
    Ok(times.into_inner().unwrap_or_default())
}

fn send(
    address: SocketAddr,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
) -> anyhow::Result<Vec<Duration>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let mut times = Vec::new();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let began = Instant::now();
        stream.write_all(request)?;
        let status = read_answer(&mut answers)?;
        times.push(began.elapsed());
        anyhow::ensure!(status == 201, "a new record was answered with status {status}");
    }
    Ok(times)
}

/// Reads one answer whole; gives its status.
fn read_answer(answers: &mut impl BufRead) -> anyhow::Result<u16> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    let status = line.split(' ').nth(1).context("no status")?.parse()?;
    let mut length = 0;
    loop {
        line.clear();
        answers.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    std::io::copy(&mut answers.take(length), &mut std::io::sink())?;
    Ok(status)
}

/// What this process used so far, on Linux.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name, in parentheses, may hold spaces.
    let mut fields = text.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks: f64 = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    // The kernel reports in hundredths of a second whatever its own clock.
    Some(ticks / 100.0)
}
