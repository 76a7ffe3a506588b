//! Views of the datatypes a Patient is made of (R4 datatypes.html).

use serde_json::Value;

/// Lists the objects in the array `member`; anything else in it is skipped.
pub(super) fn items<'a>(
    value: &'a Value,
    member: &str,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    let items = value.get(member).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.iter().filter(|item| item.is_object())
}

/// Gives the string `member`, unless it is blank: missing is `None`, never "".
pub(super) fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// Lists the strings in the array `member` that are not blank.
fn texts<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let items = value.get(member).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// Views one name (R4 datatypes.html#HumanName).
#[derive(Clone, Copy)]
pub struct HumanNameRef<'a>(pub &'a Value);

impl<'a> HumanNameRef<'a> {
    /// Gives `use`: `usual`, `official`, `temp`, `nickname`, `anonymous`, `old`, `maiden`.
    pub fn use_code(self) -> Option<&'a str> {
        text(self.0, "use")
    }

    /// Gives the whole name as one text.
    pub fn text(self) -> Option<&'a str> {
        text(self.0, "text")
    }

    /// Gives the family name.
    pub fn family(self) -> Option<&'a str> {
        text(self.0, "family")
    }

    /// Lists the given names, first and middle ones, in order.
    pub fn given(self) -> impl Iterator<Item = &'a str> + use<'a> {
        texts(self.0, "given")
    }

    /// Lists what comes before the name.
    pub fn prefix(self) -> impl Iterator<Item = &'a str> + use<'a> {
        texts(self.0, "prefix")
    }

    /// Lists what comes after the name.
    pub fn suffix(self) -> impl Iterator<Item = &'a str> + use<'a> {
        texts(self.0, "suffix")
    }
}

/// Views one way to reach the person (R4 datatypes.html#ContactPoint).
#[derive(Clone, Copy)]
pub struct ContactPointRef<'a>(pub &'a Value);

impl<'a> ContactPointRef<'a> {
    /// Gives `phone`, `fax`, `email`, `pager`, `url`, `sms` or `other`.
    pub fn system(self) -> Option<&'a str> {
        text(self.0, "system")
    }

    /// Gives the number or address.
    pub fn value(self) -> Option<&'a str> {
        text(self.0, "value")
    }

    /// Gives `use`: `home`, `work`, `temp`, `old`, `mobile`.
    pub fn use_code(self) -> Option<&'a str> {
        text(self.0, "use")
    }
}

/// Views one address (R4 datatypes.html#Address).
#[derive(Clone, Copy)]
pub struct AddressRef<'a>(pub &'a Value);

impl<'a> AddressRef<'a> {
    /// Gives `use`: `home`, `work`, `temp`, `old`, `billing`.
    pub fn use_code(self) -> Option<&'a str> {
        text(self.0, "use")
    }

    /// Gives the whole address as one text.
    pub fn text(self) -> Option<&'a str> {
        text(self.0, "text")
    }

    /// Lists street, house number, post box.
    pub fn lines(self) -> impl Iterator<Item = &'a str> + use<'a> {
        texts(self.0, "line")
    }

    /// Gives the city, town or village.
    pub fn city(self) -> Option<&'a str> {
        text(self.0, "city")
    }

    /// Gives the district.
    pub fn district(self) -> Option<&'a str> {
        text(self.0, "district")
    }

    /// Gives the state, province or region.
    pub fn state(self) -> Option<&'a str> {
        text(self.0, "state")
    }

    /// Gives the postal code.
    pub fn postal_code(self) -> Option<&'a str> {
        text(self.0, "postalCode")
    }

    /// Gives the country.
    pub fn country(self) -> Option<&'a str> {
        text(self.0, "country")
    }
}

/// Views one extension (R4 extensibility.html).
#[derive(Clone, Copy)]
pub struct ExtensionRef<'a>(pub &'a Value);

impl<'a> ExtensionRef<'a> {
    /// Gives the URL that says what it means.
    pub fn url(self) -> Option<&'a str> {
        text(self.0, "url")
    }

    /// Gives the value with its member name, for example `valueString`.
    pub fn value(self) -> Option<(&'a str, &'a Value)> {
        let members = self.0.as_object()?;
        let found = members.iter().find(|(name, _)| name.starts_with("value"));
        found.map(|(name, value)| (name.as_str(), value))
    }

    /// Gives a value of any primitive type that is written as a string.
    pub fn value_text(self) -> Option<&'a str> {
        let (_, value) = self.value()?;
        value.as_str().filter(|text| !text.trim().is_empty())
    }

    /// Gives the reference in `valueReference`.
    pub fn value_reference(self) -> Option<&'a str> {
        text(self.0.get("valueReference")?, "reference")
    }

    /// Lists the extensions inside a complex extension.
    pub fn extensions(self) -> impl Iterator<Item = ExtensionRef<'a>> + use<'a> {
        items(self.0, "extension").map(ExtensionRef)
    }
}
