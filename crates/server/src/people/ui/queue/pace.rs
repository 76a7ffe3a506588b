//! [`Pace`]: how quickly a session decides, and for how long it has without a break.

use std::collections::VecDeque;

use registry::ids::{RecordId, Timestamp};

/// Who shows no sign for so long has had a break.
const BREAK_MICROS: i64 = 10 * 60 * 1_000_000;
/// After so long without one, it is time for a break.
const TIRED_MICROS: i64 = 60 * 60 * 1_000_000;
/// Decisions that the median is of.
const KEPT_MAX: usize = 500;

/// What is known of one session's work.
#[derive(Default)]
pub(super) struct Pace {
    /// The item that is open, and since when.
    open: Option<(RecordId, Timestamp)>,
    /// How long decisions took, in microseconds, the newest last.
    took: VecDeque<i64>,
    /// When the work without a break began, and its last sign.
    busy: Option<(Timestamp, Timestamp)>,
}

impl Pace {
    /// An item is looked at.
    pub(super) fn looked(&mut self, item: &RecordId, now: Timestamp) {
        self.sign(now);
        if self.open.as_ref().is_none_or(|(open, _)| open != item) {
            self.open = Some((item.clone(), now));
        }
    }

    /// What is open was decided.
    pub(super) fn decided(&mut self, now: Timestamp) {
        self.sign(now);
        let Some((item, since)) = &mut self.open else { return };
        let took = now.0 - since.0;
        // Its next candidate begins now.
        self.open = Some((item.clone(), now));
        // Whoever went away in between did not decide for so long.
        if took < BREAK_MICROS {
            self.took.push_back(took);
        }
        if self.took.len() > KEPT_MAX {
            self.took.pop_front();
        }
    }

    /// Half of the decisions took no longer than so many seconds; `None` before the first.
    pub(super) fn median_seconds(&self) -> Option<u64> {
        let mut took: Vec<i64> = self.took.iter().copied().collect();
        took.sort_unstable();
        let median = took.get(took.len().checked_sub(1)? / 2)?;
        u64::try_from((median + 500_000) / 1_000_000).ok()
    }

    /// Whether it is time for a break.
    pub(super) fn is_tired(&self, now: Timestamp) -> bool {
        self.busy.is_some_and(|(since, last)| {
            now.0 - last.0 < BREAK_MICROS && now.0 - since.0 >= TIRED_MICROS
        })
    }

    fn sign(&mut self, now: Timestamp) {
        let since = match self.busy {
            Some((since, last)) if now.0 - last.0 < BREAK_MICROS => since,
            _ => now,
        };
        self.busy = Some((since, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn median_is_of_the_time_from_looking_to_deciding() {
        let (mut pace, one, two) = (Pace::default(), RecordId::new("1"), RecordId::new("2"));
        assert_eq!(pace.median_seconds(), None);
        pace.decided(at(0));
        assert_eq!(pace.median_seconds(), None, "nothing was looked at");
        pace.looked(&one, at(0));
        pace.looked(&one, at(5));
        pace.decided(at(9));
        assert_eq!(pace.median_seconds(), Some(9), "since it was first looked at");
        pace.decided(at(11));
        pace.looked(&two, at(20));
        pace.decided(at(24));
        assert_eq!(pace.median_seconds(), Some(4), "of 9, 2 and 4");
        pace.looked(&one, at(30));
        pace.decided(at(30 + 3_600));
        assert_eq!(pace.median_seconds(), Some(4), "lunch is no decision");
    }

    #[test]
    fn an_hour_without_a_break_is_told_until_there_is_one() {
        let (mut pace, item) = (Pace::default(), RecordId::new("1"));
        for minute in 0..60 {
            pace.looked(&item, at(minute * 60));
            assert!(!pace.is_tired(at(minute * 60)), "{minute}");
        }
        assert!(pace.is_tired(at(3_600)));
        assert!(!pace.is_tired(at(59 * 60 + 600)), "this is a break");
        pace.looked(&item, at(59 * 60 + 600));
        assert!(!pace.is_tired(at(59 * 60 + 601)));
    }
}
