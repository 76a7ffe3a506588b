//! Column names that need no explaining, in the order in which the usual one comes first.

use super::Target;

/// Names by target, as [`key`] writes them. Sources: FEBRL, OpenCR, Splink and OpenMRS exports.
const SYNONYMS: [(Kind, &[&str]); 18] = [
    (
        Kind::Id,
        &[
            "recid",
            "recordid",
            "id",
            "patientid",
            "patientuuid",
            "uuid",
            "mrn",
            "medicalrecordnumber",
            "uniqueid",
            "clientid",
            "personid",
        ],
    ),
    (
        Kind::Given,
        &[
            "givenname",
            "given",
            "firstname",
            "forename",
            "first",
            "fname",
            "prenom",
            "givennames",
            "firstnames",
        ],
    ),
    (Kind::Middle, &["middlename", "middle", "secondname", "othername", "othernames"]),
    (
        Kind::Family,
        &["surname", "familyname", "family", "lastname", "last", "lname", "nom", "nomdefamille"],
    ),
    (Kind::Name, &["fullname", "name", "patientname", "names"]),
    (Kind::Gender, &["sex", "gender", "sexe", "sexo"]),
    (
        Kind::BirthDate,
        &["dateofbirth", "dob", "birthdate", "birthday", "birth", "datenaissance", "bdate"],
    ),
    (Kind::Email, &["email", "emailaddress", "mail"]),
    (
        Kind::NationalId,
        &[
            "nationalid",
            "nationalidentifier",
            "nationalidnumber",
            "nationalnumber",
            "ugandanin",
            "nin",
            "nid",
        ],
    ),
    (Kind::Ssn, &["socsecid", "ssn", "socialsecuritynumber"]),
    (Kind::Art, &["artnumber", "art", "artno", "artid"]),
    (Kind::StreetNumber, &["streetnumber", "housenumber", "streetno"]),
    (
        Kind::Line,
        &["address1", "address2", "address3", "addressline1", "addressline2", "address", "street"],
    ),
    (Kind::Village, &["village"]),
    (Kind::City, &["city", "town", "suburb", "municipality"]),
    (Kind::District, &["district", "county"]),
    (Kind::State, &["state", "province", "region"]),
    (Kind::Place, &["postcode", "postalcode", "zip", "zipcode", "country"]),
];

#[derive(Clone, Copy)]
enum Kind {
    Id,
    Given,
    Middle,
    Family,
    Name,
    Gender,
    BirthDate,
    Email,
    NationalId,
    Ssn,
    Art,
    StreetNumber,
    Line,
    Village,
    City,
    District,
    State,
    Place,
}

/// Gives a column name without case, spaces and punctuation: `Date of_Birth` is `dateofbirth`.
pub(super) fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Guesses what a column holds, with the rank of the name (0 is the usual one).
pub(super) fn guess(name: &str) -> Option<(usize, Target)> {
    let key = key(name);
    let found = SYNONYMS.iter().find_map(|(kind, names)| {
        names.iter().position(|name| *name == key).map(|rank| (rank, *kind))
    });
    match found {
        Some((rank, kind)) => Some((rank, target(kind, &key))),
        None => is_phone(&key).then_some((0, Target::Phone)),
    }
}

fn target(kind: Kind, key: &str) -> Target {
    match kind {
        Kind::Id => Target::Id,
        Kind::Given => Target::Given,
        Kind::Middle => Target::Middle,
        Kind::Family => Target::Family,
        Kind::Name => Target::Name,
        Kind::Gender => Target::Gender,
        Kind::BirthDate => Target::BirthDate,
        Kind::Email => Target::Email,
        Kind::NationalId => Target::national_id(false),
        Kind::Ssn => Target::national_id(true),
        Kind::Art => Target::art_number(),
        Kind::StreetNumber => Target::StreetNumber,
        Kind::Line => Target::Line,
        Kind::Village => Target::Village,
        Kind::City => Target::City,
        Kind::District => Target::District,
        Kind::State => Target::State,
        Kind::Place if key == "country" => Target::Country,
        Kind::Place => Target::PostalCode,
    }
}

/// True for `phone`, `phone_number`, `home phone 2`, `mobile`, `tel`, but not `phone type`.
fn is_phone(key: &str) -> bool {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_stem = |word: &str| {
        let rest = stem.strip_prefix(word);
        rest.is_some_and(|rest| matches!(rest, "" | "number" | "no" | "nr" | "phone"))
    };
    ["phone", "mobile", "telephone", "tel", "cell", "msisdn"].into_iter().any(is_stem)
        || ["homephone", "workphone", "contactphone", "contactnumber"].contains(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_whatever_their_case_and_punctuation() {
        let cases = [
            ("Date of Birth", Some(Target::BirthDate)),
            ("dateOfBirth", Some(Target::BirthDate)),
            ("PHONE-NUMBER", Some(Target::Phone)),
            ("phone_2", Some(Target::Phone)),
            ("mobile phone", Some(Target::Phone)),
            ("phone_type", None),
            ("temperature", None),
            ("uganda_nin", Some(Target::national_id(false))),
            ("soc_sec_id", Some(Target::national_id(true))),
            ("art_number", Some(Target::art_number())),
            ("zip", Some(Target::PostalCode)),
            ("Country", Some(Target::Country)),
            ("cluster", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(guess(name).map(|(_, target)| target), expected, "{name}");
        }
    }
}
