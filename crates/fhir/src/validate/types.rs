//! R4's element definitions of Patient and the datatypes in it, as tables.
//!
//! Source: the StructureDefinitions of R4 4.0.1, patient.html and datatypes.html. `id` and
//! `extension` belong to every type and are not repeated here.

use super::primitive::Primitive;

/// Says what an element holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Primitive(Primitive),
    /// A code of a required value set.
    Code(&'static [&'static str]),
    Complex(&'static Complex),
    /// An object of a datatype that is not looked into.
    Any,
    /// A contained resource.
    Contained,
}

impl Kind {
    pub(super) fn is_primitive(self) -> bool {
        matches!(self, Kind::Primitive(_) | Kind::Code(_))
    }
}

/// Defines one element.
#[derive(Clone, Copy)]
pub(super) struct Element {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether it is an array.
    pub(super) many: bool,
    pub(super) required: bool,
}

impl Element {
    pub(super) const fn one(name: &'static str, kind: Kind) -> Element {
        Element { name, kind, many: false, required: false }
    }

    pub(super) const fn many(name: &'static str, kind: Kind) -> Element {
        Element { name, kind, many: true, required: false }
    }

    const fn required(name: &'static str, kind: Kind) -> Element {
        Element { name, kind, many: false, required: true }
    }
}

/// Defines an element whose type is a choice: `prefix` with one of the suffixes.
pub(super) struct Choice {
    pub(super) prefix: &'static str,
    pub(super) options: &'static [(&'static str, Kind)],
}

/// Defines a type.
pub(super) struct Complex {
    pub(super) name: &'static str,
    pub(super) elements: &'static [Element],
    pub(super) choices: &'static [Choice],
    /// Whether it may have `modifierExtension`.
    pub(super) is_backbone: bool,
    /// Whether it has `resourceType`.
    pub(super) is_resource: bool,
}

const fn datatype(name: &'static str, elements: &'static [Element]) -> Complex {
    Complex { name, elements, choices: &[], is_backbone: false, is_resource: false }
}

const fn backbone(name: &'static str, elements: &'static [Element]) -> Complex {
    Complex { name, elements, choices: &[], is_backbone: true, is_resource: false }
}

const BOOLEAN: Kind = Kind::Primitive(Primitive::Boolean);
const STRING: Kind = Kind::Primitive(Primitive::String);
const URI: Kind = Kind::Primitive(Primitive::Uri);
const CODE: Kind = Kind::Primitive(Primitive::Code);
const DATE_TIME: Kind = Kind::Primitive(Primitive::DateTime);
const INTEGER: Kind = Kind::Primitive(Primitive::Integer);
const BASE64: Kind = Kind::Primitive(Primitive::Base64Binary);

const GENDER: Kind = Kind::Code(&["male", "female", "other", "unknown"]);

/// What stands beside a primitive: only what every element has.
pub(super) static ELEMENT: Complex = datatype("Element", &[]);

pub(super) static PATIENT: Complex = Complex {
    name: "Patient",
    is_backbone: true,
    is_resource: true,
    elements: &[
        Element::one("id", Kind::Primitive(Primitive::Id)),
        Element::one("meta", Kind::Complex(&META)),
        Element::one("implicitRules", URI),
        Element::one("language", CODE),
        Element::one("text", Kind::Complex(&NARRATIVE)),
        Element::many("contained", Kind::Contained),
        Element::many("identifier", Kind::Complex(&IDENTIFIER)),
        Element::one("active", BOOLEAN),
        Element::many("name", Kind::Complex(&HUMAN_NAME)),
        Element::many("telecom", Kind::Complex(&CONTACT_POINT)),
        Element::one("gender", GENDER),
        Element::one("birthDate", Kind::Primitive(Primitive::Date)),
        Element::many("address", Kind::Complex(&ADDRESS)),
        Element::one("maritalStatus", Kind::Complex(&CODEABLE_CONCEPT)),
        Element::many("photo", Kind::Complex(&ATTACHMENT)),
        Element::many("contact", Kind::Complex(&CONTACT)),
        Element::many("communication", Kind::Complex(&COMMUNICATION)),
        Element::many("generalPractitioner", Kind::Complex(&REFERENCE)),
        Element::one("managingOrganization", Kind::Complex(&REFERENCE)),
        Element::many("link", Kind::Complex(&LINK)),
    ],
    choices: &[
        Choice { prefix: "deceased", options: &[("Boolean", BOOLEAN), ("DateTime", DATE_TIME)] },
        Choice { prefix: "multipleBirth", options: &[("Boolean", BOOLEAN), ("Integer", INTEGER)] },
    ],
};

