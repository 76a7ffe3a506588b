//! Tests of `fhir::path` from outside: OpenCR's own answers, the official HL7 suite, and
//! properties that hold for any input.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod golden;
mod official;
mod properties;
