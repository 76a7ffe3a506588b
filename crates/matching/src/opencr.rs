//! Reading OpenCR's `decisionRules.json` into a checked [`Ruleset`].
//!
//! All problems of a file are collected, each with the rule, the field and what to do, because
//! the original noticed none of them until it matched, and then took the failure for "no match"
//! (quirks 8 and 40). What one field means is in `opencr/fields.rs`, advice about rules that
//! work but surprise in `opencr/advice.rs`. Whether a FHIRPath parses is not checked here.

mod advice;
mod fields;
mod json;

use std::fmt;

use serde_json::{Map, Value};

use crate::native::place::{Places, Step};
use crate::rules::{
    FeatureKind, FeatureSpec, FilterSpec, MatchingType, NullHandling, Rule, Ruleset, RulesetHash,
};
pub(crate) use json::nearest;
use json::{Given, Keys, shown};

/// Bytes of a rule file that are read; the shipped ones have under 10,000.
pub const RULES_BYTES_MAX: usize = 1 << 20;

/// Why a rule file was refused.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The text is not JSON.
    #[error("the rules are not well-formed JSON: line {line}, column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser expected.
        #[source]
        source: serde_json::Error,
    },
    /// A native file is not understood at a place.
    #[error("line {line}, column {column}: {message}")]
    Place {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The rules say things that cannot work; everything wrong with them, in file order.
    #[error("{} in the rules:{}", count(.0), listed(.0))]
    Problems(Vec<Problem>),
}

/// One thing wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Number of the rule, from 1; `None` for the file as a whole.
    pub rule: Option<usize>,
    /// Name of the field or filter.
    pub field: Option<String>,
    /// Line and column, from 1, where they can be told.
    pub place: Option<(usize, usize)>,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        match (self.rule, &self.field) {
            (Some(rule), Some(field)) => write!(f, "rule {rule}, {field:?}: {}", self.message),
            (Some(rule), None) => write!(f, "rule {rule}: {}", self.message),
            (None, _) => f.write_str(&self.message),
        }
    }
}

impl RulesError {
    /// This and more problems of the same file, in the order of their places.
    pub(crate) fn and(self, more: Vec<Problem>) -> RulesError {
        let mut problems = match self {
            RulesError::Problems(problems) => problems,
            RulesError::Place { line, column, message } => {
                let place = Some((line, column));
                vec![Problem { rule: None, field: None, place, message }]
            }
            RulesError::Json { .. } => return self,
        };
        problems.extend(more);
        problems.sort_by_key(|problem| problem.place);
        RulesError::Problems(problems)
    }
}

fn count(problems: &[Problem]) -> String {
    let plural = if problems.len() == 1 { "" } else { "s" };
    format!("{} problem{plural}", problems.len())
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n- {problem}")).collect()
}

/// Reads `{"rules":[...]}`.
///
/// # Errors
///
/// [`RulesError::Json`] with the place if the text is not JSON; [`RulesError::Problems`] with
/// everything that must be changed before the rules can be used.
pub fn parse(json: &str) -> Result<Ruleset, RulesError> {
    let mut reader = Reader::default();
    if json.len() > RULES_BYTES_MAX {
        reader.problem(format!(
            "the file has {} bytes and at most {RULES_BYTES_MAX} are read: is it a rule file?",
            json.len()
        ));
        return Err(RulesError::Problems(reader.problems));
    }
    let file: Value = serde_json::from_str(json).map_err(|source| RulesError::Json {
        line: source.line(),
        column: source.column(),
        source,
    })?;

    let rules = reader.file(&file);
    if !reader.problems.is_empty() {
        let places = Places::of(json);
        let placed = reader.problems.into_iter().map(|problem| {
            let steps = steps_to(&file, &problem);
            places.put(&steps, problem)
        });
        return Err(RulesError::Problems(placed.collect()));
    }
    let Reader { features, mut warnings, .. } = reader;
    warnings.extend(rules.iter().flat_map(|rule| advice::about(rule, &features)));
    let hash = RulesetHash::of(&rules, &features, &[]);
    let golden_guards = Vec::new();
    Ok(Ruleset { rules, features, golden_guards, hash, warnings, source: json.to_owned() })
}

