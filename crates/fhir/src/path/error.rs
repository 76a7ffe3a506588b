//! What can be wrong with a path, and what can go wrong while one is evaluated. No message
//! holds a value of a resource: paths run over people, and errors end up in logs.

use thiserror::Error;

/// Why an expression is refused when a rule is read.
///
/// Positions count characters from 1.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PathError {
    /// The expression is longer than [`EXPRESSION_BYTES_MAX`](super::EXPRESSION_BYTES_MAX).
    #[error("path has {found} bytes, at most {max} are allowed")]
    TooLong {
        /// Length of the expression in bytes.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Parentheses, arguments or operators nest deeper than
    /// [`NESTING_MAX`](super::NESTING_MAX).
    #[error("path nests deeper than {max} levels at character {position}")]
    TooDeep {
        /// Where the limit is passed.
        position: usize,
        /// The limit.
        max: usize,
    },
    /// The text is not FHIRPath.
    #[error("expected {expected} at character {position}")]
    Syntax {
        /// Where reading stopped.
        position: usize,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// A function that FHIRPath or this evaluator does not have.
    #[error("unknown function {name}() at character {position}; did you mean {nearest}()?")]
    UnknownFunction {
        /// The function as written.
        name: String,
        /// Where it is called.
        position: usize,
        /// The known function whose name is nearest.
        nearest: &'static str,
    },
    /// A known function with too few or too many arguments.
    #[error("{name}() takes {min} to {max} arguments, found {found} at character {position}")]
    Arity {
        /// The function.
        name: &'static str,
        /// Where it is called.
        position: usize,
        /// The fewest arguments it takes.
        min: usize,
        /// The most arguments it takes.
        max: usize,
        /// The arguments written.
        found: usize,
    },
    /// A function that reads the clock, which would make a match depend on the day it ran.
    #[error("{name}() at character {position} needs a clock, which paths do not have")]
    NeedsClock {
        /// The function.
        name: String,
        /// Where it is called.
        position: usize,
    },
    /// FHIRPath that is valid but left out on purpose.
    #[error("{construct} at character {position} is not supported")]
    Unsupported {
        /// What it is.
        construct: &'static str,
        /// Where it stands.
        position: usize,
    },
    /// A type name that is neither of FHIR nor of FHIRPath.
    #[error("unknown type {name} at character {position}")]
    UnknownType {
        /// The type as written.
        name: String,
        /// Where it stands.
        position: usize,
    },
    /// A literal pattern that is not a regular expression, or too large a one.
    #[error("pattern at character {position} cannot be used")]
    Pattern {
        /// Where the function that takes the pattern is called.
        position: usize,
        /// What the regular expression engine says.
        source: regex::Error,
    },
}

/// Why a path gives no answer for one resource.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvalError {
    /// Several values where one is needed (FHIRPath 4.5, singleton evaluation).
    #[error("{operation} at character {position} needs one value, found {found}")]
    ExpectedOne {
        /// The function or operator.
        operation: &'static str,
        /// Where it stands in the expression.
        position: usize,
        /// How many values there are.
        found: usize,
    },
    /// A value of a type that the function or operator does not take.
    #[error("{operation} at character {position} needs {expected}")]
    WrongType {
        /// The function or operator.
        operation: &'static str,
        /// Where it stands in the expression.
        position: usize,
        /// What it takes.
        expected: &'static str,
    },
    /// A pattern computed from the resource that is not a regular expression.
    #[error("computed pattern of {operation} at character {position} cannot be used")]
    Pattern {
        /// The function.
        operation: &'static str,
        /// Where it stands in the expression.
        position: usize,
    },
    /// The evaluation took more than [`WORK_MAX`](super::WORK_MAX) steps.
    #[error("path takes more than {max} steps on this resource")]
    TooMuchWork {
        /// The limit.
        max: u32,
    },
    /// A text grew past [`TEXT_BYTES_MAX`](super::TEXT_BYTES_MAX).
    #[error("path makes a text of more than {max} bytes")]
    TextTooLong {
        /// The limit.
        max: usize,
    },
    /// Values that are compared nest deeper than [`JSON_DEPTH_MAX`](super::JSON_DEPTH_MAX).
    #[error("path compares values nested deeper than {max} levels")]
    TooDeep {
        /// The limit.
        max: usize,
    },
}
