//! An import straight into a store, through the same pipeline as the server's.

use anyhow::Context as _;
use pipeline::{Pipeline, Settings, rows::Rows};
use registry::{actor::Actor, ids::ClientId};

use super::Run;
use crate::{
    config::Config,
    feed::{self, Sender},
    usage, wiring,
};

/// Opens the store, submits every row in file order and closes it again.
pub(super) fn send(run: &mut Run, rows: Rows, url: &str, config: &Config) -> anyhow::Result<()> {
    let is_known = config.systems.internal_ids.iter().any(|known| **known == *run.system);
    if !is_known {
        return Err(usage(format!(
            "--source {}: not one of systems.internal_ids; configure it there, so that the \
             server knows it too",
            run.system
        )));
    }
    let client: ClientId = run.client.clone().ok_or_else(|| {
        usage("--client is missing: no configured client is named after the source system")
    })?;
    let sender = Sender { client: client.clone(), actor: Actor::Client(client) };
    let extractor = wiring::extractor(config, None)?;
    let settings = feed::alone(wiring::settings(config));
    wiring::runtime()?.block_on(async {
        let store = store::open(url).await.context("cannot open the store")?;
        let image = wiring::image(config, url);
        let settings = Settings { image, ..settings };
        let pipeline = Pipeline::start(store.clone(), extractor, settings).await?;
        let mut rows_done = run.skip;
        let skip = run.skip;
        let fed = feed::feed(&pipeline, rows, sender, skip, &mut |chunk| {
            let line = chunk.last().map_or(0, |row| row.number);
            rows_done += chunk.len() as u64;
            for row in chunk {
                match row.result {
                    Ok(_) => run.take(row.warnings),
                    Err(reason) => run.refuse(row.number, &reason)?,
                }
            }
            run.done(rows_done, line)
        })
        .await;
        pipeline.stop().await;
        store.close().await;
        fed
    })
}
