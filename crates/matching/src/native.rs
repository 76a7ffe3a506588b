//! The file of native rules: TOML, or JSON of the same shape.
//!
//! [`read`] gives the [`RuleFile`] as it stands, [`parse`] the checked [`Ruleset`] it means, and
//! [`to_toml`] writes a file back, byte for byte the same for the same content. What the entries
//! are is in `native/entries.rs`, what they mean in `native/build.rs`; the published schema is
//! `config/rules.schema.json`. OpenCR's format is read by [`crate::opencr`], and
//! [`rules_from_text`] tells the two apart.

mod build;
mod convert;
mod describe;
pub mod entries;
mod golden;
pub(crate) mod place;
mod recover;
mod tables;
mod tree;
mod write;

pub use convert::{Converted, convert};
pub use describe::describe;
pub use entries::RuleFile;
pub use place::find_text;
pub use tables::ReadTable;
pub use write::to_toml;

use crate::opencr::{self, RULES_BYTES_MAX, RulesError};
use crate::rules::Ruleset;

/// The first key of every native file; raised when the same file would mean something else.
pub const FORMAT: &str = "opencr-rules/1";

/// Bytes of a native file that are read: tables of shares and of names make it long.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Reads a native rule file and checks it; one that names no other file.
///
/// # Errors
///
/// [`RulesError`] with everything that is wrong and where.
pub fn parse(text: &str) -> Result<Ruleset, RulesError> {
    parse_with(text, &|_| Err("files beside the rules are not read here".to_owned()))
}

/// Reads a native rule file and the tables that it names, and checks all of it.
///
/// # Errors
///
/// [`RulesError`] with everything that is wrong and where.
pub fn parse_with(text: &str, tables: ReadTable<'_>) -> Result<Ruleset, RulesError> {
    let text = text.trim_start_matches('\u{feff}');
    let error = match read(text) {
        Ok(mut file) => {
            file.read_tables(text, tables)?;
            return file.build(text);
        }
        Err(error) => error,
    };
    // What else is wrong, in what is understood.
    let rest = if text.len() > FILE_BYTES_MAX { None } else { recover::read(text).file };
    let more = rest.map(|mut file| match file.read_tables(text, tables) {
        Ok(()) => file.build(text).map(|_| ()),
        Err(error) => Err(error),
    });
    match more {
        Some(Err(RulesError::Problems(more))) => Err(error.and(more)),
        Some(_) | None => Err(error),
    }
}

/// Reads a native rule file as it stands.
///
/// # Errors
///
/// [`RulesError::Place`] with line, column and what would be right.
pub fn read(text: &str) -> Result<RuleFile, RulesError> {
    let text = text.trim_start_matches('\u{feff}');
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file is longer than {FILE_BYTES_MAX} bytes: is it a rule file?");
        return Err(RulesError::Place { line: 1, column: 1, message });
    }
    let read =
        if is_json(text) { serde_json::from_str(text).ok() } else { toml::from_str(text).ok() };
    let file: RuleFile = match read {
        Some(file) => file,
        None => return Err(recover::error(text, &recover::read(text).problems)),
    };
    if file.format != FORMAT {
        let place = place::Places::of(text).find(&["format".into()], "");
        let (line, column) = place.unwrap_or((1, 1));
        let message = format!("`format` must be {FORMAT:?}: this program reads no other");
        return Err(RulesError::Place { line, column, message });
    }
    Ok(file)
}

/// Reads rules in either format: OpenCR's `decisionRules.json`, or a native file.
///
/// # Errors
///
/// [`RulesError`] of the format that the text has.
pub fn rules_from_text(text: &str) -> Result<Ruleset, RulesError> {
    if is_native(text) { parse(text) } else { opencr::parse(text) }
}

/// The same, with the tables that a native file names.
///
/// # Errors
///
/// [`RulesError`] of the format that the text has.
pub fn rules_from_text_with(text: &str, tables: ReadTable<'_>) -> Result<Ruleset, RulesError> {
    if is_native(text) { parse_with(text, tables) } else { opencr::parse(text) }
}

/// Whether a text is to be read as a native file; all that is not JSON is.
pub fn is_native(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    if !is_json(text) {
        return true;
    }
    // A native file may be longer than OpenCR's are allowed to be.
    let top: Option<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(text).ok();
    match top {
        Some(top) => top.contains_key("format") || top.contains_key("pass"),
        None => text.len() > RULES_BYTES_MAX || text.contains(FORMAT),
    }
}

fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    // `[[pass]]` and `[features.given]` begin with a bracket, too.
    text.starts_with('{') || text.is_empty()
}

#[cfg(test)]
mod tests;
