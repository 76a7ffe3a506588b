//! Random sequences of submissions and decisions: what must hold after each step.

use std::collections::BTreeSet;

use pipeline::{Operation, review::Case};
use proptest::prelude::*;
use registry::{
    adjudicate::{Adjudication, Grouping, Move, Resolve, Target},
    ids::{RecordId, Revision},
    state::{BrokenPair, IssueKind},
    verdict::Verdict,
};

use crate::harness::{Registry, steward};

pub(crate) const SOURCES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Submit { source: usize, of: [usize; 4] },
    Withdraw { source: usize },
    Break { sources: Vec<usize>, apart: bool },
    Unbreak { pair: usize },
    Resolve { source: usize, moves: Vec<(usize, usize)>, remove_flag: bool, withdraw: bool },
    Different { a: usize, b: usize },
    Same { a: usize, b: usize, withdraw: bool },
    Undo { back: usize },
}

/// Which of a few values a Patient has; mostly the first, so that many are alike.
pub(crate) fn person() -> impl Strategy<Value = [usize; 4]> {
    let value = prop_oneof![6 => Just(0), 2 => Just(1), 1 => Just(2)];
    prop::array::uniform4(value)
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let source = 0..SOURCES.len();
    prop_oneof![
        4 => (source.clone(), person()).prop_map(|(source, of)| Step::Submit { source, of }),
        1 => source.clone().prop_map(|source| Step::Withdraw { source }),
        2 => (prop::collection::vec(source.clone(), 1..4), any::<bool>())
            .prop_map(|(sources, apart)| Step::Break { sources, apart }),
        3 => (0..64usize).prop_map(|pair| Step::Unbreak { pair }),
        3 => (source.clone(), prop::collection::vec((source.clone(), 0..12usize), 0..4),
              any::<bool>(), any::<bool>())
            .prop_map(|(source, moves, remove_flag, withdraw)| {
                Step::Resolve { source, moves, remove_flag, withdraw }
            }),
        1 => (source.clone(), source.clone()).prop_map(|(a, b)| Step::Different { a, b }),
        2 => (source.clone(), source, any::<bool>())
            .prop_map(|(a, b, withdraw)| Step::Same { a, b, withdraw }),
        3 => (0..6usize).prop_map(|back| Step::Undo { back }),
    ]
}

fn record(source: usize) -> RecordId {
    RecordId::new(SOURCES[source])
}

/// The decision of a step; `None` for a submission or withdrawal, which is carried out at once.
pub(crate) async fn decision(
    registry: &Registry,
    step: &Step,
    decided: &[Revision],
) -> Option<Adjudication> {
    let pair = |a: usize, b: usize| BrokenPair::new(record(a), record(b));
    Some(match step {
        Step::Submit { source, of } => {
            let of = [
                ["Amina", "Brian", "Grace"][of[0]],
                ["Okello", "Otieno", "Wanjiru"][of[1]],
                ["1990-01-01", "1985-06-07", ""][of[2]],
                ["0722000111", "0733000222", ""][of[3]],
            ];
            registry.submit(SOURCES[*source], of).await;
            return None;
        }
        Step::Withdraw { source } => {
            let operation = Operation::Withdraw { record: record(*source), if_match: None };
            // A record that was never submitted is refused.
            _ = registry.carry_out(operation).await;
            return None;
        }
        Step::Break { sources, apart } => Adjudication::Break {
            records: sources.iter().map(|source| record(*source)).collect(),
            grouping: if *apart { Grouping::Apart } else { Grouping::Together },
        },
        Step::Unbreak { pair } => {
            let broken = registry.pipeline.reader().broken_pairs().await.expect("it reads");
            let broken: BTreeSet<BrokenPair> = broken.into_iter().collect();
            let chosen = pair % broken.len().max(1);
            Adjudication::Unbreak { pairs: vec![broken.into_iter().nth(chosen)?] }
        }
        Step::Resolve { source, moves, remove_flag, withdraw } => {
            let mut targets = Vec::new();
            for (moved, to) in moves {
                let to = match to {
                    0..8 => {
                        let ids = [record(*to)];
                        let states = registry.pipeline.reader().records(&ids).await.unwrap();
                        Target::Golden(states.first()?.golden.clone())
                    }
                    number => Target::New(format!("New CR ID {}", number % 2)),
                };
                targets.push(Move { record: record(*moved), from: None, to });
            }
            Adjudication::Resolve(Resolve {
                resolving: record(*source),
                flag: Some(IssueKind::Conflict),
                remove_flag: *remove_flag,
                moves: targets,
                withdraw_broken: *withdraw,
            })
        }
        Step::Different { a, b } => Adjudication::MarkDifferent { pair: pair(*a, *b) },
        Step::Same { a, b, withdraw } => {
            Adjudication::MarkSame { pair: pair(*a, *b), withdraw_broken: *withdraw }
        }
        Step::Undo { back } => Adjudication::Undo { event: *decided.iter().rev().nth(*back)? },
    })
}

