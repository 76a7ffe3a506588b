//! Builders for tests: a Patient or a Bundle in as many words as the test needs.
//!
//! ```
//! use testkit::person;
//!
//! let amina = person("Amina").family("Okello").born("1990-02").id("openmrs", "1").patient();
//! assert_eq!(amina["name"][0]["family"], "Okello");
//! ```
//!
//! What a test does not mention is not in the Patient: there are no default names, dates or
//! identifiers that could make two people match by accident. Populations are in `people`.
//!
//! This room also holds the tidy test, which checks the rules of the house that machines can see.

mod bundle;
mod person;
pub mod postgres;

pub use bundle::{batch, bundle, transaction};
pub use person::{ART_NUMBER, NATIONAL_ID, Person, person, system_uri};