static CONTACT: Complex = backbone(
    "Patient.contact",
    &[
        Element::many("relationship", Kind::Complex(&CODEABLE_CONCEPT)),
        Element::one("name", Kind::Complex(&HUMAN_NAME)),
        Element::many("telecom", Kind::Complex(&CONTACT_POINT)),
        Element::one("address", Kind::Complex(&ADDRESS)),
        Element::one("gender", GENDER),
        Element::one("organization", Kind::Complex(&REFERENCE)),
        Element::one("period", Kind::Complex(&PERIOD)),
    ],
);

static COMMUNICATION: Complex = backbone(
    "Patient.communication",
    &[
        Element::required("language", Kind::Complex(&CODEABLE_CONCEPT)),
        Element::one("preferred", BOOLEAN),
    ],
);

static LINK: Complex = backbone(
    "Patient.link",
    &[
        Element::required("other", Kind::Complex(&REFERENCE)),
        Element::required("type", Kind::Code(&["replaced-by", "replaces", "refer", "seealso"])),
    ],
);

static IDENTIFIER: Complex = datatype(
    "Identifier",
    &[
        Element::one("use", Kind::Code(&["usual", "official", "temp", "secondary", "old"])),
        Element::one("type", Kind::Complex(&CODEABLE_CONCEPT)),
        Element::one("system", URI),
        Element::one("value", STRING),
        Element::one("period", Kind::Complex(&PERIOD)),
        Element::one("assigner", Kind::Complex(&REFERENCE)),
    ],
);

static HUMAN_NAME: Complex = datatype(
    "HumanName",
    &[
        Element::one(
            "use",
            Kind::Code(&["usual", "official", "temp", "nickname", "anonymous", "old", "maiden"]),
        ),
        Element::one("text", STRING),
        Element::one("family", STRING),
        Element::many("given", STRING),
        Element::many("prefix", STRING),
        Element::many("suffix", STRING),
        Element::one("period", Kind::Complex(&PERIOD)),
    ],
);

static CONTACT_POINT: Complex = datatype(
    "ContactPoint",
    &[
        Element::one(
            "system",
            Kind::Code(&["phone", "fax", "email", "pager", "url", "sms", "other"]),
        ),
        Element::one("value", STRING),
        Element::one("use", Kind::Code(&["home", "work", "temp", "old", "mobile"])),
        Element::one("rank", Kind::Primitive(Primitive::PositiveInt)),
        Element::one("period", Kind::Complex(&PERIOD)),
    ],
);

static ADDRESS: Complex = datatype(
    "Address",
    &[
        Element::one("use", Kind::Code(&["home", "work", "temp", "old", "billing"])),
        Element::one("type", Kind::Code(&["postal", "physical", "both"])),
        Element::one("text", STRING),
        Element::many("line", STRING),
        Element::one("city", STRING),
        Element::one("district", STRING),
        Element::one("state", STRING),
        Element::one("postalCode", STRING),
        Element::one("country", STRING),
        Element::one("period", Kind::Complex(&PERIOD)),
    ],
);

static ATTACHMENT: Complex = datatype(
    "Attachment",
    &[
        Element::one("contentType", CODE),
        Element::one("language", CODE),
        Element::one("data", BASE64),
        Element::one("url", URI),
        Element::one("size", Kind::Primitive(Primitive::UnsignedInt)),
        Element::one("hash", BASE64),
        Element::one("title", STRING),
        Element::one("creation", DATE_TIME),
    ],
);

static REFERENCE: Complex = datatype(
    "Reference",
    &[
        Element::one("reference", STRING),
        Element::one("type", URI),
        Element::one("identifier", Kind::Complex(&IDENTIFIER)),
        Element::one("display", STRING),
    ],
);

