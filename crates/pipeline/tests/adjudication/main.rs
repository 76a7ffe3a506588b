//! Persons' decisions through the pipeline: each verb, its refusals, its trial and its undoing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

mod figures;
mod harness;
mod moving;
mod original;
mod property;
mod scores;
mod verbs;
