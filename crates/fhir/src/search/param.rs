//! The search parameters of Patient, and the kinds of index rows that answer them.
//!
//! A parameter may read several kinds of rows (`name` reads family, given and the rest), so
//! that no text is stored twice.

/// Names a kind of index row. The codes are stored: never change or reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Param {
    /// Family name.
    Family,
    /// One given name.
    Given,
    /// Prefix, suffix or text of a name.
    NamePart,
    /// Line, district or text of an address.
    AddressPart,
    /// City of an address.
    AddressCity,
    /// Country of an address.
    AddressCountry,
    /// Postal code of an address.
    AddressPostalCode,
    /// State of an address.
    AddressState,
    /// Mother's maiden name.
    MothersMaidenName,
    /// Identifier: system and value.
    Identifier,
    /// Administrative gender, without a system.
    Gender,
    /// `active` as said: `true` or `false`; no row if not said.
    Active,
    /// Death as said: `true` or `false`; no row if not said.
    Deceased,
    /// Contact point that is neither phone nor email; the system is the contact's.
    Telecom,
    /// Phone number.
    Phone,
    /// Mail address.
    Email,
    /// Use of an address, without a system.
    AddressUse,
    /// Birth date.
    Birthdate,
    /// Date of death.
    DeathDate,
}

/// All kinds of rows with their stored codes: texts from 1, tokens from 20, dates from 40.
const CODES: [(Param, u8); 19] = [
    (Param::Family, 1),
    (Param::Given, 2),
    (Param::NamePart, 3),
    (Param::AddressPart, 4),
    (Param::AddressCity, 5),
    (Param::AddressCountry, 6),
    (Param::AddressPostalCode, 7),
    (Param::AddressState, 8),
    (Param::MothersMaidenName, 9),
    (Param::Identifier, 20),
    (Param::Gender, 21),
    (Param::Active, 22),
    (Param::Deceased, 23),
    (Param::Telecom, 24),
    (Param::Phone, 25),
    (Param::Email, 26),
    (Param::AddressUse, 27),
    (Param::Birthdate, 40),
    (Param::DeathDate, 41),
];

impl Param {
    /// Gives the stored code.
    pub fn to_code(self) -> u8 {
        CODES.iter().find(|(param, _)| *param == self).map_or(0, |(_, code)| *code)
    }

    /// Gives the parameter of a stored code; `None` if no parameter ever had it.
    pub fn from_code(code: u8) -> Option<Param> {
        CODES.iter().find(|(_, known)| *known == code).map(|(param, _)| *param)
    }

    /// Lists all kinds of rows.
    pub fn all() -> impl Iterator<Item = Param> {
        CODES.iter().map(|(param, _)| *param)
    }
}

/// Names a search parameter of type string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringParam {
    /// `family`
    Family,
    /// `given`
    Given,
    /// `name`: family, given, prefix, suffix and text
    Name,
    /// `address`: every part
    Address,
    /// `address-city`
    AddressCity,
    /// `address-country`
    AddressCountry,
    /// `address-postalcode`
    AddressPostalCode,
    /// `address-state`
    AddressState,
    /// `mothersMaidenName`
    MothersMaidenName,
}

impl StringParam {
    /// Lists the kinds of rows it reads.
    pub fn params(self) -> &'static [Param] {
        match self {
            StringParam::Family => &[Param::Family],
            StringParam::Given => &[Param::Given],
            StringParam::Name => &[Param::Family, Param::Given, Param::NamePart],
            StringParam::Address => &[
                Param::AddressPart,
                Param::AddressCity,
                Param::AddressCountry,
                Param::AddressPostalCode,
                Param::AddressState,
            ],
            StringParam::AddressCity => &[Param::AddressCity],
            StringParam::AddressCountry => &[Param::AddressCountry],
            StringParam::AddressPostalCode => &[Param::AddressPostalCode],
            StringParam::AddressState => &[Param::AddressState],
            StringParam::MothersMaidenName => &[Param::MothersMaidenName],
        }
    }
}

/// Names a search parameter of type token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenParam {
    /// `identifier`
    Identifier,
    /// `gender`
    Gender,
    /// `active`
    Active,
    /// `deceased`
    Deceased,
    /// `telecom`: any contact point
    Telecom,
    /// `phone`
    Phone,
    /// `email`
    Email,
    /// `address-use`
    AddressUse,
}

impl TokenParam {
    /// Lists the kinds of rows it reads.
    pub fn params(self) -> &'static [Param] {
        match self {
            TokenParam::Identifier => &[Param::Identifier],
            TokenParam::Gender => &[Param::Gender],
            TokenParam::Active => &[Param::Active],
            TokenParam::Deceased => &[Param::Deceased],
            TokenParam::Telecom => &[Param::Telecom, Param::Phone, Param::Email],
            TokenParam::Phone => &[Param::Phone],
            TokenParam::Email => &[Param::Email],
            TokenParam::AddressUse => &[Param::AddressUse],
        }
    }
}

/// Names a search parameter of type date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateParam {
    /// `birthdate`
    Birthdate,
    /// `death-date`
    DeathDate,
}

