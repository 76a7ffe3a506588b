//! How many submissions a second the whole road takes, by store and by number of senders.

use std::{sync::Arc, time::Instant};

use fhir::resource::Resource;
use people::{MadeUp, Options, generate};
use pipeline::{Operation, Pipeline, Settings, Work};
use registry::{actor::Actor, ids::ClientId};
use tokio::sync::Mutex;

/// Prints submissions a second for each store and number of senders.
pub(crate) async fn measure(records: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    for senders in [1, 8, 64] {
        let people: Vec<MadeUp> = generate(&Options::usual(2, records)).collect();
        run("memory", "memory:", senders, people.clone()).await?;
        let path = folder.path().join(format!("bench-{senders}.db"));
        run("sqlite", &format!("sqlite:{}", path.display()), senders, people).await?;
    }
    Ok(())
}

async fn run(name: &str, url: &str, senders: usize, people: Vec<MadeUp>) -> anyhow::Result<()> {
    let store = store::open(url).await?;
    let pipeline = Pipeline::start(store, crate::extractor()?, Settings::default()).await?;
    let count = people.len();
    let queue = Arc::new(Mutex::new(people.into_iter()));
    let began = Instant::now();
    let tasks = (0..senders).map(|_| tokio::spawn(send(pipeline.clone(), queue.clone())));
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    println!("{name} store, {senders:3} senders {rate:10.0} submissions a second");
    pipeline.stop().await;
    Ok(())
}

async fn send(
    pipeline: Pipeline,
    queue: Arc<Mutex<std::vec::IntoIter<MadeUp>>>,
) -> anyhow::Result<()> {
    loop {
        let Some(next) = queue.lock().await.next() else { return Ok(()) };
        let client = ClientId::new(next.client);
        let resource = Resource::from_value(next.patient)?;
        let submission = pipeline
            .decode(resource, &client, None)
            .map_err(|issues| anyhow::anyhow!("{} problems in a made-up Patient", issues.len()))?;
        let work = Work {
            operations: vec![Operation::Submit(Box::new(submission))],
            actor: Actor::Client(client),
            is_atomic: false,
            once: None,
        };
        for answer in pipeline.submit(work).await? {
            answer?;
        }
    }
}
