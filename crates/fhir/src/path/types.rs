//! The type names that `is`, `as` and `ofType` know, and the elements that carry their type
//! in their name (`value[x]`). There is no model of FHIR's structures: what a plain element
//! is declared as cannot be known here.

use serde_json::Value;

use super::item::{Item, Node};
use super::temporal::{Temporal, TemporalKind};

/// FHIR R4 datatypes that a choice element can have, with the type each one specialises
/// (<https://hl7.org/fhir/R4/datatypes.html>).
const DATA_TYPES: &[(&str, &str)] = &[
    ("base64Binary", ""),
    ("boolean", ""),
    ("canonical", "uri"),
    ("code", "string"),
    ("date", ""),
    ("dateTime", ""),
    ("decimal", ""),
    ("id", "string"),
    ("instant", ""),
    ("integer", ""),
    ("markdown", "string"),
    ("oid", "uri"),
    ("positiveInt", "integer"),
    ("string", ""),
    ("time", ""),
    ("unsignedInt", "integer"),
    ("uri", ""),
    ("url", "uri"),
    ("uuid", "uri"),
    ("Address", ""),
    ("Age", "Quantity"),
    ("Annotation", ""),
    ("Attachment", ""),
    ("CodeableConcept", ""),
    ("Coding", ""),
    ("ContactDetail", ""),
    ("ContactPoint", ""),
    ("Contributor", ""),
    ("Count", "Quantity"),
    ("DataRequirement", ""),
    ("Distance", "Quantity"),
    ("Dosage", ""),
    ("Duration", "Quantity"),
    ("Expression", ""),
    ("Extension", ""),
    ("HumanName", ""),
    ("Identifier", ""),
    ("Meta", ""),
    ("Money", ""),
    ("Narrative", ""),
    ("ParameterDefinition", ""),
    ("Period", ""),
    ("Quantity", ""),
    ("Range", ""),
    ("Ratio", ""),
    ("Reference", ""),
    ("RelatedArtifact", ""),
    ("SampledData", ""),
    ("Signature", ""),
    ("Timing", ""),
    ("TriggerDefinition", ""),
    ("UsageContext", ""),
];

/// Names of R4's choice elements without their `[x]`. Only these are looked for with a type
/// at their end, so that `birth` does not find `birthDate`. `date[x]` is left out: its
/// `dateTime` form is the name of another element (Consent.dateTime).
const CHOICE_ELEMENTS: &[&str] = &[
    "abatement",
    "additive",
    "age",
    "allowed",
    "amount",
    "answer",
    "asNeeded",
    "author",
    "bounds",
    "characteristic",
    "chargeItem",
    "code",
    "collected",
    "content",
    "created",
    "deceased",
    "defaultValue",
    "definingSubstance",
    "definition",
    "detail",
    "diagnosis",
    "done",
    "dose",
    "doseNumber",
    "due",
    "effective",
    "entity",
    "event",
    "example",
    "fastingStatus",
    "fixed",
    "identified",
    "indication",
    "item",
    "legallyBinding",
    "location",
    "manufacturer",
    "maxValue",
    "medication",
    "minValue",
    "minimumVolume",
    "module",
    "multipleBirth",
    "name",
    "occurred",
    "occurrence",
    "offset",
    "onset",
    "participantEffective",
    "pattern",
    "performed",
    "probability",
    "procedure",
    "product",
    "quantity",
    "rate",
    "reported",
    "scheduled",
    "seriesDoses",
    "serviced",
    "source",
    "start",
    "statusReason",
    "studyEffective",
    "subject",
    "substance",
    "target",
    "time",
    "timing",
    "topic",
    "used",
    "value",
    "what",
    "when",
    "where",
    "why",
];

/// One of [`DATA_TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DataType(u8);

impl DataType {
    fn find(matches: impl Fn(&str) -> bool) -> Option<DataType> {
        let index = DATA_TYPES.iter().position(|(name, _)| matches(name))?;
        u8::try_from(index).ok().map(DataType)
    }