/// What a trial and the real thing have in common; fresh CRUIDs differ.
fn told(verdict: &Verdict) -> String {
    let moved: Vec<_> = verdict.moved.iter().map(|one| (&one.record, &one.from)).collect();
    let opened: Vec<_> = verdict.opened.iter().map(|one| (&one.subject, one.kind)).collect();
    format!(
        "{:?} {moved:?} {} {:?} {:?} {:?} {opened:?} {:?} {:?}",
        verdict.verb,
        verdict.created.len(),
        verdict.broken,
        verdict.unbroken,
        verdict.closed,
        verdict.adjudicated,
        verdict.released,
    )
}

async fn live(persons: Vec<[usize; 4]>, steps: Vec<Step>) {
    let submissions = persons.into_iter().enumerate();
    let submissions = submissions.map(|(source, of)| Step::Submit { source, of });
    let steps: Vec<Step> = submissions.chain(steps).collect();
    let registry = Registry::new().await;
    let mut undone = 0;
    let mut decided: Vec<Revision> = Vec::new();
    for step in steps {
        let Some(adjudication) = decision(&registry, &step, &decided).await else {
            registry.check().await;
            continue;
        };
        let before = registry.facts().await;
        let mut trial = Case::new(adjudication.clone(), steward());
        trial.dry_run = true;
        let tried = registry.case(trial).await;
        assert_eq!(registry.facts().await, before, "a trial changes nothing: {step:?}");
        let judged = registry.judge(adjudication).await;
        assert_eq!(
            tried.as_ref().map(told).map_err(ToString::to_string),
            judged.as_ref().map(told).map_err(ToString::to_string),
            "{step:?}"
        );
        registry.check().await;
        let after = registry.facts().await;
        let Some(event) = judged.ok().and_then(|verdict| verdict.event) else {
            assert_eq!(after, before, "what is refused leaves no trace: {step:?}");
            continue;
        };
        let undo = registry.undo(event).await.expect("nothing rests on the newest event");
        registry.check().await;
        assert_eq!(registry.facts().await, before, "undone: {step:?}");
        undone += 1;
        // Every other decision stands: its undoing is undone.
        if undone % 2 == 0 {
            registry.undo(undo.event.expect("an undo is an event")).await.expect("can be undone");
            decided.push(event);
            registry.check().await;
            assert_eq!(registry.facts().await, after, "redone: {step:?}");
        }
    }
    registry.pipeline.stop().await;
}

/// `PROPTEST_CASES=1000` runs more.
pub(crate) fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    let cases = asked.unwrap_or(24);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn decisions_keep_every_promise_and_can_be_undone(
        persons in prop::collection::vec(person(), SOURCES.len()),
        steps in prop::collection::vec(step(), 5..40)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(live(persons, steps));
    }
}
