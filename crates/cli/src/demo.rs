//! The made-up population that a newcomer is shown.

use anyhow::Context as _;
use fhir::resource::Resource;
use pipeline::{Operation, Pipeline, Work};
use registry::{actor::Actor, ids::ClientId};

use crate::config::Demo;

/// Records submitted at once.
const CHUNK_RECORDS: usize = 500;

/// Loads it into an empty registry; into one with records, nothing.
///
/// Gives how many records were submitted.
pub(crate) async fn load(pipeline: &Pipeline, demo: &Demo) -> anyhow::Result<usize> {
    let counts = pipeline.reader().counts().await.context("cannot read the store")?;
    if counts.records + counts.withdrawn > 0 {
        return Ok(0);
    }
    let options = people::Options::usual(demo.seed, demo.records);
    let mut population = people::generate(&options).peekable();
    let mut loaded = 0;
    while population.peek().is_some() {
        let mut operations = Vec::with_capacity(CHUNK_RECORDS);
        for made_up in population.by_ref().take(CHUNK_RECORDS) {
            let patient = Resource::from_value(made_up.patient)
                .context("the generator made something that is no Patient")?;
            let client = ClientId::new(made_up.client);
            let submission = pipeline.decode(patient, &client, None).map_err(|issues| {
                let text = issues.first().map(|issue| issue.diagnostics.clone());
                anyhow::anyhow!(
                    "the made-up records do not fit this configuration: {}; the demo needs the \
                     default systems.internal_ids",
                    text.unwrap_or_default()
                )
            })?;
            operations.push(Operation::Submit(Box::new(submission)));
        }
        loaded += operations.len();
        let actor = Actor::Job("demo".to_owned());
        pipeline.submit(Work { operations, actor, is_atomic: false, once: None }).await?;
    }
    Ok(loaded)
}
