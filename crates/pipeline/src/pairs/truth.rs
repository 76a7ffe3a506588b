//! Which records are one person, as a file of truth says.

use std::{
    collections::HashMap,
    io::{self, Read},
    path::Path,
};

/// The true clusters of records.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    cluster_of: HashMap<String, usize>,
}

/// Says why a file of truth cannot be used. Never repeats an id of it.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// The file cannot be opened.
    #[error("cannot open the truth file {path}")]
    Open {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The first line is another header.
    #[error(
        "the truth file's first line must be 'rec_id,cluster' or 'rec_id_1,rec_id_2', \
         it has the columns '{found}'"
    )]
    Header {
        /// The columns found.
        found: String,
    },
    /// A line cannot be read.
    #[error("line {line} of the truth file cannot be read: two non-empty columns are needed")]
    Line {
        /// The line.
        line: u64,
    },
    /// A record is said to be two people.
    #[error("line {line} of the truth file puts a record into a second cluster")]
    Twice {
        /// The line.
        line: u64,
    },
}

impl Truth {
    /// Reads a file of `rec_id,cluster` or `rec_id_1,rec_id_2`, whichever its header says.
    ///
    /// # Errors
    ///
    /// [`TruthError`], naming the line.
    pub fn load(path: &Path) -> Result<Self, TruthError> {
        let file = std::fs::File::open(path)
            .map_err(|source| TruthError::Open { path: path.display().to_string(), source })?;
        Self::read(file)
    }

    /// Reads the same from any source of bytes.
    ///
    /// # Errors
    ///
    /// [`TruthError`], naming the line.
    pub fn read(reader: impl Read) -> Result<Self, TruthError> {
        let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
        let header = table.headers().map_err(|_| TruthError::Line { line: 1 })?.clone();
        let names: Vec<_> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
        let index = |wanted: &str| names.iter().position(|name| name == wanted);
        match (index("rec_id"), index("cluster"), index("rec_id_1"), index("rec_id_2")) {
            (Some(record), Some(cluster), _, _) => Self::from_clusters(table, record, cluster),
            (_, _, Some(first), Some(second)) => Self::from_pairs(table, first, second),
            _ => Err(TruthError::Header { found: names.join(",") }),
        }
    }

    fn from_clusters(
        table: csv::Reader<impl Read>,
        record: usize,
        cluster: usize,
    ) -> Result<Self, TruthError> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut cluster_of = HashMap::new();
        for row in two_columns(table, record, cluster) {
            let (line, record, cluster) = row?;
            let next = numbers.len();
            let number = *numbers.entry(cluster).or_insert(next);
            let earlier = cluster_of.insert(record, number);
            if earlier.is_some_and(|earlier| earlier != number) {
                return Err(TruthError::Twice { line });
            }
        }
        Ok(Self { cluster_of })
    }

    /// Joins the records of all pairs; a forest of parents finds the clusters.
    fn from_pairs(
        table: csv::Reader<impl Read>,
        first: usize,
        second: usize,
    ) -> Result<Self, TruthError> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut parents: Vec<usize> = Vec::new();
        for row in two_columns(table, first, second) {
            let (_, first, second) = row?;
            let mut root_of = |record: String| {
                let next = parents.len();
                let number = *numbers.entry(record).or_insert(next);
                if number == next {
                    parents.push(next);
                }
                root(&mut parents, number)
            };
            let (left, right) = (root_of(first), root_of(second));
            parents[left] = right;
        }
        let cluster_of = numbers
            .into_iter()
            .map(|(record, number)| (record, root(&mut parents, number)))
            .collect();
        Ok(Self { cluster_of })
    }

    /// Gives the number of the record's cluster, `None` if the truth does not know it.
    pub fn cluster_of(&self, record: &str) -> Option<usize> {
        self.cluster_of.get(record).copied()
    }

    /// True if both records are known to be one person.
    pub fn is_pair(&self, a: &str, b: &str) -> bool {
        self.cluster_of(a).is_some_and(|cluster| self.cluster_of(b) == Some(cluster))
    }

    /// Counts the pairs of records that are one person.
    pub fn pair_count(&self) -> u64 {
        let mut sizes: HashMap<usize, u64> = HashMap::new();
        for cluster in self.cluster_of.values() {
            *sizes.entry(*cluster).or_default() += 1;
        }
        sizes.values().copied().map(super::pairs_of).sum()
    }

    /// Counts the records that the truth knows and `is_known` does not.
    pub fn count_unknown(&self, is_known: impl Fn(&str) -> bool) -> usize {
        self.cluster_of.keys().filter(|record| !is_known(record)).count()
    }
}

/// Finds the root of a tree, shortening the way (path halving, so no recursion).
fn root(parents: &mut [usize], mut number: usize) -> usize {
    while parents[number] != number {
        parents[number] = parents[parents[number]];
        number = parents[number];
    }
    number
}

fn two_columns(
    table: csv::Reader<impl Read>,
    first: usize,
    second: usize,
) -> impl Iterator<Item = Result<(u64, String, String), TruthError>> {
    table.into_records().enumerate().map(move |(index, record)| {
        let line = index as u64 + 2;
        let record = record.map_err(|_| TruthError::Line { line })?;
        let line = record.position().map_or(line, csv::Position::line);
        let cell = |column: usize| record.get(column).filter(|text| !text.is_empty());
        match (cell(first), cell(second)) {
            (Some(first), Some(second)) => Ok((line, first.to_owned(), second.to_owned())),
            _ => Err(TruthError::Line { line }),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Truth::read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn malformed_truth_is_refused_with_its_line() {
        assert!(refusal("id,person\n1,2\n").contains("'id,person'"));
        assert!(refusal("rec_id,cluster\na,1\nb,\n").contains("line 3"));
        assert!(refusal("rec_id,cluster\na,1\na,2\n").contains("second cluster"));
        assert!(refusal("rec_id,cluster\na,1\nb\n").contains("line 3"));
        assert!(refusal("").contains("first line"));
    }

    #[test]
    fn columns_may_come_in_any_order_with_others_between() {
        let truth = Truth::read("cluster,x,rec_id\n1,,a\n1,,b\n".as_bytes()).unwrap();
        assert!(truth.is_pair("a", "b"));
        assert_eq!(truth.count_unknown(|record| record == "a"), 1);
    }

    #[test]
    fn a_pair_of_a_record_with_itself_is_no_pair() {
        let truth = Truth::read("rec_id_1,rec_id_2\na,a\n".as_bytes()).unwrap();
        assert_eq!(truth.pair_count(), 0);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            failure_persistence: None,
            ..proptest::test_runner::Config::default()
        })]

        #[test]
        fn fuzz_truth_files_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = Truth::read(&bytes[..]);
            let _ = Truth::read(&[&b"rec_id,cluster\n"[..], &bytes].concat()[..]);
        }
    }
}
