//! Ids and hashes in few bytes.

use std::fmt::Write as _;

/// A text that is mostly a UUID or a SHA-256, in the form that the registry writes.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Packed {
    /// A UUID: lower-case, with hyphens.
    Uuid([u8; 16]),
    /// A hash: 64 lower-case hexadecimal digits.
    Hash(Box<[u8; 32]>),
    /// Anything else, as it is.
    Text(Box<str>),
}

/// Where a UUID has its hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Packed {
    pub(super) fn of(text: &str) -> Packed {
        let packed = match text.len() {
            36 => uuid(text).map(Packed::Uuid),
            64 => bytes(text.as_bytes()).map(|hash| Packed::Hash(Box::new(hash))),
            _ => None,
        };
        packed.unwrap_or_else(|| Packed::Text(text.into()))
    }

    pub(super) fn text(&self) -> String {
        match self {
            Packed::Text(text) => text.to_string(),
            Packed::Hash(hash) => hex(hash.as_slice()),
            Packed::Uuid(uuid) => {
                let mut text = hex(uuid);
                HYPHENS.iter().for_each(|at| text.insert(*at, '-'));
                text
            }
        }
    }
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    if !HYPHENS.iter().all(|at| text.as_bytes()[*at] == b'-') {
        return None;
    }
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    bytes(&digits)
}

/// Reads lower-case hexadecimal digits, two for each byte.
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2 + HYPHENS.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was() {
        let uuid = "0192f3a4-5b6c-7d8e-9f00-112233445566";
        let hash = "ab".repeat(32);
        assert!(matches!(Packed::of(uuid), Packed::Uuid(_)));
        assert!(matches!(Packed::of(&hash), Packed::Hash(_)));
        let odd = [
            "",
            "p-1",
            &uuid.to_uppercase(),
            &uuid.replace('-', "x"),
            &hash.to_uppercase(),
            "0192f3a4-5b6c-7d8e-9f00-11223344556é",
            &"é".repeat(18),
            &"é".repeat(32),
        ]
        .map(str::to_owned);
        for text in odd.iter().map(String::as_str).chain([uuid, &hash]) {
            assert_eq!(Packed::of(text).text(), text);
        }
    }
}
