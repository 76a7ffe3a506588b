//! Pairs that somebody has judged, as a file of labels says.

use std::{io::Read, path::Path};

/// Judged pairs, by record ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labelled {
    /// One record, the other, and whether they are one person.
    pub pairs: Vec<(String, String, bool)>,
}

/// Says why a file of labels cannot be used. Never repeats an id of it.
#[derive(Debug, thiserror::Error)]
pub enum LabelsError {
    /// The file cannot be opened.
    #[error("cannot open the file of labels {path}")]
    Open {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The first line is another header.
    #[error(
        "the first line of the labels must be 'rec_id_1,rec_id_2,label', it has the columns \
         '{found}'"
    )]
    Header {
        /// The columns found.
        found: String,
    },
    /// A line cannot be read.
    #[error("line {line} of the labels: two ids and 'same' or 'different' are needed")]
    Line {
        /// The line.
        line: u64,
    },
}

impl Labelled {
    /// Reads a file of `rec_id_1,rec_id_2,label`; the label is `same` or `different`.
    ///
    /// # Errors
    ///
    /// [`LabelsError`], naming the line.
    pub fn load(path: &Path) -> Result<Self, LabelsError> {
        let file = std::fs::File::open(path)
            .map_err(|source| LabelsError::Open { path: path.display().to_string(), source })?;
        Self::read(file)
    }

    /// Reads the same from any source of bytes.
    ///
    /// # Errors
    ///
    /// [`LabelsError`], naming the line.
    pub fn read(reader: impl Read) -> Result<Self, LabelsError> {
        let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
        let header = table.headers().map_err(|_| LabelsError::Line { line: 1 })?.clone();
        let names: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
        let column = |wanted: &str| names.iter().position(|name| name == wanted);
        let columns = (column("rec_id_1"), column("rec_id_2"), column("label"));
        let (Some(one), Some(other), Some(label)) = columns else {
            return Err(LabelsError::Header { found: names.join(",") });
        };
        let mut pairs = Vec::new();
        for (at, record) in table.into_records().enumerate() {
            let line = at as u64 + 2;
            let record = record.map_err(|_| LabelsError::Line { line })?;
            let line = record.position().map_or(line, csv::Position::line);
            let cell = |column: usize| record.get(column).filter(|text| !text.is_empty());
            let is_same = match cell(label).map(str::to_lowercase).as_deref() {
                Some("same" | "1" | "true" | "yes") => true,
                Some("different" | "0" | "false" | "no") => false,
                _ => return Err(LabelsError::Line { line }),
            };
            let (Some(one), Some(other)) = (cell(one), cell(other)) else {
                return Err(LabelsError::Line { line });
            };
            pairs.push((one.to_owned(), other.to_owned(), is_same));
        }
        Ok(Self { pairs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_by_their_words() {
        let text = "rec_id_1,rec_id_2,label\na,b,same\nc,d,Different\n";
        let labelled = Labelled::read(text.as_bytes()).unwrap();
        let owned = |a: &str, b: &str, same| (a.to_owned(), b.to_owned(), same);
        assert_eq!(labelled.pairs, [owned("a", "b", true), owned("c", "d", false)]);
    }

    #[test]
    fn malformed_labels_are_refused_with_their_line() {
        let refusal = |text: &str| Labelled::read(text.as_bytes()).unwrap_err().to_string();
        assert!(refusal("a,b\n").contains("'a,b'"));
        assert!(refusal("rec_id_1,rec_id_2,label\na,b,perhaps\n").contains("line 2"));
        assert!(refusal("rec_id_1,rec_id_2,label\na,,same\n").contains("line 2"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            failure_persistence: None,
            ..proptest::test_runner::Config::default()
        })]

        #[test]
        fn fuzz_label_files_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = Labelled::read(&[&b"rec_id_1,rec_id_2,label\n"[..], &bytes].concat()[..]);
            let _ = Labelled::read(&bytes[..]);
        }
    }
}
