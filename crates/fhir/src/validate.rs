//! [`validate_patient`]: all that is wrong with a Patient, by tables of R4's element
//! definitions (patient.html, datatypes.html, json.html).
//!
//! Shape, cardinality, lexical rules, required codes and choices are errors. Invariants that
//! leave the record readable (a phone number without its system) are warnings: refusing them
//! would keep a person out of the registry. Unknown members are kept and only remarked.
//! Profiles, terminology and whether references resolve are not checked.

mod primitive;
mod types;

use serde_json::{Map, Value};

use crate::date::Moment;
use crate::outcome::{Issue, IssueType, Severity};
use crate::resource::{Resource, is_type_name};

use types::{Choice, Complex, ELEMENT, EXTENSION, Element, Kind, PATIENT};

/// Most errors that one answer lists.
pub const ERRORS_MAX: usize = 100;
/// Most warnings and remarks that one answer lists.
pub const REMARKS_MAX: usize = 50;
/// Most items in one array. No person has more names; each costs work in every search.
pub const ITEMS_MAX: usize = 1000;

/// Lists every problem of a Patient with the FHIRPath of the element, for example
/// `Patient.name[0].given[1]`; no problem of severity error means it can be stored.
///
/// A primitive's `_member` has the path of the member; `value[x]` and the like have the path
/// without type, as in FHIRPath. At most [`ERRORS_MAX`] errors and [`REMARKS_MAX`] others are
/// listed. The texts never repeat a value.
pub fn validate_patient(patient: &Resource) -> Vec<Issue> {
    let mut walk = Walk { path: "Patient".to_owned(), issues: Vec::new(), errors: 0, remarks: 0 };
    match patient.value() {
        Value::Object(members) if patient.resource_type() == "Patient" => {
            walk.object(&PATIENT, members);
        }
        _ => walk.error(IssueType::Invalid, "the resource must be a Patient"),
    }
    walk.issues
}

struct Walk {
    path: String,
    issues: Vec<Issue>,
    errors: usize,
    remarks: usize,
}

/// What the tables know of a member name.
enum Member {
    /// An element; for a choice `choice` is set.
    Known {
        element: Element,
        choice: Option<&'static str>,
    },
    Unknown,
}

impl Walk {
    fn push(&mut self, severity: Severity, code: IssueType, text: &str) {
        let issue = Issue::new(severity, code, text).at(self.path.as_str());
        let (count, max) = if issue.is_error() {
            (&mut self.errors, ERRORS_MAX)
        } else {
            (&mut self.remarks, REMARKS_MAX)
        };
        *count += 1;
        if *count < max {
            self.issues.push(issue);
        } else if *count == max {
            let text = "there are more problems of this severity; they are not listed";
            self.issues.push(Issue::new(severity, IssueType::Incomplete, text));
        }
    }

    fn error(&mut self, code: IssueType, text: &str) {
        self.push(Severity::Error, code, text);
    }

    fn warn(&mut self, text: &str) {
        self.push(Severity::Warning, IssueType::Invariant, text);
    }

    /// Runs `check` one step further down the path.
    fn within(&mut self, step: &str, check: impl FnOnce(&mut Walk)) {
        let length = self.path.len();
        self.path.push_str(step);
        check(self);
        self.path.truncate(length);
    }

    fn object(&mut self, complex: &'static Complex, members: &Map<String, Value>) {
        if members.is_empty() {
            return self.error(IssueType::Structure, "an object must not be empty");
        }
        for (name, value) in members {
            self.member(complex, members, name, value);
        }
        for element in complex.elements.iter().filter(|element| element.required) {
            let shadow = format!("_{}", element.name);
            if !members.contains_key(element.name) && !members.contains_key(&shadow) {
                let step = format!(".{}", element.name);
                self.within(&step, |walk| {
                    walk.error(IssueType::Required, "the element is required");
                });
            }
        }
        for choice in complex.choices {
            self.choice(choice, members);
        }
        self.invariants(complex, members);
    }