static PERIOD: Complex =
    datatype("Period", &[Element::one("start", DATE_TIME), Element::one("end", DATE_TIME)]);

static CODEABLE_CONCEPT: Complex = datatype(
    "CodeableConcept",
    &[Element::many("coding", Kind::Complex(&CODING)), Element::one("text", STRING)],
);

static CODING: Complex = datatype(
    "Coding",
    &[
        Element::one("system", URI),
        Element::one("version", STRING),
        Element::one("code", CODE),
        Element::one("display", STRING),
        Element::one("userSelected", BOOLEAN),
    ],
);

static META: Complex = datatype(
    "Meta",
    &[
        Element::one("versionId", Kind::Primitive(Primitive::Id)),
        Element::one("lastUpdated", Kind::Primitive(Primitive::Instant)),
        Element::one("source", URI),
        Element::many("profile", URI),
        Element::many("security", Kind::Complex(&CODING)),
        Element::many("tag", Kind::Complex(&CODING)),
    ],
);

static NARRATIVE: Complex = datatype(
    "Narrative",
    &[
        Element::required(
            "status",
            Kind::Code(&["generated", "extensions", "additional", "empty"]),
        ),
        Element::required("div", Kind::Primitive(Primitive::Xhtml)),
    ],
);

pub(super) static EXTENSION: Complex = Complex {
    name: "Extension",
    elements: &[Element::required("url", URI)],
    choices: &[Choice { prefix: "value", options: OPEN_TYPES }],
    is_backbone: false,
    is_resource: false,
};

/// The types an extension may hold (R4 datatypes.html#open). Those that no Patient element
/// has must be objects and are not looked into.
const OPEN_TYPES: &[(&str, Kind)] = &[
    ("Base64Binary", BASE64),
    ("Boolean", BOOLEAN),
    ("Canonical", URI),
    ("Code", CODE),
    ("Date", Kind::Primitive(Primitive::Date)),
    ("DateTime", DATE_TIME),
    ("Decimal", Kind::Primitive(Primitive::Decimal)),
    ("Id", Kind::Primitive(Primitive::Id)),
    ("Instant", Kind::Primitive(Primitive::Instant)),
    ("Integer", INTEGER),
    ("Markdown", STRING),
    ("Oid", Kind::Primitive(Primitive::Oid)),
    ("PositiveInt", Kind::Primitive(Primitive::PositiveInt)),
    ("String", STRING),
    ("Time", Kind::Primitive(Primitive::Time)),
    ("UnsignedInt", Kind::Primitive(Primitive::UnsignedInt)),
    ("Uri", URI),
    ("Url", URI),
    ("Uuid", Kind::Primitive(Primitive::Uuid)),
    ("Address", Kind::Complex(&ADDRESS)),
    ("Attachment", Kind::Complex(&ATTACHMENT)),
    ("CodeableConcept", Kind::Complex(&CODEABLE_CONCEPT)),
    ("Coding", Kind::Complex(&CODING)),
    ("ContactPoint", Kind::Complex(&CONTACT_POINT)),
    ("HumanName", Kind::Complex(&HUMAN_NAME)),
    ("Identifier", Kind::Complex(&IDENTIFIER)),
    ("Meta", Kind::Complex(&META)),
    ("Period", Kind::Complex(&PERIOD)),
    ("Reference", Kind::Complex(&REFERENCE)),
    ("Age", Kind::Any),
    ("Annotation", Kind::Any),
    ("ContactDetail", Kind::Any),
    ("Contributor", Kind::Any),
    ("Count", Kind::Any),
    ("DataRequirement", Kind::Any),
    ("Distance", Kind::Any),
    ("Dosage", Kind::Any),
    ("Duration", Kind::Any),
    ("Expression", Kind::Any),
    ("Money", Kind::Any),
    ("ParameterDefinition", Kind::Any),
    ("Quantity", Kind::Any),
    ("Range", Kind::Any),
    ("Ratio", Kind::Any),
    ("RelatedArtifact", Kind::Any),
    ("SampledData", Kind::Any),
    ("Signature", Kind::Any),
    ("Timing", Kind::Any),
    ("TriggerDefinition", Kind::Any),
    ("UsageContext", Kind::Any),
];
