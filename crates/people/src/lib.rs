//! Made-up people with realistic errors, for demonstrations, tests and measurements.
//!
//! A [`Population`] is a stream of FHIR Patients as several source systems would submit them,
//! each with the number of the person it truly describes. The same options give the same stream
//! on every machine: one seeded generator, integer arithmetic, no clock. Nobody in it exists.
//!
//! What makes people hard to tell apart is in it: households that share a family name, a village
//! and a phone, twins, birth dates heaped on 1 January, few names shared by many. What makes one
//! person look like two is in [`Mistake`].
//!
//! Not here: reading people from files, and any opinion on how records should be matched.

mod date;
mod dice;
mod facts;
mod household;
mod mistakes;
mod names;
mod options;
mod patient;
mod places;
mod population;

pub use mistakes::Mistake;
pub use options::{Options, System};
pub use patient::{ART_NUMBER, NATIONAL_ID};
pub use population::{MadeUp, Population, generate};