/// Where a problem stands in the file.
fn steps_to(file: &Value, problem: &Problem) -> Vec<Step> {
    let mut steps: Vec<Step> = vec!["rules".into()];
    let Some(at) = problem.rule.and_then(|number| number.checked_sub(1)) else { return steps };
    steps.push(at.into());
    let Some(name) = &problem.field else { return steps };
    let is_filter = file["rules"][at]["fields"].get(name).is_none();
    steps.push(if is_filter { "filters".into() } else { "fields".into() });
    steps.push(name.as_str().into());
    steps
}

/// What a rule says about missing values for fields that say nothing.
#[derive(Default, Clone, Copy)]
struct NullDefaults {
    one: Option<NullHandling>,
    both: Option<NullHandling>,
}

/// Collects features, problems and warnings while the file is walked.
#[derive(Default)]
struct Reader {
    features: Vec<FeatureSpec>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
    /// Where the walk is, for messages.
    rule: Option<usize>,
    field: Option<String>,
}

impl Reader {
    fn problem(&mut self, message: impl Into<String>) {
        let (rule, field) = (self.rule, self.field.clone());
        self.problems.push(Problem { rule, field, place: None, message: message.into() });
    }

    fn warn(&mut self, message: impl Into<String>) {
        let (rule, field) = (self.rule, self.field.clone());
        self.warnings
            .push(Problem { rule, field, place: None, message: message.into() }.to_string());
    }

    fn file(&mut self, file: &Value) -> Vec<Rule> {
        let Some(file) = file.as_object() else {
            self.problem("the file must be a JSON object: write {\"rules\": [...]}");
            return Vec::new();
        };
        self.check_keys(file, &json::FILE);
        let rules = match file.get("rules") {
            None => {
                self.problem("`rules` is missing: write {\"rules\": [...]}");
                return Vec::new();
            }
            Some(Value::Array(rules)) => rules,
            Some(_) => {
                self.problem(
                    "`rules` must be a list: the format with named rules was OpenCR's old one",
                );
                return Vec::new();
            }
        };
        if rules.is_empty() {
            self.problem("there are no rules: write at least one, or no record will ever match");
        }
        rules.iter().enumerate().filter_map(|(index, rule)| self.rule(index + 1, rule)).collect()
    }

    /// Reads one rule; `None` if a problem was noted that leaves nothing to go on with.
    fn rule(&mut self, number: usize, rule: &Value) -> Option<Rule> {
        self.rule = Some(number);
        self.field = None;
        let Some(rule) = rule.as_object() else {
            self.problem("a rule must be a JSON object with `matchingType` and `fields`");
            return None;
        };
        self.check_keys(rule, &json::RULE);
        let kind = self.matching_type(rule);
        let potential_threshold = self.threshold(rule, "potentialMatchThreshold");
        let auto_threshold = self.auto_threshold(rule);
        let defaults = self.null_defaults(rule);

        let problems = self.problems.len();
        let entries = self.entries(rule, "fields");
        // Entries that are no objects are a problem already.
        if entries.is_empty() && self.problems.len() == problems {
            self.problem("the rule has no fields: name at least one value to compare");
        }
        let mut fields = Vec::new();
        for (name, entry) in entries {
            self.field = Some(name.to_owned());
            fields.extend(self.field(kind, defaults, name, entry));
        }
        self.field = None;
        let mut filters = Vec::new();
        for (name, entry) in self.entries(rule, "filters") {
            self.field = Some(name.to_owned());
            filters.extend(self.filter(name, entry));
        }
        self.field = None;
        let (kind, auto_threshold) = (kind?, auto_threshold?);
        let name = format!("rule {number}");
        Some(Rule {
            name,
            kind,
            fields,
            filters,
            potential_threshold,
            auto_threshold,
            ladders: Vec::new(),
            prior_bits: 0.0,
            guards: Vec::new(),
        })
    }

