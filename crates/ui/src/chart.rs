//! Charts as plain geometry: what a template writes as SVG, beside a table of the same figures.
//!
//! A chart is 1,000 wide and 100 high, and is stretched to its place: so it holds no text, which
//! stands beside it. Kinds of bars differ by pattern, and only then by colour.

/// How wide every chart is.
pub const WIDTH: u32 = 1_000;
/// How high every chart is.
pub const HEIGHT: u32 = 100;
/// Bars that a chart of scores has at the most.
const BARS_MAX: i64 = 40;

/// A part of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// How wide.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// Which kind, counted from 0.
    pub kind: usize,
}

/// How counts become heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Twice as many are twice as high.
    Linear,
    /// Ten times as many are one step higher, so that few are seen beside many.
    Logarithmic,
}

/// The bars of a chart, each the counts of its kinds from the bottom up.
pub fn bars(counts: &[Vec<u64>], growth: Growth) -> Vec<Part> {
    let total = |kinds: &Vec<u64>| kinds.iter().sum::<u64>();
    let most = counts.iter().map(total).max().unwrap_or(0);
    let Ok(number) = u32::try_from(counts.len().max(1)) else { return Vec::new() };
    let step = WIDTH / number;
    let gap = if step >= 8 { step / 8 } else { 0 };
    let mut parts = Vec::new();
    for (kinds, place) in counts.iter().zip(0..) {
        let sum = total(kinds);
        let high = height(sum, most, growth);
        let mut below = 0;
        for (kind, count) in kinds.iter().enumerate().filter(|(_, count)| **count > 0) {
            below += count;
            // From sums, so that parts meet and rounding does not add up.
            let share = |of: u64| (u128::from(high) * u128::from(of) / u128::from(sum)) as u32;
            let (from, to) = (share(below - count), share(below));
            parts.push(Part {
                x: place * step + gap / 2,
                y: HEIGHT - to,
                width: (step - gap).max(1),
                height: to - from,
                kind,
            });
        }
    }
    parts
}

/// What is there is seen, however little.
fn height(count: u64, most: u64, growth: Growth) -> u32 {
    if count == 0 || most == 0 {
        return 0;
    }
    let share = match growth {
        Growth::Linear => count as f64 / most as f64,
        Growth::Logarithmic => (1.0 + count as f64).ln() / (1.0 + most as f64).ln(),
    };
    ((f64::from(HEIGHT) * share).round() as u32).clamp(1, HEIGHT)
}

/// Scores in tenths, cut into bars of equal width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Where the first bar begins.
    pub from: i64,
    /// The width of a bar.
    pub step: i64,
    /// How many bars there are.
    pub number: usize,
}

impl Scale {
    /// A scale for scores from `least` to `most`, both included, in at most forty bars.
    pub fn over(least: i64, most: i64) -> Self {
        let span = (most - least + 1).max(1);
        let steps = (0..).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power)));
        let mut steps = steps.take(54);
        // One bar more may be needed where the first begins before the least.
        let step = steps.find(|step| span / step + 2 <= BARS_MAX).unwrap_or(i64::MAX / 4);
        let from = least.div_euclid(step) * step;
        let number = usize::try_from((most - from) / step + 1).unwrap_or(1);
        Self { from, step, number }
    }

    /// The bar of a score.
    pub fn bar(&self, tenths: i64) -> usize {
        let bar = (tenths - self.from).max(0) / self.step;
        usize::try_from(bar).unwrap_or(0).min(self.number - 1)
    }

    /// Where a bar begins, in tenths.
    pub fn begins(&self, bar: usize) -> i64 {
        self.from + self.step * i64::try_from(bar).unwrap_or(0)
    }

    /// Where a score stands from the left; `None` beyond the chart.
    pub fn place(&self, score: f64) -> Option<u32> {
        let step = f64::from(WIDTH / u32::try_from(self.number).ok()?);
        let place = (score * 10.0 - self.from as f64) / self.step as f64 * step;
        (0.0..=f64::from(WIDTH)).contains(&place).then(|| place.round() as u32)
    }
}

/// A number of tenths as people write it, such as `−1.5`.
pub fn tenths(value: i64) -> String {
    let sign = if value < 0 { "−" } else { "" };
    let value = value.unsigned_abs();
    format!("{sign}{}.{}", value / 10, value % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bars_stand_on_the_ground_and_their_parts_meet() {
        let parts = bars(&[vec![1, 3], vec![0, 0], vec![8, 0]], Growth::Linear);
        let told: Vec<_> = parts.iter().map(|it| (it.kind, it.y, it.height)).collect();
        assert_eq!(told, [(0, 88, 12), (1, 50, 38), (0, 0, 100)]);
        assert!(parts[2].x > 600 && parts[2].x + parts[2].width <= WIDTH);
    }

    #[test]
    fn one_is_seen_beside_a_million() {
        let of = |growth| bars(&[vec![1], vec![1_000_000]], growth)[0].height;
        assert_eq!((of(Growth::Linear), of(Growth::Logarithmic)), (1, 5));
        assert!(bars(&[vec![0]], Growth::Linear).is_empty());
        assert!(bars(&[], Growth::Linear).is_empty());
    }

    #[test]
    fn tenths_are_written_with_their_sign() {
        assert_eq!([-15, -3, 0, 62].map(tenths), ["−1.5", "−0.3", "0.0", "6.2"]);
    }

    proptest! {
        #[test]
        fn every_score_has_a_bar_around_it(least in -4_000_i64..4_000, span in 0_i64..100_000, at in 0.0_f64..1.0) {
            let most = least + span;
            let scale = Scale::over(least, most);
            prop_assert!(scale.number >= 1 && scale.number as i64 <= BARS_MAX);
            let score = least + (span as f64 * at) as i64;
            let bar = scale.bar(score);
            prop_assert!(scale.begins(bar) <= score && score < scale.begins(bar + 1));
            prop_assert!(scale.place(score as f64 / 10.0).is_some());
        }

        #[test]
        fn no_bar_leaves_the_chart(counts in prop::collection::vec(prop::collection::vec(0_u64..u64::MAX / 4_000, 0..4), 0..400)) {
            for growth in [Growth::Linear, Growth::Logarithmic] {
                for part in bars(&counts, growth) {
                    prop_assert!(part.x + part.width <= WIDTH);
                    prop_assert!(part.y + part.height <= HEIGHT);
                }
            }
        }
    }
}