    fn member(
        &mut self,
        complex: &'static Complex,
        members: &Map<String, Value>,
        name: &str,
        value: &Value,
    ) {
        if name == "resourceType" && complex.is_resource {
            return;
        }
        let (base, is_shadow) = match name.strip_prefix('_') {
            Some(base) => (base, true),
            None => (name, false),
        };
        let Member::Known { element, choice } = lookup(complex, base) else {
            return self.unknown(base);
        };
        let other = if is_shadow { members.get(base) } else { members.get(&format!("_{base}")) };
        // A member and its `_member` are checked as one, when the member comes by.
        if is_shadow && other.is_some() {
            return;
        }
        let (value, shadow) = if is_shadow { (None, Some(value)) } else { (Some(value), other) };
        let step = format!(".{}", choice.unwrap_or(base));
        self.within(&step, |walk| walk.element(element, value, shadow));
    }

    /// Remarks on a member that R4 does not define. A name that no element could have may be
    /// data in the wrong place, so it is not repeated.
    fn unknown(&mut self, name: &str) {
        let is_name = name.len() <= 64
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let step = if is_name { format!(".{name}") } else { String::new() };
        self.within(&step, |walk| {
            let text = "R4 defines no such member here; it is kept as sent and not used";
            walk.push(Severity::Information, IssueType::Informational, text);
        });
    }

    fn element(&mut self, element: Element, value: Option<&Value>, shadow: Option<&Value>) {
        if shadow.is_some() && !element.kind.is_primitive() {
            let text = "only primitive elements may have a sibling that begins with _";
            return self.error(IssueType::Structure, text);
        }
        if element.many {
            return self.array(element.kind, value, shadow);
        }
        match value {
            Some(Value::Array(_)) => {
                self.error(IssueType::Structure, "must not be an array: at most one is allowed");
            }
            Some(Value::Null) => {
                self.error(IssueType::Structure, "null is allowed inside arrays only");
            }
            Some(value) => self.value(element.kind, value),
            None => {}
        }
        if let Some(shadow) = shadow {
            self.shadow(shadow);
        }
    }

    fn array(&mut self, kind: Kind, value: Option<&Value>, shadow: Option<&Value>) {
        let Some(values) = self.items(value) else { return };
        let Some(shadows) = self.items(shadow) else { return };
        if value.is_some() && shadow.is_some() && values.len() != shadows.len() {
            let text = "the array and its sibling that begins with _ must be of one length";
            return self.error(IssueType::Structure, text);
        }
        for at in 0..values.len().max(shadows.len()) {
            let value = values.get(at).filter(|value| !value.is_null());
            let shadow = shadows.get(at).filter(|shadow| !shadow.is_null());
            self.within(&format!("[{at}]"), |walk| {
                if let Some(value) = value {
                    walk.value(kind, value);
                }
                if let Some(shadow) = shadow {
                    walk.shadow(shadow);
                }
                if value.is_none() && shadow.is_none() {
                    let text = "null is allowed only where the sibling that begins with _ has \
                                an object";
                    walk.error(IssueType::Structure, text);
                }
            });
        }
    }