    fn matching_type(&mut self, rule: &Map<String, Value>) -> Option<MatchingType> {
        let known = ["deterministic", "probabilistic"];
        match rule.get("matchingType") {
            Some(Value::String(kind)) if kind == known[0] => Some(MatchingType::Deterministic),
            Some(Value::String(kind)) if kind == known[1] => Some(MatchingType::Probabilistic),
            None | Some(Value::Null) => {
                self.problem("`matchingType` is missing: write deterministic or probabilistic");
                None
            }
            Some(other) => {
                self.problem(format!(
                    "`matchingType` is {}: write deterministic or probabilistic",
                    shown(other)
                ));
                None
            }
        }
    }

    /// A rule's threshold; `None` if not given or not a number, which is noted.
    fn threshold(&mut self, rule: &Map<String, Value>, key: &str) -> Option<f64> {
        match json::number(rule.get(key)) {
            Given::Nothing => None,
            Given::Value(number) => Some(number),
            Given::Unreadable(text) => {
                self.problem(format!("`{key}` is {text}, which is not a number: write one like 4"));
                None
            }
        }
    }

    fn auto_threshold(&mut self, rule: &Map<String, Value>) -> Option<f64> {
        let key = "autoMatchThreshold";
        // Without it OpenCR put hits into no list at all (quirk 42).
        if let Given::Nothing = json::number(rule.get(key)) {
            self.problem("`autoMatchThreshold` is missing: write the least score that may link");
        }
        self.threshold(rule, key)
    }

    /// Named entries below `key`, in JavaScript's order of keys.
    fn entries<'v>(
        &mut self,
        rule: &'v Map<String, Value>,
        key: &str,
    ) -> Vec<(&'v str, &'v Map<String, Value>)> {
        let entries = match rule.get(key) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Object(entries)) => entries,
            Some(_) => {
                self.problem(format!("`{key}` must be an object of named entries"));
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for (name, entry) in json::in_javascript_order(entries) {
            if let Some(entry) = entry.as_object() {
                found.push((name, entry));
            } else if !name.starts_with("__") {
                self.field = Some(name.to_owned());
                self.problem("must be an object with at least a `fhirpath`");
                self.field = None;
            }
        }
        found
    }

    fn filter(&mut self, name: &str, entry: &Map<String, Value>) -> Option<FilterSpec> {
        self.check_keys(entry, &json::FILTER);
        let feature = self.feature(name, entry, FeatureKind::Set)?;
        Some(FilterSpec { name: name.to_owned(), feature })
    }

    /// The feature that `entry` needs, shared with earlier uses of the same path and kind.
    fn feature(
        &mut self,
        name: &str,
        entry: &Map<String, Value>,
        kind: FeatureKind,
    ) -> Option<usize> {
        let path = match entry.get("fhirpath") {
            Some(Value::String(path)) if !path.trim().is_empty() => path,
            Some(Value::String(_)) | Some(Value::Null) | None => {
                self.problem("`fhirpath` is missing: write the path of the value");
                return None;
            }
            Some(other) => {
                self.problem(format!("`fhirpath` is {}: write the path as text", shown(other)));
                return None;
            }
        };
        let shared = self.features.iter().position(|spec| spec.path == *path && spec.kind == kind);
        Some(shared.unwrap_or_else(|| {
            self.features.push(FeatureSpec::new(name, path, kind));
            self.features.len() - 1
        }))
    }

    fn check_keys(&mut self, object: &Map<String, Value>, keys: &Keys) {
        for key in object.keys() {
            if key.starts_with("__") || keys.allows(key) {
                continue;
            }
            let hint = nearest(key, keys.known())
                .map_or(String::new(), |known| format!("; did you mean `{known}`?"));
            self.warn(format!("`{key}` is not known here and is ignored{hint}"));
        }
    }
}

#[cfg(test)]
mod tests;
