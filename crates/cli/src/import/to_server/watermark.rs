//! Answers that come in any order, given on in file order.

use std::collections::BTreeMap;

use pipeline::rows::RowWarning;

use super::Failure;

/// One row's answer.
pub(super) struct Done {
    /// The row's place in the file, from 1.
    pub(super) ordinal: u64,
    /// The line where it begins.
    pub(super) line: u64,
    /// What was left out of it.
    pub(super) warnings: Vec<RowWarning>,
    /// Registered, or why not.
    pub(super) result: Result<(), Failure>,
}

/// Holds answers back until all before them are there. At most as many wait as are on the way.
pub(super) struct Watermark {
    done: u64,
    waiting: BTreeMap<u64, Done>,
    fatal: Option<anyhow::Error>,
}

impl Watermark {
    /// Starts after the first `done` rows.
    pub(super) fn after(done: u64) -> Self {
        Self { done, waiting: BTreeMap::new(), fatal: None }
    }

    /// Adds an answer and gives those that all earlier rows have answers to.
    pub(super) fn add(&mut self, done: Done) -> Vec<Done> {
        match done.result {
            Err(Failure::Fatal(error)) => {
                self.fatal.get_or_insert(error);
            }
            Ok(()) | Err(Failure::Refused(_)) => {
                self.waiting.insert(done.ordinal, done);
            }
        }
        let mut ready = Vec::new();
        while let Some(next) = self.waiting.remove(&(self.done + 1)) {
            self.done += 1;
            ready.push(next);
        }
        ready
    }

    /// Gives the error that ends the run, if there is one.
    pub(super) fn take_fatal(&mut self) -> Option<anyhow::Error> {
        self.fatal.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_given_on_in_file_order() {
        let mut watermark = Watermark::after(2);
        let mut add = |ordinal| {
            let done = Done { ordinal, line: 0, warnings: Vec::new(), result: Ok(()) };
            watermark.add(done).into_iter().map(|done| done.ordinal).collect::<Vec<_>>()
        };
        assert_eq!(add(4), Vec::<u64>::new());
        assert_eq!(add(3), [3, 4]);
        assert_eq!(add(5), [5]);
    }

    #[test]
    fn a_fatal_answer_is_not_passed_over() {
        let mut watermark = Watermark::after(0);
        let result = Err(Failure::Fatal(anyhow::anyhow!("gone")));
        assert!(
            watermark.add(Done { ordinal: 1, line: 2, warnings: Vec::new(), result }).is_empty()
        );
        assert!(watermark.take_fatal().is_some());
        let done = Done { ordinal: 2, line: 3, warnings: Vec::new(), result: Ok(()) };
        assert!(watermark.add(done).is_empty());
    }
}
