//! The stream of records.

use serde_json::Value;

use crate::dice::Dice;
use crate::facts::Facts;
use crate::household::{Registers, household};
use crate::mistakes::{Mistake, spoil};
use crate::options::Options;
use crate::patient::patient;

/// Records held back and drawn from at random, so that the records of one household and of one
/// person arrive apart, as they do in life. Bounds the memory that a population takes.
const WINDOW: usize = 1024;
/// Most records of one person.
const RECORDS_OF_ONE_MAX: usize = 6;
/// Share of a person's further records that go to the same system again.
const SAME_SYSTEM_SHARE: f64 = 0.1;

/// One made-up record.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeUp {
    /// The client that submits it.
    pub client: String,
    /// A FHIR R4 Patient; its first identifier is the client's own.
    pub patient: Value,
    /// Whom it describes: equal numbers are one person. Counts from 0.
    pub person: u32,
    /// How it departs from the person's first record: empty for the first record and for those
    /// that repeat it, apart from the client's own identifier.
    pub mistakes: Vec<Mistake>,
}

/// Makes the population that `options` describe, one record at a time.
///
/// # Panics
///
/// If `options` name no system: somebody has to submit the records.
pub fn generate(options: &Options) -> Population {
    assert!(!options.systems.is_empty(), "a population needs at least one system");
    Population {
        dice: Dice::new(options.seed),
        registers: Registers::default(),
        numbers: vec![0; options.systems.len()],
        window: Vec::with_capacity(WINDOW),
        drafted: 0,
        persons: 0,
        options: options.clone(),
    }
}

/// The records of a population, in the order in which they are submitted.
#[derive(Debug, Clone)]
pub struct Population {
    options: Options,
    dice: Dice,
    registers: Registers,
    /// How many patients each system has.
    numbers: Vec<u32>,
    window: Vec<Draft>,
    drafted: usize,
    persons: u32,
}

/// A record before it is a Patient, which is larger.
#[derive(Debug, Clone)]
struct Draft {
    system: usize,
    facts: Facts,
    person: u32,
    mistakes: Vec<Mistake>,
}

impl Population {
    fn draft_household(&mut self) {
        for person in household(&self.options, &mut self.registers, &mut self.dice) {
            if self.drafted == self.options.records {
                return;
            }
            self.draft_person(&person);
            self.persons += 1;
        }
    }

    fn draft_person(&mut self, person: &Facts) {
        let mut system = self.dice.index(self.options.systems.len());
        self.draft(system, person.clone(), Vec::new());
        for _ in 1..RECORDS_OF_ONE_MAX {
            let is_last = !self.dice.chance(self.options.duplicate_share);
            if is_last || self.drafted == self.options.records {
                return;
            }
            if !self.dice.chance(SAME_SYSTEM_SHARE) {
                system = (system + 1) % self.options.systems.len();
            }
            let mut facts = person.clone();
            let mistakes = if self.dice.chance(self.options.identical_share) {
                Vec::new()
            } else {
                spoil(&mut facts, self.options.mistakes_max, &mut self.dice)
            };
            self.draft(system, facts, mistakes);
        }
    }

    fn draft(&mut self, system: usize, facts: Facts, mistakes: Vec<Mistake>) {
        self.window.push(Draft { system, facts, person: self.persons, mistakes });
        self.drafted += 1;
    }

    fn submit(&mut self, draft: Draft) -> MadeUp {
        let system = &self.options.systems[draft.system];
        self.numbers[draft.system] += 1;
        let number = format!("{}-{:06}", system.client, self.numbers[draft.system]);
        MadeUp {
            client: system.client.clone(),
            patient: patient(&draft.facts, system, &number),
            person: draft.person,
            mistakes: draft.mistakes,
        }
    }
}

impl Iterator for Population {
    type Item = MadeUp;

    fn next(&mut self) -> Option<MadeUp> {
        while self.window.len() < WINDOW && self.drafted < self.options.records {
            self.draft_household();
        }
        if self.window.is_empty() {
            return None;
        }
        let at = self.dice.index(self.window.len());
        let draft = self.window.swap_remove(at);
        Some(self.submit(draft))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.options.records - self.drafted + self.window.len();
        (left, Some(left))
    }
}

impl ExactSizeIterator for Population {}
