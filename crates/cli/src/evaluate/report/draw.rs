//! Drawings as SVG, made here: nothing on the page runs or loads.
//!
//! Colours are classes, so that the page's style sheet decides them for light, dark and paper.

use std::fmt::Write as _;

use matching::{Explanation, evaluate::Point};

use super::table;
use crate::evaluate::{figures::spread, search::Found};

/// Bars of the histogram.
const BARS: usize = 60;
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 56.0;
const FLOOR: f64 = HEIGHT - 44.0;
/// Points of a curve that its table lists.
const LISTED: usize = 25;

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

/// A drawing with its name and what it shows in words; narrow screens scroll it by itself.
fn drawing(id: &str, (title, description): (&str, &str), inside: &str) -> String {
    format!(
        "<div class=\"scroll chart\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
         <title id=\"{id}-t\">{0}</title><desc id=\"{id}-d\">{1}</desc>{inside}</svg></div>",
        escaped(title),
        escaped(description)
    )
}

fn rect(out: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
    let _ = write!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" class=\"{class}\"/>"
    );
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ = write!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(words)
    );
}

fn rule(out: &mut String, (x, y): (f64, f64), (to_x, to_y): (f64, f64), class: &str) {
    let _ = write!(
        out,
        "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{to_x:.1}\" y2=\"{to_y:.1}\" class=\"{class}\"/>"
    );
}

/// How many pairs have which weight; the square root, so that few are seen beside many.
pub(super) fn histogram(found: &Found, unit: &str, thresholds: &[(f64, &str)]) -> String {
    let weights = || found.pairs.iter().map(|pair| pair.weight).filter(|weight| weight.is_finite());
    let (least, most) = (weights().fold(f64::MAX, f64::min), weights().fold(f64::MIN, f64::max));
    if least > most {
        return "<p>No pairs.</p>".to_owned();
    }
    let span = (most - least).max(1e-9);
    let place = |weight: f64| LEFT + (weight - least) / span * (WIDTH - LEFT - 10.0);
    let mut bars = [[0_u64; 2]; BARS];
    for pair in found.pairs.iter().filter(|pair| pair.weight.is_finite()) {
        let at = ((pair.weight - least) / span * BARS as f64) as usize;
        bars[at.min(BARS - 1)][usize::from(pair.is_match)] += 1;
    }
    let tallest = bars.iter().map(|bar| bar[0] + bar[1]).max().unwrap_or(1) as f64;
    let height = |count: f64| (count / tallest).sqrt() * (FLOOR - 24.0);
    let width = (WIDTH - LEFT - 10.0) / BARS as f64;
    let (mut inside, mut rows) = (String::new(), Vec::new());
    for share in [0.25, 1.0] {
        let count = (tallest * share).round();
        let y = FLOOR - height(count);
        rule(&mut inside, (LEFT, y), (WIDTH - 10.0, y), "grid");
        text(&mut inside, (LEFT - 6.0, y + 4.0), "end", &count.to_string());
    }
    for (at, [wrong, right]) in bars.iter().enumerate().filter(|(_, bar)| bar[0] + bar[1] > 0) {
        let all = (wrong + right) as f64;
        let (tall, x) = (height(all), LEFT + at as f64 * width);
        let part = tall * *wrong as f64 / all;
        rect(&mut inside, (x, FLOOR - tall), (width - 1.0, tall - part), "one");
        rect(&mut inside, (x, FLOOR - part), (width - 1.0, part), "two");
        let from = least + at as f64 * span / BARS as f64;
        let upto = from + span / BARS as f64;
        rows.push(vec![format!("{from:.2} to {upto:.2}"), right.to_string(), wrong.to_string()]);
    }
    rule(&mut inside, (LEFT, FLOOR), (WIDTH - 10.0, FLOOR), "axis");
    for (step, anchor) in [(0.0, "start"), (0.5, "middle"), (1.0, "end")] {
        let value = least + step * span;
        text(&mut inside, (place(value), FLOOR + 18.0), anchor, &format!("{value:.1} {unit}"));
    }
    for (at, (weight, name)) in thresholds.iter().enumerate() {
        if (least..=most).contains(weight) {
            let x = place(*weight);
            rule(&mut inside, (x, 14.0), (x, FLOOR), "mark");
            let (anchor, x) = if at == 0 { ("end", x - 4.0) } else { ("start", x + 4.0) };
            text(&mut inside, (x, 12.0), anchor, name);
        }
    }
    let description = format!(
        "Bars over match weights from {least:.1} to {most:.1} {unit}, split into pairs of one \
         person and of two. The tallest bar is {tallest} pairs."
    );
    let legend = "<p class=\"legend\"><span class=\"key one\"></span>one person \
                  <span class=\"key two\"></span>two people. Heights are square roots of numbers \
                  of pairs.</p>";
    let head = ["weight", "pairs of one person", "pairs of two people"];
    let twin = table::folded(&table::table("Pairs by match weight", &head, &rows));
    let words = ("Pairs by match weight", description.as_str());
    format!("{legend}{}{twin}", drawing("histogram", words, &inside))
}

