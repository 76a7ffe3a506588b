//! The functions a path may call: names, numbers of arguments, families. What they do is in
//! the file of each family.

/// A function, by the family that evaluates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// Evaluates its arguments anew for each item.
    Each(Each),
    /// Looks at the collection as a whole.
    Collection(Collection),
    /// Works on one text.
    Text(Text),
    /// Turns one value into another type.
    Convert(Convert),
    /// Takes a type name.
    Type(TypeFunction),
    /// `extension(url)` (<https://hl7.org/fhir/R4/fhirpath.html#functions>).
    Extension,
}

/// FHIRPath 5.1 and 5.2, and `iif` of 5.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Each {
    Where,
    Select,
    All,
    Exists,
    Iif,
}

/// FHIRPath 5.1, 5.3 and 5.4, and `not` of 6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collection {
    First,
    Last,
    Tail,
    Skip,
    Take,
    Single,
    Empty,
    Count,
    Not,
    Distinct,
    IsDistinct,
    Union,
    Combine,
    Intersect,
    Exclude,
}

/// FHIRPath 5.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Upper,
    Lower,
    Length,
    Substring,
    StartsWith,
    EndsWith,
    Contains,
    IndexOf,
    Replace,
    Matches,
    ReplaceMatches,
    Trim,
    Split,
    Join,
    ToChars,
}

/// FHIRPath 5.5, and FHIR's `hasValue` and `getValue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Convert {
    ToString,
    ToInteger,
    ToDecimal,
    ToBoolean,
    HasValue,
    GetValue,
}

/// FHIRPath 6.3, also written as operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeFunction {
    OfType,
    As,
    Is,
}

/// How a function is called.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) function: Function,
    pub(super) arguments_min: usize,
    pub(super) arguments_max: usize,
}

const fn takes(name: &'static str, function: Function, min: usize, max: usize) -> Signature {
    Signature { name, function, arguments_min: min, arguments_max: max }
}

/// Every function a path may call.
const SIGNATURES: &[Signature] = &[
    takes("where", Function::Each(Each::Where), 1, 1),
    takes("select", Function::Each(Each::Select), 1, 1),
    takes("all", Function::Each(Each::All), 1, 1),
    takes("exists", Function::Each(Each::Exists), 0, 1),
    takes("iif", Function::Each(Each::Iif), 2, 3),
    takes("first", Function::Collection(Collection::First), 0, 0),
    takes("last", Function::Collection(Collection::Last), 0, 0),
    takes("tail", Function::Collection(Collection::Tail), 0, 0),
    takes("skip", Function::Collection(Collection::Skip), 1, 1),
    takes("take", Function::Collection(Collection::Take), 1, 1),
    takes("single", Function::Collection(Collection::Single), 0, 0),
    takes("empty", Function::Collection(Collection::Empty), 0, 0),
    takes("count", Function::Collection(Collection::Count), 0, 0),
    takes("not", Function::Collection(Collection::Not), 0, 0),
    takes("distinct", Function::Collection(Collection::Distinct), 0, 0),
    takes("isDistinct", Function::Collection(Collection::IsDistinct), 0, 0),
    takes("union", Function::Collection(Collection::Union), 1, 1),
    takes("combine", Function::Collection(Collection::Combine), 1, 1),
    takes("intersect", Function::Collection(Collection::Intersect), 1, 1),
    takes("exclude", Function::Collection(Collection::Exclude), 1, 1),
    takes("upper", Function::Text(Text::Upper), 0, 0),
    takes("lower", Function::Text(Text::Lower), 0, 0),
    takes("length", Function::Text(Text::Length), 0, 0),
    takes("substring", Function::Text(Text::Substring), 1, 2),
    takes("startsWith", Function::Text(Text::StartsWith), 1, 1),
    takes("endsWith", Function::Text(Text::EndsWith), 1, 1),
    takes("contains", Function::Text(Text::Contains), 1, 1),
    takes("indexOf", Function::Text(Text::IndexOf), 1, 1),
    takes("replace", Function::Text(Text::Replace), 2, 2),
    takes("matches", Function::Text(Text::Matches), 1, 1),
    takes("replaceMatches", Function::Text(Text::ReplaceMatches), 2, 2),
    takes("trim", Function::Text(Text::Trim), 0, 0),
    takes("split", Function::Text(Text::Split), 1, 1),
    takes("join", Function::Text(Text::Join), 0, 1),
    takes("toChars", Function::Text(Text::ToChars), 0, 0),
    takes("toString", Function::Convert(Convert::ToString), 0, 0),
    takes("toInteger", Function::Convert(Convert::ToInteger), 0, 0),
    takes("toDecimal", Function::Convert(Convert::ToDecimal), 0, 0),
    takes("toBoolean", Function::Convert(Convert::ToBoolean), 0, 0),
    takes("hasValue", Function::Convert(Convert::HasValue), 0, 0),
    takes("getValue", Function::Convert(Convert::GetValue), 0, 0),
    takes("ofType", Function::Type(TypeFunction::OfType), 1, 1),
    takes("as", Function::Type(TypeFunction::As), 1, 1),
    takes("is", Function::Type(TypeFunction::Is), 1, 1),
    takes("extension", Function::Extension, 1, 1),
];

/// Functions of FHIRPath that read the clock (FHIRPath 5.10).
const CLOCK_FUNCTIONS: &[&str] = &["now", "today", "timeOfDay"];

/// The function of this name; names are case-sensitive.
pub(super) fn find(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|signature| signature.name == name)
}

/// Whether the function exists in FHIRPath and reads the clock.
pub(super) fn needs_clock(name: &str) -> bool {
    CLOCK_FUNCTIONS.contains(&name)
}

/// The known function that takes the fewest edits to reach from `name`, case ignored.
pub(super) fn nearest(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    SIGNATURES
        .iter()
        .map(|signature| signature.name)
        .min_by_key(|known| edits(&name, &known.to_ascii_lowercase()))
        .unwrap_or("where")
}

/// Levenshtein distance in characters.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for letter in from.chars() {
        let mut diagonal = row[0];
        row[0] += 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
