//! Tables of names in files of their own, so that a country can replace them.
//!
//! A line is a group of names that one person may go by, with commas between; a line that begins
//! with `#` is a remark. This room reads no files: whoever calls says how.

use super::entries::RuleFile;
use super::place::{Places, Step};
use super::{FILE_BYTES_MAX, RulesError};
use crate::opencr::Problem;

/// Gives the text of a file that a rule file names, or says in words why it cannot.
pub type ReadTable<'a> = &'a dyn Fn(&str) -> Result<String, String>;

impl RuleFile {
    /// Reads the tables that lie in files; `source` is the text of the rules, for places.
    ///
    /// # Errors
    ///
    /// [`RulesError::Problems`] with each table that cannot be read.
    pub fn read_tables(&mut self, source: &str, read: ReadTable<'_>) -> Result<(), RulesError> {
        let mut problems = Vec::new();
        for (name, entry) in &mut self.aliases {
            let Some(file) = &entry.file else { continue };
            match read(file).and_then(|text| groups(&text)) {
                Ok(groups) => entry.loaded = Some(groups),
                Err(why) => {
                    let steps = ["aliases".into(), Step::Key(name.clone()), "file".into()];
                    let message = format!("the table of aliases {name:?} in {file}: {why}");
                    let problem = Problem { rule: None, field: None, place: None, message };
                    problems.push(Places::of(source).put(&steps, problem));
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(RulesError::Problems(problems)) }
    }
}

fn groups(text: &str) -> Result<Vec<Vec<String>>, String> {
    if text.len() > FILE_BYTES_MAX {
        return Err(format!("is longer than {FILE_BYTES_MAX} bytes: is it a table of names?"));
    }
    let mut groups = Vec::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let names = line.split(',').map(str::trim).filter(|name| !name.is_empty());
        let group: Vec<String> = names.map(str::to_owned).collect();
        if group.len() < 2 {
            return Err(format!("line {}: a group has at least two names, commas between", at + 1));
        }
        groups.push(group);
    }
    Ok(groups)
}
