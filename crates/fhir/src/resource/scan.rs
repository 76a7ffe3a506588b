//! Looks over JSON text for what serde_json would hide: repeated names, reserved names,
//! endless nesting. Not a parser: text that is not JSON passes and is refused afterwards.

use std::borrow::Cow;

use super::{DEPTH_MAX, ParseError};

/// Prefix of the member names serde_json uses to smuggle numbers and raw text through
/// serde; a sender's object with such a name would be read as a number.
const RESERVED: &str = "$serde_json::private::";

/// One object or array that is still open.
struct Open {
    is_object: bool,
    /// Where its names begin in the shared list of names.
    names_from: usize,
}

/// Refuses repeated or reserved member names and nesting over [`DEPTH_MAX`].
pub(super) fn check(text: &str) -> Result<(), ParseError> {
    let bytes = text.as_bytes();
    let mut open: Vec<Open> = Vec::new();
    let mut names: Vec<Cow<'_, str>> = Vec::new();
    let mut expects_name = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                if open.len() == DEPTH_MAX {
                    return Err(ParseError::TooDeep);
                }
                expects_name = byte == b'{';
                open.push(Open { is_object: expects_name, names_from: names.len() });
            }
            b'}' | b']' => {
                if let Some(closed) = open.pop() {
                    check_names(&mut names[closed.names_from..], at)?;
                    names.truncate(closed.names_from);
                }
                expects_name = false;
            }
            b',' => expects_name = open.last().is_some_and(|inner| inner.is_object),
            b'"' => {
                let end = string_end(bytes, at + 1);
                if expects_name && let Some(name) = member_name(text, at, end) {
                    names.push(name);
                }
                expects_name = false;
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Finds the closing quote of the string whose text begins at `at`, or the end of text.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// Reads the name between the quotes at `open` and `close`; names equal after their
/// escapes are resolved are equal names.
fn member_name(text: &str, open: usize, close: usize) -> Option<Cow<'_, str>> {
    let raw = text.get(open + 1..close)?;
    if !raw.contains('\\') {
        return Some(Cow::Borrowed(raw));
    }
    let quoted = text.get(open..=close)?;
    serde_json::from_str::<String>(quoted).ok().map(Cow::Owned)
}

/// Checks the names of one object that ends at `offset`.
fn check_names(names: &mut [Cow<'_, str>], offset: usize) -> Result<(), ParseError> {
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(ParseError::DuplicateMember { offset });
    }
    if names.iter().any(|name| name.starts_with(RESERVED)) {
        return Err(ParseError::ReservedMember { offset });
    }
    Ok(())
}
