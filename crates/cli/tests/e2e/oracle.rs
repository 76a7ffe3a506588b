//! A concurrency oracle: sixteen clients submit, withdraw, break and decide about the same people
//! while nodes are killed, and afterwards everything is decided again one after another.
//!
//! What holds is that the outcome is that of the committed order: `opencr verify --decisions`
//! decides each submission alone on the state that the events before it left, and every event
//! must come out as stored. And nothing acknowledged is missing: each acknowledged version shows
//! what was sent, and the CRUID that was answered.
//!
//! `ORACLE_RUNS=20 ORACLE_SECONDS=60 cargo test --release -p opencr --test e2e oracle -- --nocapture`
//! is the long form. The seed of a failing run is in its message. With `ORACLE_BEFORE=FILE`, the program
//! of the release before, one of the two nodes begins by it and is upgraded at half time.

mod clients;
mod nodes;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clients::{Acknowledged, Counts};
use nodes::{Nodes, Plan};

const CLIENTS: u64 = 16;
const SECONDS: u64 = 5;
const RUNS: u64 = 1;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn outcome_is_that_of_the_committed_order_on_one_node() {
    for seed in 0..number("ORACLE_RUNS", RUNS) {
        let plan = Plan::sqlite();
        println!("{}", run(&plan, seed));
    }
}

#[test]
fn outcome_is_that_of_the_committed_order_on_two_nodes_of_one_postgresql() {
    for seed in 0..number("ORACLE_RUNS", RUNS) {
        let plan = Plan::postgresql(2);
        println!("two nodes, {}", run(&plan, seed));
    }
}

/// One run: load, kills, and the judgement, whose figures are given in words.
fn run(plan: &Plan, seed: u64) -> String {
    let nodes = Nodes::start(plan);
    let is_over = AtomicBool::new(false);
    let lasts = Duration::from_secs(number("ORACLE_SECONDS", SECONDS));
    let token = nodes.token();
    let (acknowledged, counts, kills) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (nodes, is_over, token) = (&nodes, &is_over, token.as_str());
                scope.spawn(move || clients::work(nodes, token, seed * CLIENTS + client, is_over))
            })
            .collect();
        let kills = nodes.kill_now_and_then(seed, lasts);
        is_over.store(true, Ordering::Relaxed);
        let mut all: Vec<Acknowledged> = Vec::new();
        let mut counts = Counts::default();
        for client in clients {
            let (acknowledged, of_client) = client.join().expect("a client ends in order");
            all.extend(acknowledged);
            counts.add(&of_client);
        }
        (all, counts, kills)
    });
    clients::check(&nodes, seed, &acknowledged);
    nodes.stop();
    let told = plan.verify_decisions().unwrap_or_else(|told| panic!("seed {seed}: {told}"));
    assert!(counts.submitted > 50 && counts.decided > 0 && kills > 0, "seed {seed}: {counts}");
    format!("seed {seed}: {kills} kills, {counts}; {told}")
}
