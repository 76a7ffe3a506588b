//! [`Resource`]: one FHIR resource as the JSON object that was sent, kept whole.
//!
//! Typed views live in [`crate::patient`] and [`crate::bundle`]; whether the content obeys
//! R4 is [`crate::validate`]'s question. Here it only has to be unambiguous JSON with a
//! `resourceType`.

mod scan;

use std::fmt;

use serde_json::{Map, Value};

/// Deepest nesting of objects and arrays that is read.
///
/// A Patient in a Bundle with nested extensions stays under 20; serde_json itself stops at
/// 128. The bound keeps every recursive walk of a resource within a small stack.
pub const DEPTH_MAX: usize = 64;

/// Longest `resourceType`; R4's longest is 34 characters.
const TYPE_LENGTH_MAX: usize = 64;

/// Says why bytes are not a resource. Carries positions, never content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The body is not UTF-8 (R4 json.html: "FHIR JSON is always UTF-8").
    #[error("body is not UTF-8 (first bad byte at offset {offset})")]
    NotUtf8 {
        /// Offset of the first byte that is not part of a character.
        offset: usize,
    },
    /// The body is not JSON.
    #[error("body is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1; 0 at the end of a line.
        column: usize,
    },
    /// An object names a member twice; which of the two was meant cannot be known.
    #[error("an object names a member twice (near offset {offset})")]
    DuplicateMember {
        /// Byte offset where the object with the repeated member ends.
        offset: usize,
    },
    /// A member name is reserved by the JSON library and would change type when read.
    #[error("a member name is reserved (near offset {offset})")]
    ReservedMember {
        /// Byte offset where the object with the reserved name ends.
        offset: usize,
    },
    /// Objects and arrays are nested deeper than [`DEPTH_MAX`].
    #[error("body is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// The JSON is an array, string, number, boolean or null.
    #[error("a resource must be a JSON object")]
    NotAnObject,
    /// `resourceType` is absent, not a string, or not a type name.
    #[error("a resource must have a resourceType that is a type name")]
    NoResourceType,
}

/// Holds one resource as an ordered JSON object; nothing sent is lost.
///
/// `Debug` shows type and id only, because the rest may describe a person.
#[derive(Clone, PartialEq)]
pub struct Resource(Value);

impl Resource {
    /// Reads one resource from the bytes of a body.
    ///
    /// A leading byte order mark is skipped (RFC 8259 section 8.1 lets readers do so).
    ///
    /// # Errors
    ///
    /// [`ParseError`]: the sender must repair the body; trying again is pointless.
    pub fn parse(bytes: &[u8]) -> Result<Resource, ParseError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ParseError::NotUtf8 { offset: error.valid_up_to() })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // serde_json keeps the last of two members silently, so the text is looked at first.
        scan::check(text)?;
        let value = serde_json::from_str(text)
            .map_err(|error| ParseError::NotJson { line: error.line(), column: error.column() })?;
        Resource::from_value(value)
    }

    /// Takes a JSON value as a resource.
    ///
    /// # Errors
    ///
    /// [`ParseError::NotAnObject`], [`ParseError::NoResourceType`] or
    /// [`ParseError::TooDeep`]; the value is dropped.
    pub fn from_value(value: Value) -> Result<Resource, ParseError> {
        let object = value.as_object().ok_or(ParseError::NotAnObject)?;
        let named = object.get("resourceType").and_then(Value::as_str).is_some_and(is_type_name);
        if !named {
            return Err(ParseError::NoResourceType);
        }
        if !fits(&value, DEPTH_MAX) {
            return Err(ParseError::TooDeep);
        }
        Ok(Resource(value))
    }

    /// Makes a resource of this server from its members; `resource_type` must be a name.
    pub(crate) fn author(resource_type: &'static str, members: Map<String, Value>) -> Resource {
        debug_assert!(is_type_name(resource_type));
        let mut object = Map::new();
        object.insert("resourceType".to_owned(), Value::from(resource_type));
        object.extend(members);
        Resource(Value::Object(object))
    }

    /// A Patient that says nothing.
    pub fn empty_patient() -> Resource {
        Resource::author("Patient", Map::new())
    }

    /// Names the type, for example `Patient`.
    pub fn resource_type(&self) -> &str {
        self.get("resourceType").and_then(Value::as_str).unwrap_or_default()
    }

    /// Gives the logical id, if there is one and it is a string.
    pub fn id(&self) -> Option<&str> {
        self.get("id").and_then(Value::as_str)
    }

    /// Writes the logical id: in place if there was one, else right after `resourceType`.
    ///
    /// The caller has checked it with [`is_valid_id`] or made it itself.
    pub fn set_id(&mut self, id: &str) {
        debug_assert!(is_valid_id(id), "set_id with a malformed id");
        if let Some(object) = self.0.as_object_mut() {
            if let Some(member) = object.get_mut("id") {
                *member = Value::from(id);
                return;
            }
            let place =
                object.keys().position(|name| name == "resourceType").map_or(0, |at| at + 1);
            object.shift_insert(place, "id".to_owned(), Value::from(id));
        }
    }

    /// Gives one top-level member.
    pub fn get(&self, member: &str) -> Option<&Value> {
        self.0.get(member)
    }

    /// Gives the JSON object.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Gives the JSON object for changing; it must stay an object with its `resourceType`.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.0
    }

    /// Gives up the JSON object.
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Writes compact JSON in member order.
    pub fn to_json(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An id that is not an id could be anything, so it is not shown either.
        let id = self.id().filter(|id| is_valid_id(id)).unwrap_or("-");
        write!(f, "Resource({}/{id})", self.resource_type())
    }
}

/// Tells whether `id` is a logical id: `[A-Za-z0-9\-\.]{1,64}` (R4 datatypes.html#id).
pub fn is_valid_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// Tells whether `name` can be a resource type: a capital, then letters.
pub(crate) fn is_type_name(name: &str) -> bool {
    name.len() <= TYPE_LENGTH_MAX
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Tells whether `value` nests at most `depth` levels; recursion ends with `depth`.
fn fits(value: &Value, depth: usize) -> bool {
    match value {
        Value::Object(members) => {
            depth > 0 && members.values().all(|member| fits(member, depth - 1))
        }
        Value::Array(items) => depth > 0 && items.iter().all(|item| fits(item, depth - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests;
