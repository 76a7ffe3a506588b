//! Drawings as SVG, made here: nothing on the page runs or loads.

use std::fmt::Write as _;

use matching::{Explanation, Ruleset, evaluate::Point};

use crate::evaluate::search::Found;

/// Bars of the histogram.
const BARS: usize = 60;
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 260.0;
const GOOD: &str = "#2f7d4f";
const BAD: &str = "#b3402e";
const PLAIN: &str = "#4a6fa5";

/// Text that cannot be taken for markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn svg(height: f64, title: &str, inside: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\"><title>{}</title>{inside}</svg>",
        escaped(title)
    )
}

fn rect(out: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
    let _ = write!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
    );
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ = write!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(words)
    );
}

/// How many pairs have which weight; the square root, so that few are seen beside many.
pub(super) fn histogram(found: &Found, unit: &str) -> String {
    let weights = || found.pairs.iter().map(|pair| pair.weight);
    let (least, most) = (weights().fold(f64::MAX, f64::min), weights().fold(f64::MIN, f64::max));
    if found.pairs.is_empty() {
        return "<p>No pairs.</p>".to_owned();
    }
    let span = (most - least).max(1e-9);
    let mut bars = [[0_u64; 2]; BARS];
    for pair in &found.pairs {
        let at = ((pair.weight - least) / span * BARS as f64) as usize;
        bars[at.min(BARS - 1)][usize::from(pair.is_match)] += 1;
    }
    let tallest = bars.iter().map(|bar| bar[0] + bar[1]).max().unwrap_or(1) as f64;
    let (width, floor) = (WIDTH / BARS as f64, HEIGHT - 30.0);
    let mut inside = String::new();
    for (at, [wrong, right]) in bars.iter().enumerate() {
        let all = (wrong + right) as f64;
        if all == 0.0 {
            continue;
        }
        let height = (all / tallest).sqrt() * (floor - 10.0);
        let part = height * *wrong as f64 / all;
        let x = at as f64 * width;
        rect(&mut inside, (x, floor - height), (width - 1.0, height - part), GOOD);
        rect(&mut inside, (x, floor - part), (width - 1.0, part), BAD);
    }
    for (x, anchor, value) in
        [(0.0, "start", least), (WIDTH / 2.0, "middle", (least + most) / 2.0), (WIDTH, "end", most)]
    {
        text(&mut inside, (x, HEIGHT - 10.0), anchor, &format!("{value:.1} {unit}"));
    }
    let note = "<p>Green: one person. Red: two. Heights are square roots of numbers of pairs.</p>";
    format!("{}{note}", svg(HEIGHT, "Pairs by match weight", &inside))
}

/// Precision over recall.
pub(super) fn curve(points: &[Point]) -> String {
    let (side, left) = (HEIGHT - 40.0, 60.0);
    let mut line = String::new();
    for point in points {
        let figures = &point.figures;
        if let (Some(precision), Some(recall)) = (figures.precision, figures.recall) {
            let (x, y) =
                (left + recall.value * (WIDTH - 80.0), 10.0 + (1.0 - precision.value) * side);
            let _ = write!(line, "{x:.1},{y:.1} ");
        }
    }
    let mut inside = format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{PLAIN}\" stroke-width=\"2\"/>",
        line.trim_end()
    );
    for share in [0.0, 0.5, 1.0] {
        let y = 15.0 + (1.0 - share) * side;
        text(&mut inside, (left - 8.0, y), "end", &format!("{share:.1}"));
        let x = left + share * (WIDTH - 80.0);
        text(&mut inside, (x, HEIGHT - 8.0), "middle", &format!("recall {share:.1}"));
    }
    svg(HEIGHT, "Precision over recall", &inside)
}

/// The bits of every level of every native rule.
pub(super) fn levels(ruleset: &Ruleset) -> String {
    let mut out = String::new();
    for rule in ruleset.rules.iter().filter(|rule| !rule.ladders.is_empty()) {
        let rows: usize = rule.ladders.iter().map(|ladder| ladder.levels.len() + 1).sum();
        let (mut inside, mut y) = (String::new(), 16.0);
        for ladder in &rule.ladders {
            text(&mut inside, (0.0, y), "start", &ladder.name);
            y += 18.0;
            for level in &ladder.levels {
                let words = format!("{}: m {:.3e}, u {:.3e}", level.label, level.m, level.u);
                text(&mut inside, (14.0, y), "start", &words);
                bar(&mut inside, y, 0.0, level.bits);
                y += 18.0;
            }
        }
        out.push_str(&svg(rows as f64 * 18.0 + 10.0, &rule.name, &inside));
    }
    out
}

/// What each comparison of a pair adds, one below the other.
pub(super) fn waterfall(explained: &Explanation) -> String {
    let (mut inside, mut y) = (String::new(), 16.0);
    let mut sum = explained.base;
    text(&mut inside, (0.0, y), "start", "prior");
    bar(&mut inside, y, 0.0, sum);
    for comparison in &explained.comparisons {
        y += 18.0;
        text(&mut inside, (0.0, y), "start", &comparison.name);
        bar(&mut inside, y, sum, sum + comparison.bits);
        sum += comparison.bits;
    }
    y += 18.0;
    text(&mut inside, (0.0, y), "start", "in all");
    bar(&mut inside, y, 0.0, sum);
    svg(y + 12.0, "What each comparison adds", &inside)
}

/// A bar between two numbers of bits, with their difference in words.
fn bar(out: &mut String, y: f64, from: f64, to: f64) {
    let place = |bits: f64| 640.0 + bits.clamp(-40.0, 40.0) * 5.0;
    let (start, end) = (place(from.min(to)), place(from.max(to)));
    let colour = if to >= from { GOOD } else { BAD };
    rect(out, (start, y - 11.0), ((end - start).max(1.0), 13.0), colour);
    text(out, (WIDTH, y), "end", &format!("{:+.1}", to - from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_are_called_is_no_markup() {
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        let mut out = String::new();
        text(&mut out, (0.0, 0.0), "end", "</text><script>");
        assert!(!out.contains("<script>"), "{out}");
    }
}
