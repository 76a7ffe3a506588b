//! OperationOutcome, the body of every error answer of the API (R4 operationoutcome.html).
//!
//! Which HTTP status goes with an issue is the server's decision, not this file's.

use serde_json::{Map, Value, json};

use crate::resource::Resource;

/// Says how bad an issue is (R4 valueset-issue-severity.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The action failed and no further checking was possible.
    Fatal,
    /// The action failed.
    Error,
    /// The action was done; something deserves attention.
    Warning,
    /// Nothing is wrong.
    Information,
}

impl Severity {
    /// Gives the code of the value set.
    pub fn code(self) -> &'static str {
        match self {
            Severity::Fatal => "fatal",
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information => "information",
        }
    }
}

/// Says what kind of issue it is (R4 valueset-issue-type.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the value set linked above defines each code")]
pub enum IssueType {
    Invalid,
    Structure,
    Required,
    Value,
    Invariant,
    Security,
    Login,
    Unknown,
    Expired,
    Forbidden,
    Suppressed,
    Processing,
    NotSupported,
    Duplicate,
    MultipleMatches,
    NotFound,
    Deleted,
    TooLong,
    CodeInvalid,
    Extension,
    TooCostly,
    BusinessRule,
    Conflict,
    Transient,
    LockError,
    NoStore,
    Exception,
    Timeout,
    Incomplete,
    Throttled,
    Informational,
}

impl IssueType {
    /// Gives the code of the value set.
    pub fn code(self) -> &'static str {
        match self {
            IssueType::Invalid => "invalid",
            IssueType::Structure => "structure",
            IssueType::Required => "required",
            IssueType::Value => "value",
            IssueType::Invariant => "invariant",
            IssueType::Security => "security",
            IssueType::Login => "login",
            IssueType::Unknown => "unknown",
            IssueType::Expired => "expired",
            IssueType::Forbidden => "forbidden",
            IssueType::Suppressed => "suppressed",
            IssueType::Processing => "processing",
            IssueType::NotSupported => "not-supported",
            IssueType::Duplicate => "duplicate",
            IssueType::MultipleMatches => "multiple-matches",
            IssueType::NotFound => "not-found",
            IssueType::Deleted => "deleted",
            IssueType::TooLong => "too-long",
            IssueType::CodeInvalid => "code-invalid",
            IssueType::Extension => "extension",
            IssueType::TooCostly => "too-costly",
            IssueType::BusinessRule => "business-rule",
            IssueType::Conflict => "conflict",
            IssueType::Transient => "transient",
            IssueType::LockError => "lock-error",
            IssueType::NoStore => "no-store",
            IssueType::Exception => "exception",
            IssueType::Timeout => "timeout",
            IssueType::Incomplete => "incomplete",
            IssueType::Throttled => "throttled",
            IssueType::Informational => "informational",
        }
    }
}

/// Describes one problem. The text holds no patient data, so issues may be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: IssueType,
    /// What a developer on the other side needs to read.
    pub diagnostics: String,
    /// Where: FHIRPath of elements, or `http.<parameter>`; empty if nowhere in particular.
    pub expression: Vec<String>,
}

impl Issue {
    /// Makes an issue without a place.
    pub fn new(severity: Severity, code: IssueType, diagnostics: impl Into<String>) -> Issue {
        Issue { severity, code, diagnostics: diagnostics.into(), expression: Vec::new() }
    }

    /// Makes an error.
    pub fn error(code: IssueType, diagnostics: impl Into<String>) -> Issue {
        Issue::new(Severity::Error, code, diagnostics)
    }

    /// Makes a warning.
    pub fn warning(code: IssueType, diagnostics: impl Into<String>) -> Issue {
        Issue::new(Severity::Warning, code, diagnostics)
    }

    /// Makes an information.
    pub fn information(code: IssueType, diagnostics: impl Into<String>) -> Issue {
        Issue::new(Severity::Information, code, diagnostics)
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Issue {
        self.expression.push(expression.into());
        self
    }

    /// Tells whether the action failed because of it.
    pub fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Fatal | Severity::Error)
    }

    fn to_value(&self) -> Value {
        let mut issue = Map::new();
        issue.insert("severity".to_owned(), Value::from(self.severity.code()));
        issue.insert("code".to_owned(), Value::from(self.code.code()));
        // HAPI's clients read `diagnostics`, others `details.text`.
        issue.insert("details".to_owned(), json!({ "text": self.diagnostics }));
        issue.insert("diagnostics".to_owned(), Value::from(self.diagnostics.as_str()));
        if !self.expression.is_empty() {
            issue.insert("expression".to_owned(), json!(self.expression));
        }
        Value::Object(issue)
    }
}

/// Lists issues; R4 wants at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationOutcome {
    /// The issues, in the order they are written.
    pub issues: Vec<Issue>,
}

impl OperationOutcome {
    /// Makes an outcome of several issues.
    pub fn new(issues: Vec<Issue>) -> OperationOutcome {
        OperationOutcome { issues }
    }

    /// Tells whether any issue is an error.
    pub fn has_error(&self) -> bool {
        self.issues.iter().any(Issue::is_error)
    }

    /// Writes the resource; without issues it says that all is well, as R4's own example
    /// `operationoutcome-example-allok` does.
    pub fn to_resource(&self) -> Resource {
        let all_ok = [Issue::information(IssueType::Informational, "all OK")];
        let issues: &[Issue] = if self.issues.is_empty() { &all_ok } else { &self.issues };
        let issues: Vec<Value> = issues.iter().map(Issue::to_value).collect();
        let mut members = Map::new();
        members.insert("issue".to_owned(), Value::Array(issues));
        Resource::author("OperationOutcome", members)
    }

    /// Writes the resource as JSON.
    pub fn to_json(&self) -> String {
        self.to_resource().to_json()
    }
}

impl From<Issue> for OperationOutcome {
    fn from(issue: Issue) -> OperationOutcome {
        OperationOutcome { issues: vec![issue] }
    }
}

impl From<&crate::resource::ParseError> for Issue {
    fn from(error: &crate::resource::ParseError) -> Issue {
        use crate::resource::ParseError::{NotJson, NotUtf8};
        let code = match error {
            NotJson { .. } | NotUtf8 { .. } => IssueType::Invalid,
            _ => IssueType::Structure,
        };
        Issue { severity: Severity::Fatal, ..Issue::error(code, error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcome_carries_text_for_both_kinds_of_clients() {
        let outcome: OperationOutcome =
            Issue::error(IssueType::Value, "not a date").at("Patient.birthDate").into();
        assert_eq!(
            outcome.to_json(),
            r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value","details":{"text":"not a date"},"diagnostics":"not a date","expression":["Patient.birthDate"]}]}"#
        );
        assert!(outcome.has_error());
    }

    #[test]
    fn outcome_without_issues_says_all_ok() {
        let outcome = OperationOutcome::new(Vec::new()).to_resource();
        assert_eq!(outcome.value()["issue"][0]["severity"], "information");
    }
}
