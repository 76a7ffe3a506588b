//! Matching: from two records to a number, and from a register to the best numbers.
//!
//! # The model on one page
//!
//! A **[`Ruleset`]** is read once, from OpenCR's `decisionRules.json`, by [`opencr::parse`], or is
//! made of native rules by [`Ruleset::native`]; what those compute is told in [`mod@model`]. It
//! holds rules, and the list of **features** the rules need of every record: each a FHIRPath
//! (opaque here) and what the value is for ([`FeatureKind`]).
//!
//! A record enters as **[`Features`]**: per feature the prepared value, or none. Preparing is
//! done once, in [`normalize`]; whoever owns FHIRPath supplies the raw values. The same path
//! prepares both sides of a comparison.
//!
//! One **[`Rule`]** of OpenCR's compares a query with a candidate:
//!
//! 1. every **filter** must agree (any value in common, or both without one);
//! 2. every **phonetic** field must sound or be spelled alike;
//! 3. every other field is compared by an [`Algorithm`], and adds its points to the **total**:
//!    the weight (deterministic, from 0) or log10 of m/u or of (1−m)/(1−u) (probabilistic, from
//!    100); null handling decides when a value is missing;
//! 4. the **[`Score`]** is the total, plus 1 when the rule has neither filters nor phonetic
//!    fields, rounded to 32 bits as Elasticsearch did, so that thresholds set by looking at
//!    OpenCR's scores keep their meaning;
//! 5. the rule's two thresholds put the score into a **[`Band`]**.
//!
//! [`score()`] does this for one pair, [`explain()`] tells every step of it, and an [`Index`] does
//! it for a query against all records: the writer inserts and publishes, readers search an
//! immutable [`Snapshot`]. All three agree to the last bit, because they share the arithmetic
//! (`score/field.rs`). A search scores only records that agree on fields without which no score
//! can pass, and [`plan::describe`] tells which these are; [`Snapshot::scan`] scores all.
//!
//! ```
//! use std::sync::Arc;
//! use matching::{Band, Features, Index, Limits, opencr};
//!
//! let rules = r#"{"rules": [{"matchingType": "deterministic", "fields": {
//!     "family": {"algorithm": "jaro-winkler-similarity", "threshold": 0.9,
//!                "fhirpath": "name.family", "null_handling": "moderate"}},
//!     "potentialMatchThreshold": 1.5, "autoMatchThreshold": 2}]}"#;
//! let ruleset = Arc::new(opencr::parse(rules)?);
//! let person = |family: &str| {
//!     Features::from_values(&ruleset.features, |_| vec![family.to_owned()])
//! };
//!
//! let mut index = Index::new(Arc::clone(&ruleset));
//! index.insert(0, person("Otieno"));
//! index.insert(1, person("Mukasa"));
//! let found = index.snapshot().search(&person("OTIENO"), &Limits { potential_max: 100 });
//! assert_eq!(found.hits.len(), 1);
//! assert_eq!((found.hits[0].number, found.hits[0].band), (0, Band::Auto));
//! # Ok::<(), matching::RulesError>(())
//! ```
//!
//! # What is absent
//!
//! No IO, clock, randomness or async; no FHIR; no identity: candidates are numbers, and which
//! hit decides a golden record is the registry's business. Values of people never appear in
//! errors or `Debug` output; an [`Explanation`] carries them, because that is its purpose.
//!
//! The behaviour is OpenCR's, with documented corrections. "Quirk n" in comments and tests is
//! the number in the specification's list of what is odd in OpenCR and what is kept or corrected.

pub mod evaluate;
pub mod explain;
pub mod features;
pub mod index;
pub mod model;
pub mod native;
pub mod normalize;
pub mod opencr;
pub mod phonetic;
pub mod plan;
pub mod rules;
pub mod score;
pub mod similarity;
pub mod train;

pub use explain::{Explanation, explain};
pub use features::Features;
pub use index::{Cost, Found, Hit, Index, Limits, Snapshot};
pub use normalize::{Normaliser, SkipValues};
pub use opencr::{Problem, RulesError};
pub use rules::{
    Comparison, FeatureKind, FeatureSpec, Field, FilterSpec, Gather, MatchingType, NullHandling,
    Rule, Ruleset, RulesetHash, Several,
};
pub use score::{Band, Score, Scored, score};
pub use similarity::Algorithm;