    fn name(self) -> &'static str {
        DATA_TYPES[usize::from(self.0)].0
    }

    fn parent(self) -> Option<DataType> {
        let parent = DATA_TYPES[usize::from(self.0)].1;
        DataType::find(|name| name == parent)
    }

    /// The type at the end of a choice element's name: `DateTime` is `dateTime`.
    pub(super) fn of_suffix(suffix: &str) -> Option<DataType> {
        if !suffix.starts_with(|first: char| first.is_ascii_uppercase()) {
            return None;
        }
        DataType::find(|name| {
            name.len() == suffix.len()
                && name.as_bytes()[1..] == suffix.as_bytes()[1..]
                && name.as_bytes()[0].eq_ignore_ascii_case(&suffix.as_bytes()[0])
        })
    }

    /// Whether this is `ancestor` or specialises it.
    fn descends_from(self, ancestor: DataType) -> bool {
        self == ancestor || self.parent().is_some_and(|parent| parent.descends_from(ancestor))
    }

    pub(super) fn is_temporal(self) -> bool {
        matches!(self.name(), "date" | "dateTime" | "instant" | "time")
    }

    fn is_primitive(self) -> bool {
        self.name().starts_with(|first: char| first.is_ascii_lowercase())
    }

    /// The type of FHIRPath's own that FHIR's primitive converts to
    /// (<https://hl7.org/fhir/R4/fhirpath.html#types>).
    fn system(self) -> Option<SystemType> {
        match self.name() {
            "boolean" => Some(SystemType::Boolean),
            "integer" | "positiveInt" | "unsignedInt" => Some(SystemType::Integer),
            "decimal" => Some(SystemType::Decimal),
            "date" => Some(SystemType::Date),
            "dateTime" | "instant" => Some(SystemType::DateTime),
            "time" => Some(SystemType::Time),
            "Quantity" => Some(SystemType::Quantity),
            _ if self.is_primitive() => Some(SystemType::String),
            _ => None,
        }
    }
}

/// Whether `name` is a choice element without its type: `deceased`.
pub(super) fn is_choice(name: &str) -> bool {
    CHOICE_ELEMENTS.contains(&name)
}

/// The type that a choice element's full name ends in: `valueString`.
pub(super) fn declared_by(name: &str) -> Option<DataType> {
    let upper = name.char_indices().filter(|(_, letter)| letter.is_ascii_uppercase());
    upper
        .map(|(at, _)| name.split_at(at))
        .find_map(|(base, suffix)| is_choice(base).then(|| DataType::of_suffix(suffix)).flatten())
}

/// The types of FHIRPath itself (FHIRPath 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SystemType {
    Boolean,
    String,
    Integer,
    Decimal,
    Date,
    DateTime,
    Time,
    Quantity,
}

impl SystemType {
    fn find(name: &str) -> Option<SystemType> {
        Some(match name {
            "Boolean" => SystemType::Boolean,
            "String" => SystemType::String,
            "Integer" => SystemType::Integer,
            "Decimal" => SystemType::Decimal,
            "Date" => SystemType::Date,
            "DateTime" => SystemType::DateTime,
            "Time" => SystemType::Time,
            "Quantity" => SystemType::Quantity,
            _ => return None,
        })
    }
}

/// A type that an expression asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TypeTest {
    /// A type of FHIRPath itself.
    System(SystemType),
    /// A FHIR datatype.
    Fhir(DataType),
    /// A resource or backbone type, by name.
    Named(Box<str>),
}

impl TypeTest {
    /// Reads a type specifier (FHIRPath 6.3); `None` if there is no such type.
    pub(super) fn find(namespace: Option<&str>, name: &str) -> Option<TypeTest> {
        let system = || SystemType::find(name).map(TypeTest::System);
        let fhir = || {
            let data_type = DataType::find(|known| known == name);
            let camel = name.starts_with(|first: char| first.is_ascii_uppercase());
            data_type.map(TypeTest::Fhir).or(camel.then(|| TypeTest::Named(name.into())))
        };
        match namespace {
            Some("System") => system(),
            Some("FHIR") => fhir(),
            Some(_) => None,
            None if name == "Quantity" => fhir(),
            None => system().or_else(fhir),
        }
    }

