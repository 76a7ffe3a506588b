//! What an evaluation yields: a node of the resource, or a value an expression made.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;
use smallvec::SmallVec;

use super::decimal::{Decimal, javascript_text};
use super::temporal::Temporal;
use super::types::DataType;

/// The value of a primitive that has only an extension.
static NULL: Value = Value::Null;

/// The items of one collection; most have at most four.
pub(super) type Items<'a> = SmallVec<[Item<'a>; 4]>;

/// One item of a FHIRPath collection.
///
/// `Debug` shows the kind only, since values are people's data.
#[derive(Clone)]
pub enum Item<'a> {
    /// Part of the resource, as it stands there.
    Node(Node<'a>),
    /// A boolean made by the expression.
    Boolean(bool),
    /// A whole number made by the expression.
    Integer(i64),
    /// A decimal number made by the expression.
    Decimal(Decimal),
    /// A text made by the expression; borrowed where it is a piece of the resource.
    Text(Cow<'a, str>),
    /// A date, date-time or time literal.
    Temporal(Temporal),
}

/// A JSON value of the resource.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    /// The value; `null` stands for a primitive that has only an extension.
    pub(super) value: &'a Value,
    /// The `_name` member beside a primitive, where the expression asks for it.
    pub(super) extras: Option<&'a Value>,
    /// The type, where the element's name tells it.
    pub(super) declared: Option<DataType>,
}

impl<'a> Node<'a> {
    /// The JSON value.
    pub fn json(&self) -> &'a Value {
        self.value
    }

    pub(super) fn plain(value: &'a Value) -> Node<'a> {
        Node { value, extras: None, declared: None }
    }

    pub(super) fn bare(extras: &'a Value, declared: Option<DataType>) -> Node<'a> {
        Node { value: &NULL, extras: Some(extras), declared }
    }

    /// The object whose members this node has: itself, or what stands beside a primitive.
    pub(super) fn members(&self) -> Option<&'a serde_json::Map<String, Value>> {
        self.value.as_object().or_else(|| self.extras?.as_object())
    }
}

impl<'a> Item<'a> {
    /// The text of a primitive value as OpenCR writes it (numbers as in JavaScript), or
    /// `None` for a complex value, which has none.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Item::Node(node) => match node.value {
                Value::String(text) => Some(Cow::Borrowed(text)),
                Value::Bool(value) => Some(Cow::Borrowed(boolean_text(*value))),
                Value::Number(number) => Some(Cow::Owned(javascript_text(number.as_str()))),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            },
            Item::Boolean(value) => Some(Cow::Borrowed(boolean_text(*value))),
            Item::Integer(value) => Some(Cow::Owned(value.to_string())),
            Item::Decimal(value) => Some(Cow::Owned(javascript_text(&value.to_string()))),
            Item::Text(text) => Some(Cow::Borrowed(text)),
            Item::Temporal(value) => Some(Cow::Owned(value.to_string())),
        }
    }

    /// The node of the resource, unless the expression made the value.
    pub fn node(&self) -> Option<Node<'a>> {
        match self {
            Item::Node(node) => Some(*node),
            _ => None,
        }
    }

    /// Whether this is an object or an array, so that it has no text.
    pub fn is_complex(&self) -> bool {
        matches!(self, Item::Node(Node { value: Value::Object(_) | Value::Array(_), .. }))
    }

    /// Whether this is a primitive that has only an extension.
    pub(super) fn is_bare(&self) -> bool {
        matches!(self, Item::Node(Node { value: Value::Null, .. }))
    }

    pub(super) fn as_boolean(&self) -> Option<bool> {
        match self {
            Item::Boolean(value) => Some(*value),
            Item::Node(node) => node.value.as_bool(),
            _ => None,
        }
    }

    pub(super) fn as_integer(&self) -> Option<i64> {
        match self {
            Item::Integer(value) => Some(*value),
            Item::Node(Node { value: Value::Number(number), .. }) => number.as_i64(),
            _ => None,
        }
    }

    /// The number, whole or not; `None` also for one with more digits than a decimal holds.
    pub(super) fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Item::Integer(value) => Some(Decimal::from(*value)),
            Item::Decimal(value) => Some(*value),
            Item::Node(Node { value: Value::Number(number), .. }) => {
                Decimal::parse(number.as_str())
            }
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Item::Text(text) => Some(text),
            Item::Node(node) => node.value.as_str(),
            _ => None,
        }
    }

    /// The text, borrowed from the resource where it is a piece of it.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Item::Text(text) => Some(text),
            Item::Node(node) => node.value.as_str().map(Cow::Borrowed),
            _ => None,
        }
    }
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Item::Node(_) => "Item::Node",
            Item::Boolean(_) => "Item::Boolean",
            Item::Integer(_) => "Item::Integer",
            Item::Decimal(_) => "Item::Decimal",
            Item::Text(_) => "Item::Text",
            Item::Temporal(_) => "Item::Temporal",
        })
    }
}

fn boolean_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