impl DateParam {
    /// Lists the kinds of rows it reads.
    pub fn params(self) -> &'static [Param] {
        match self {
            DateParam::Birthdate => &[Param::Birthdate],
            DateParam::DeathDate => &[Param::DeathDate],
        }
    }
}

/// Says what a parameter searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// The logical id.
    Id,
    /// The time of the last change.
    LastUpdated,
    /// The tags.
    Tag,
    /// The linked Patients.
    Link,
    /// Texts.
    Text(StringParam),
    /// Codes and identifiers.
    Token(TokenParam),
    /// Dates.
    Date(DateParam),
}

impl ParamKind {
    /// Gives the type of the parameter in R4's words (valueset-search-param-type.html).
    pub fn search_type(self) -> &'static str {
        match self {
            ParamKind::Id | ParamKind::Tag | ParamKind::Token(_) => "token",
            ParamKind::LastUpdated | ParamKind::Date(_) => "date",
            ParamKind::Link => "reference",
            ParamKind::Text(_) => "string",
        }
    }
}

/// Describes one search parameter that this server honours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// The name in the query.
    pub name: &'static str,
    /// What it searches.
    pub kind: ParamKind,
    /// Canonical URL of its SearchParameter.
    pub definition: &'static str,
}

/// The parameters that filter Patients. The capability statement and the parser read this
/// one table, so neither can promise what the other does not know.
pub const PARAMETERS: &[Parameter] = &[
    parameter("_id", ParamKind::Id, "http://hl7.org/fhir/SearchParameter/Resource-id"),
    parameter(
        "_lastUpdated",
        ParamKind::LastUpdated,
        "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated",
    ),
    parameter("_tag", ParamKind::Tag, "http://hl7.org/fhir/SearchParameter/Resource-tag"),
    token("active", TokenParam::Active, "http://hl7.org/fhir/SearchParameter/Patient-active"),
    text("address", StringParam::Address, INDIVIDUAL_ADDRESS),
    text(
        "address-city",
        StringParam::AddressCity,
        "http://hl7.org/fhir/SearchParameter/individual-address-city",
    ),
    text(
        "address-country",
        StringParam::AddressCountry,
        "http://hl7.org/fhir/SearchParameter/individual-address-country",
    ),
    text(
        "address-postalcode",
        StringParam::AddressPostalCode,
        "http://hl7.org/fhir/SearchParameter/individual-address-postalcode",
    ),
    text(
        "address-state",
        StringParam::AddressState,
        "http://hl7.org/fhir/SearchParameter/individual-address-state",
    ),
    token(
        "address-use",
        TokenParam::AddressUse,
        "http://hl7.org/fhir/SearchParameter/individual-address-use",
    ),
    date(
        "birthdate",
        DateParam::Birthdate,
        "http://hl7.org/fhir/SearchParameter/individual-birthdate",
    ),
    date(
        "death-date",
        DateParam::DeathDate,
        "http://hl7.org/fhir/SearchParameter/Patient-death-date",
    ),
    token("deceased", TokenParam::Deceased, "http://hl7.org/fhir/SearchParameter/Patient-deceased"),
    token("email", TokenParam::Email, "http://hl7.org/fhir/SearchParameter/individual-email"),
    text("family", StringParam::Family, "http://hl7.org/fhir/SearchParameter/individual-family"),
    token("gender", TokenParam::Gender, "http://hl7.org/fhir/SearchParameter/individual-gender"),
    text("given", StringParam::Given, "http://hl7.org/fhir/SearchParameter/individual-given"),
    token(
        "identifier",
        TokenParam::Identifier,
        "http://hl7.org/fhir/SearchParameter/Patient-identifier",
    ),
    parameter("link", ParamKind::Link, "http://hl7.org/fhir/SearchParameter/Patient-link"),
    text(
        "mothersMaidenName",
        StringParam::MothersMaidenName,
        "http://hl7.org/fhir/SearchParameter/patient-extensions-Patient-mothersMaidenName",
    ),
    text("name", StringParam::Name, "http://hl7.org/fhir/SearchParameter/Patient-name"),
    token("phone", TokenParam::Phone, "http://hl7.org/fhir/SearchParameter/individual-phone"),
    token("telecom", TokenParam::Telecom, "http://hl7.org/fhir/SearchParameter/individual-telecom"),
];

const INDIVIDUAL_ADDRESS: &str = "http://hl7.org/fhir/SearchParameter/individual-address";

const fn parameter(name: &'static str, kind: ParamKind, definition: &'static str) -> Parameter {
    Parameter { name, kind, definition }
}

const fn text(name: &'static str, param: StringParam, definition: &'static str) -> Parameter {
    parameter(name, ParamKind::Text(param), definition)
}

const fn token(name: &'static str, param: TokenParam, definition: &'static str) -> Parameter {
    parameter(name, ParamKind::Token(param), definition)
}

const fn date(name: &'static str, param: DateParam, definition: &'static str) -> Parameter {
    parameter(name, ParamKind::Date(param), definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_are_unique() {
        for param in Param::all() {
            assert_ne!(param.to_code(), 0);
            assert_eq!(Param::from_code(param.to_code()), Some(param));
        }
        assert_eq!(Param::from_code(0), None);
    }
}
