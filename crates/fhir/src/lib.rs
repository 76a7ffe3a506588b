//! HL7 FHIR R4 (4.0.1) as far as a master patient index speaks it, and no further.
//!
//! # What is understood
//!
//! - any resource as a lossless JSON object ([`resource`]);
//! - Patient: checked ([`validate`]), read through a thin view ([`patient`]) and found
//!   again by its search parameters ([`search`]);
//! - Bundle: batch and transaction in; searchset, history and responses out ([`bundle`]);
//! - OperationOutcome and CapabilityStatement, which this server only writes ([`outcome`],
//!   [`capability`]);
//! - FHIR's dates, partial ones included ([`date`]);
//! - the part of FHIRPath that rule files use ([`path`]).
//!
//! # What passes untouched
//!
//! Everything else. There is no struct per datatype and so nothing to lose: member order,
//! the digits of decimals (`1.10` stays `1.10`), unknown members, extensions of any depth,
//! primitive extensions (`_birthDate`), contained resources and profiles this room has
//! never heard of come back as they were sent. The one thing refused instead of kept is
//! JSON whose meaning is uncertain: duplicate member names, nesting without end, bytes that
//! are not UTF-8.
//!
//! # What is absent
//!
//! XML, terminology, profiles (StructureDefinition packages), subscriptions, and every idea
//! of matching. The room is pure: no IO, clock, async or SQL. No error, issue or `Debug`
//! text of it contains a name, date or identifier of a person.

pub mod bundle;
pub mod capability;
pub mod date;
pub mod outcome;
pub mod path;
pub mod patient;
pub mod resource;
pub mod search;
pub mod validate;

pub use outcome::{Issue, IssueType, OperationOutcome, Severity};
pub use resource::{ParseError, Resource, is_valid_id};
