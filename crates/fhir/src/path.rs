//! FHIRPath over borrowed JSON: parse an expression once, evaluate it on many resources.
//!
//! The language is FHIRPath N1 (<https://hl7.org/fhirpath/N1/>) as far as rules of a patient
//! index need it; section numbers in this module are N1's. What is left out is refused when
//! the expression is parsed, by name and place, so that a rule cannot fail first on a patient.
//!
//! # Compatibility
//!
//! OpenCR evaluates paths with fhirpath.js and no model of FHIR. What works there works here
//! (`valueString`, `Patient.name`), and more: `value` finds `valueString`, and values can be
//! compared with date literals.
//!
//! - Without a model an element's type is known only where its name says it (`valueDate`) or
//!   a resource states it (`resourceType`). Elsewhere `is`, `as` and `ofType` go by the JSON.
//! - A primitive that has only an extension is no item, and `null` in a list is skipped; both
//!   are seen only on the way to `extension`, `id`, `hasValue()` or `getValue()`.
//! - A JSON string is a text. It is read as a date only beside a date literal, or where the
//!   element's name says it is one.
//! - Patterns are those of the `regex` crate: no look-around and no back references, and
//!   `\d` means any digit of Unicode.
//!
//! # What is absent
//!
//! The clock (`today()`, `now()`), quantities and date arithmetic, `resolve()`, terminology,
//! `descendants()` and the other walks without a stated end, and variables but `%resource`
//! and `%context`.
//!
//! # Why not a library
//!
//! This runs on the path of every write and match. The evaluators on crates.io took 6 to 170
//! times as long per patient, and each one needs a newer compiler, an async runtime, a typed
//! model or some hundred dependencies.

mod ast;
mod decimal;
mod error;
mod evaluate;
mod functions;
mod item;
mod lexer;
mod parser;
mod temporal;
#[cfg(test)]
mod tests;
mod types;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub use decimal::Decimal;
pub use error::{EvalError, PathError};
pub use item::{Item, Node};
pub use temporal::{Temporal, TemporalKind};

/// Longest expression. The longest in OpenCR's own configuration has 73 bytes.
pub const EXPRESSION_BYTES_MAX: usize = 4096;

/// Deepest nesting of an expression. A level takes a few kilobytes of stack when it is
/// evaluated, and a thread has two megabytes.
pub const NESTING_MAX: usize = 100;

/// Most steps of one evaluation: an item visited, a comparison made or 64 bytes of text read
/// counts as one. A usual path takes under 50, and this many take some milliseconds.
pub const WORK_MAX: u32 = 500_000;

/// Longest text that an expression may make; a whole patient is rarely this long.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// Deepest nesting of JSON values that are compared; serde_json reads no deeper.
pub const JSON_DEPTH_MAX: usize = 128;

/// Largest compiled pattern, in bytes. A pattern for a phone number takes some 10 kilobytes.
pub const PATTERN_BYTES_MAX: usize = 1 << 18;

/// A parsed expression.
///
/// Cloning shares the parsed form. `Debug` shows the expression.
#[derive(Clone)]
pub struct FhirPath {
    compiled: Arc<Compiled>,
}

struct Compiled {
    expression: String,
    root: ast::Expr,
}

impl FhirPath {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// [`PathError`] says what is wrong and where; the rule that holds the expression cannot
    /// be used.
    pub fn parse(expression: &str) -> Result<FhirPath, PathError> {
        let root = parser::parse(expression)?;
        let compiled = Compiled { expression: expression.to_owned(), root };
        Ok(FhirPath { compiled: Arc::new(compiled) })
    }

    /// The expression as it was given.
    pub fn expression(&self) -> &str {
        &self.compiled.expression
    }

    /// Evaluates on a resource and gives the items found, in document order.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if the resource holds something the expression cannot work on, such as
    /// two names where `upper()` takes one, or if a limit is passed.
    pub fn evaluate<'a>(&self, resource: &'a Value) -> Result<Vec<Item<'a>>, EvalError> {
        let items = evaluate::evaluate(&self.compiled.root, resource)?;
        Ok(items.into_iter().filter(|item| !item.is_bare()).collect())
    }

    /// Evaluates on a resource and gives the texts of the primitive items, in order.
    ///
    /// Numbers are written as JavaScript does (`2`, `1.5`), booleans as `true` and `false`.
    /// Complex items are left out: OpenCR wrote each as `[object Object]`, which made
    /// strangers equal.
    ///
    /// # Errors
    ///
    /// As [`FhirPath::evaluate`].
    ///
    /// # Example
    ///
    /// ```
    /// let path = fhir::path::FhirPath::parse("name.where(use = 'official').given")?;
    /// let patient = serde_json::json!({
    ///     "resourceType": "Patient",
    ///     "name": [{"use": "official", "given": ["Grace", "Akinyi"]}, {"given": ["Gee"]}],
    /// });
    /// assert_eq!(path.texts(&patient)?, ["Grace", "Akinyi"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn texts(&self, resource: &Value) -> Result<Vec<String>, EvalError> {
        let items = evaluate::evaluate(&self.compiled.root, resource)?;
        Ok(items.iter().filter_map(|item| item.text().map(Into::into)).collect())
    }
}

impl fmt::Debug for FhirPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("FhirPath").field(&self.expression()).finish()
    }
}
