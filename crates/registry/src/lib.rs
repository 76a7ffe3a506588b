//! The registry's thinking, without IO: records, links, decisions, events.
//!
//! A *source record* is one system's description of a person. A *golden record* stands for the
//! person; its id is the CRUID, and it holds no demographics. A *link* says that a source record
//! belongs to a golden record; every live source record has exactly one. A *decision* turns
//! matches and what stands already into *changes*; changes make *events*; events are the truth
//! from which all state can be replayed.
//!
//! Nothing here reads a clock, draws a random number or waits: times and fresh ids are arguments.

pub mod account;
pub mod actor;
pub mod adjudicate;
pub mod adopt;
pub mod aside;
pub mod audit;
pub mod batch;
pub mod commit;
pub mod decide;
pub mod event;
pub mod extract;
pub mod grounds;
pub mod ids;
pub mod likeness;
pub mod once;
pub mod record;
pub mod render;
pub mod standing;
pub mod state;
pub mod stored;
pub mod tally;
pub mod undo;
pub mod verdict;
pub mod verify;
pub mod vocabulary;

/// The vocabulary of FHIR searches, which the store answers without knowing FHIR.
pub mod search {
    pub use fhir::search::{
        DateMatch, DateParam, Filter, IndexEntry, IndexValue, Param, Prefix, SearchFacts,
        SortField, SortKey, StringParam, TextMode, TokenMatch, TokenParam, matches,
    };
}
