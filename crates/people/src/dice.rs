//! Seeded draws that come out alike on every platform.
//!
//! ChaCha8 and integer arithmetic only: the sampling code of a library may change what it draws
//! from one release to the next, and `ln` or `powf` differ between systems in the last bit.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The one source of chance of a population.
#[derive(Debug, Clone)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from 0 to `n` − 1, each as likely to within `n` in 2^32.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "a draw needs at least one outcome");
        let scaled = (u64::from(self.0.next_u32()) * u64::from(n)) >> 32;
        scaled as u32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// An index into `len` things.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        self.below(u32::try_from(len).expect("a list here has fewer than 2^32 entries")) as usize
    }

    /// An index that favours the front: the first of `len` is drawn about three times as often
    /// as it would be by [`Dice::index`], the last next to never. Names are like that.
    pub(crate) fn front_index(&mut self, len: usize) -> usize {
        self.index(len).min(self.index(len)).min(self.index(len))
    }

    /// True in about `share` of the draws.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        f64::from(self.0.next_u32()) < share * f64::from(u32::MAX) + share
    }

    /// One of `things`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.index(things.len())]
    }

    /// One of `things`, the earlier the likelier.
    pub(crate) fn pick_front<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.front_index(things.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_those_of_the_seed() {
        let mut dice = Dice::new(1);
        let drawn: Vec<u32> = (0..5).map(|_| dice.below(1000)).collect();
        let mut again = Dice::new(1);
        assert_eq!(drawn, (0..5).map(|_| again.below(1000)).collect::<Vec<_>>());
    }

    #[test]
    fn certain_and_impossible_are_just_that() {
        let mut dice = Dice::new(2);
        assert!((0..10_000).all(|_| dice.chance(1.0)));
        assert!((0..10_000).all(|_| !dice.chance(0.0)));
    }

    #[test]
    fn front_index_favours_the_front_and_stays_inside() {
        let mut dice = Dice::new(3);
        let mut counts = [0_u32; 10];
        for _ in 0..10_000 {
            counts[dice.front_index(10)] += 1;
        }
        assert!(counts[0] > 2_000 && counts[9] < 100, "{counts:?}");
    }
}