/// Precision over recall.
pub(super) fn curve(points: &[Point], unit: &str) -> String {
    let (side, width) = (FLOOR - 34.0, WIDTH - LEFT - 30.0);
    let place = |recall: f64, precision: f64| (LEFT + recall * width, FLOOR - precision * side);
    let mut line = String::new();
    for point in points {
        let figures = &point.figures;
        if let (Some(precision), Some(recall)) = (figures.precision, figures.recall) {
            let (x, y) = place(recall.value, precision.value);
            let _ = write!(line, "{x:.1},{y:.1} ");
        }
    }
    let mut inside = String::new();
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (left, right) = (place(0.0, share), place(1.0, share));
        rule(&mut inside, left, right, "grid");
        text(&mut inside, (LEFT - 6.0, left.1 + 4.0), "end", &format!("{share}"));
        let (x, _) = place(share, 0.0);
        text(&mut inside, (x, FLOOR + 18.0), "middle", &format!("{share}"));
    }
    text(&mut inside, (LEFT + width / 2.0, FLOOR + 36.0), "middle", "recall");
    text(&mut inside, (4.0, 11.0), "start", "precision");
    let _ = write!(inside, "<polyline points=\"{}\" class=\"line\"/>", line.trim_end());
    let ends = |of: fn(&Point) -> Option<f64>| points.iter().filter_map(of).fold(0.0, f64::max);
    let recall = ends(|point| point.figures.recall.map(|recall| recall.value));
    let description = format!(
        "A line over recall from 0 to {recall:.4}, which is as much as any threshold finds. At its \
         highest recall the precision is {:.4}.",
        points.last().and_then(|point| point.figures.precision).map_or(0.0, |p| p.value)
    );
    let rows: Vec<Vec<String>> = spread(points, LISTED)
        .map(|point| table::figures(&format!("{:.2} {unit}", point.threshold), &point.figures))
        .collect();
    let mut head = table::FIGURES;
    head[0] = "from";
    let twin = table::folded(&table::table("Figures by threshold", &head, &rows));
    format!("{}{twin}", drawing("curve", ("Precision over recall", &description), &inside))
}

/// Bits that a bar of a table shows at the most, to either side.
const BAR_BITS: f64 = 30.0;

/// A bar in a table between two numbers of bits; the number stands beside it.
pub(super) fn bar(from: f64, to: f64) -> String {
    let place = |bits: f64| 100.0 + bits.clamp(-BAR_BITS, BAR_BITS) * (100.0 / BAR_BITS);
    let (start, end) = (place(from.min(to)), place(from.max(to)));
    let class = if to >= from { "more" } else { "less" };
    let mut inside = String::new();
    rule(&mut inside, (100.0, 0.0), (100.0, 16.0), "axis");
    rect(&mut inside, (start, 3.0), ((end - start).max(1.0), 10.0), class);
    small(&inside)
}

/// Two bars in a table, m above u; the numbers stand beside them.
pub(super) fn m_and_u(m: f64, u: f64) -> String {
    let mut inside = String::new();
    rect(&mut inside, (0.0, 1.0), ((200.0 * m).max(1.0), 6.0), "one");
    rect(&mut inside, (0.0, 9.0), ((200.0 * u).max(1.0), 6.0), "two");
    small(&inside)
}

fn small(inside: &str) -> String {
    // The numbers beside it say the same, so a reader of screens may pass it over.
    format!("<svg class=\"bar\" viewBox=\"0 0 200 16\" aria-hidden=\"true\">{inside}</svg>")
}

/// What each comparison of a pair adds, one below the other.
pub(super) fn waterfall(explained: &Explanation) -> String {
    let mut sum = explained.base;
    let row = |name: &str, level: &str, from: f64, to: f64| {
        vec![escaped(name), escaped(level), format!("{:+.2}", to - from), bar(from, to)]
    };
    let mut rows = vec![row("prior", "nothing is known", 0.0, sum)];
    for comparison in &explained.comparisons {
        rows.push(row(&comparison.name, &comparison.label, sum, sum + comparison.bits));
        sum += comparison.bits;
    }
    for field in &explained.fields {
        rows.push(row(&field.name, &field.algorithm, sum, sum + field.points));
        sum += field.points;
    }
    rows.push(row("in all", &explained.band.to_string(), 0.0, sum));
    table::table("What each comparison adds", &["comparison", "level", "adds", ""], &rows)
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