    /// Gives the items of an array that may be absent; `None` after an error.
    fn items<'v>(&mut self, value: Option<&'v Value>) -> Option<&'v [Value]> {
        match value {
            None => Some(&[]),
            Some(Value::Array(items)) if items.is_empty() => {
                self.error(IssueType::Structure, "an array must not be empty");
                None
            }
            Some(Value::Array(items)) if items.len() > ITEMS_MAX => {
                let text = format!("an array may have at most {ITEMS_MAX} items");
                self.error(IssueType::TooLong, &text);
                None
            }
            Some(Value::Array(items)) => Some(items),
            Some(_) => {
                self.error(IssueType::Structure, "must be an array");
                None
            }
        }
    }

    /// Checks what stands beside a primitive: `id` and extensions, nothing else.
    fn shadow(&mut self, shadow: &Value) {
        match shadow {
            Value::Object(members) => self.object(&ELEMENT, members),
            _ => {
                let text = "the sibling that begins with _ must be an object";
                self.error(IssueType::Structure, text);
            }
        }
    }

    fn value(&mut self, kind: Kind, value: &Value) {
        match (kind, value) {
            (Kind::Primitive(primitive), value) => {
                if let Err((code, text)) = primitive::check(primitive, value) {
                    self.error(code, text);
                } else if value.as_str().is_some_and(|text| text.trim().is_empty()) {
                    self.warn("the text is blank; it counts as missing");
                }
            }
            (Kind::Code(codes), Value::String(code)) => {
                if !codes.contains(&code.as_str()) {
                    let text = format!("not an allowed code; allowed: {}", codes.join(", "));
                    self.error(IssueType::CodeInvalid, &text);
                }
            }
            (Kind::Code(_), _) => self.error(IssueType::Structure, "must be a string"),
            (Kind::Complex(complex), Value::Object(members)) => self.object(complex, members),
            (Kind::Any, Value::Object(members)) if !members.is_empty() => {}
            (Kind::Contained, Value::Object(members)) => self.contained(members),
            (Kind::Complex(_) | Kind::Any | Kind::Contained, _) => {
                self.error(IssueType::Structure, "must be an object that is not empty");
            }
        }
    }

    fn contained(&mut self, members: &Map<String, Value>) {
        let kind = members.get("resourceType").and_then(Value::as_str);
        if !kind.is_some_and(is_type_name) {
            self.error(IssueType::Structure, "a contained resource needs a resourceType");
        }
        if members.contains_key("contained") {
            // dom-2
            let text = "a contained resource must not contain resources";
            self.error(IssueType::Invariant, text);
        }
    }

    /// Checks that at most one type of a choice is used, and one if it is required.
    fn choice(&mut self, choice: &'static Choice, members: &Map<String, Value>) {
        let base = |name: &str| -> Option<String> {
            let name = name.strip_prefix('_').unwrap_or(name);
            let known = choice.options.iter().any(|(suffix, _)| {
                name.strip_prefix(choice.prefix).is_some_and(|rest| rest == *suffix)
            });
            known.then(|| name.to_owned())
        };
        let mut used: Vec<String> = members.keys().filter_map(|name| base(name)).collect();
        used.sort_unstable();
        used.dedup();
        if used.len() > 1 {
            let text = format!("only one type is allowed, not {}", used.join(" and "));
            self.within(&format!(".{}", choice.prefix), |walk| {
                walk.error(IssueType::Invariant, &text);
            });
        }
    }

    fn invariants(&mut self, complex: &'static Complex, members: &Map<String, Value>) {
        let has = |name: &str| members.contains_key(name);
        match complex.name {
            "Extension" => {
                let valued = members.keys().any(|name| is_value_member(name));
                if valued == has("extension") {
                    // ext-1
                    let text = "an extension must have either a value or extensions";
                    self.error(IssueType::Invariant, text);
                }
            }
            "ContactPoint" if has("value") && !has("system") => {
                self.warn("a contact point with a value should have a system (cpt-2)");
            }
            "Attachment" if has("data") && !has("contentType") => {
                self.warn("an attachment with data should have a contentType (att-1)");
            }
            "Patient.contact"
                if !["name", "telecom", "address", "organization"].into_iter().any(has) =>
            {
                self.warn("a contact should have details or an organization (pat-1)");
            }
            "Period" => {
                let moment = |name: &str| {
                    let text = members.get(name).and_then(Value::as_str)?;
                    Moment::parse_date_time(text).ok()
                };
                let (start, end) = (moment("start"), moment("end"));
                if let (Some(start), Some(end)) = (start, end)
                    && start.range_us.0 >= end.range_us.1
                {
                    self.warn("the start of a period should not be after its end (per-1)");
                }
            }
            _ => {}
        }
    }
}

fn is_value_member(name: &str) -> bool {
    let name = name.strip_prefix('_').unwrap_or(name);
    name.strip_prefix("value")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// Finds the element that `name` (without `_`) stands for.
fn lookup(complex: &'static Complex, name: &str) -> Member {
    let plain = |element: Element| Member::Known { element, choice: None };
    if let Some(element) = complex.elements.iter().find(|element| element.name == name) {
        return plain(*element);
    }
    if name == "extension" || (name == "modifierExtension" && complex.is_backbone) {
        return plain(Element::many("extension", Kind::Complex(&EXTENSION)));
    }
    if name == "id" {
        return plain(Element::one("id", Kind::Primitive(primitive::Primitive::String)));
    }
    for choice in complex.choices {
        let suffix = name.strip_prefix(choice.prefix);
        let option = choice.options.iter().find(|(known, _)| Some(*known) == suffix);
        if let Some((_, kind)) = option {
            let element = Element::one(choice.prefix, *kind);
            return Member::Known { element, choice: Some(choice.prefix) };
        }
    }
    Member::Unknown
}

#[cfg(test)]
mod tests;