    /// Whether `item` has the type.
    ///
    /// A choice element and a resource say what they are. Of any other element only the JSON
    /// kind is known, and a value passes if that kind can hold the type: refusing would
    /// silently empty `name.ofType(HumanName)`.
    pub(super) fn accepts(&self, item: &Item<'_>) -> bool {
        match self {
            TypeTest::System(system) => is_system(item, *system),
            TypeTest::Fhir(wanted) => match item {
                Item::Node(Node { declared: Some(declared), .. }) => {
                    declared.descends_from(*wanted)
                }
                Item::Node(Node { value: Value::Object(members), .. }) => {
                    !wanted.is_primitive() && !members.contains_key("resourceType")
                }
                _ => can_be_primitive(item, *wanted),
            },
            TypeTest::Named(name) => match item {
                Item::Node(Node { value: Value::Object(members), .. }) => {
                    match members.get("resourceType").and_then(Value::as_str) {
                        Some(resource_type) => is_resource_name(name, resource_type),
                        None => matches!(&**name, "Element" | "BackboneElement"),
                    }
                }
                _ => false,
            },
        }
    }
}

/// Whether a resource of `resource_type` answers to `name`, its own or an ancestor's.
pub(super) fn is_resource_name(name: &str, resource_type: &str) -> bool {
    name == resource_type
        || name == "Resource"
        || (name == "DomainResource"
            && !matches!(resource_type, "Bundle" | "Binary" | "Parameters"))
}

fn is_system(item: &Item<'_>, wanted: SystemType) -> bool {
    if let Item::Node(Node { declared: Some(declared), .. }) = item {
        let mut ancestor = Some(*declared);
        while let Some(data_type) = ancestor {
            if data_type.system() == Some(wanted) {
                return true;
            }
            ancestor = data_type.parent();
        }
        return false;
    }
    match wanted {
        SystemType::Boolean => item.as_boolean().is_some(),
        SystemType::String => item.as_text().is_some(),
        SystemType::Integer => item.as_integer().is_some(),
        SystemType::Decimal => item.as_decimal().is_some() && item.as_integer().is_none(),
        SystemType::Date => temporal_kind(item) == Some(TemporalKind::Date),
        SystemType::DateTime => temporal_kind(item) == Some(TemporalKind::DateTime),
        SystemType::Time => temporal_kind(item) == Some(TemporalKind::Time),
        SystemType::Quantity => false,
    }
}

fn can_be_primitive(item: &Item<'_>, wanted: DataType) -> bool {
    let integer = item.as_integer();
    let kind = temporal_kind(item);
    match wanted.name() {
        "boolean" => item.as_boolean().is_some(),
        "integer" => integer.is_some(),
        "positiveInt" => integer.is_some_and(|value| value > 0),
        "unsignedInt" => integer.is_some_and(|value| value >= 0),
        "decimal" => item.as_decimal().is_some(),
        "date" => kind == Some(TemporalKind::Date),
        "dateTime" => matches!(kind, Some(TemporalKind::Date | TemporalKind::DateTime)),
        "instant" => kind == Some(TemporalKind::DateTime),
        "time" => kind == Some(TemporalKind::Time),
        _ => wanted.is_primitive() && item.as_text().is_some(),
    }
}

/// The kind of a temporal value, also of a JSON string that reads as one; a text made by an
/// expression is a text.
fn temporal_kind(item: &Item<'_>) -> Option<TemporalKind> {
    match item {
        Item::Temporal(value) => Some(value.kind()),
        Item::Node(Node { value: Value::String(text), .. }) => {
            Temporal::parse(text).map(Temporal::kind)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choice_names_split_into_base_and_type() {
        let declared = |name| declared_by(name).map(DataType::name);
        assert_eq!(declared("valueString"), Some("string"));
        assert_eq!(declared("deceasedDateTime"), Some("dateTime"));
        assert_eq!(declared("defaultValueCodeableConcept"), Some("CodeableConcept"));
        assert_eq!(declared("birthDate"), None);
        assert_eq!(declared("valueSet"), None);
        assert_eq!(declared("value"), None);
    }
}
