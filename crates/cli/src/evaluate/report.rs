//! The wrong pairs, and the report with drawings: both hold values of people.

mod draw;

use std::fmt::Write as _;

use matching::Explanation;

use super::{
    figures::Evaluated,
    search::{Found, People},
};

/// Explains the pairs that are linked and wrong, and those that are missed.
pub(super) fn wrong_pairs(people: &People, found: &Found, most: usize) -> String {
    let mut out = String::new();
    for (title, pairs) in [("Wrong", wrong(found, most)), ("Missed", missed(found, most))] {
        for at in pairs {
            let (one, other, explained) = explain(people, found, at);
            let _ =
                writeln!(out, "\n{title}: {one} and {other}\n{}", explained.to_string().trim_end());
        }
    }
    out
}

/// The ids of a pair's records and why it has its score.
fn explain<'p>(people: &'p People, found: &Found, at: usize) -> (&'p str, &'p str, Explanation) {
    let pair = &found.pairs[at];
    let (one, other) = (pair.one as usize, pair.other as usize);
    let features = (&people.features[one], &people.features[other]);
    let explained = matching::explain(&people.ruleset, pair.rule, features.0, features.1);
    (&people.ids[one], &people.ids[other], explained)
}

fn wrong(found: &Found, most: usize) -> Vec<usize> {
    let is_wrong =
        |at: &usize| !found.pairs[*at].is_match && found.bands[*at] == matching::Band::Auto;
    by_weight(found, is_wrong, most)
}

fn missed(found: &Found, most: usize) -> Vec<usize> {
    let is_missed =
        |at: &usize| found.pairs[*at].is_match && found.bands[*at] != matching::Band::Auto;
    by_weight(found, is_missed, most)
}

fn by_weight(found: &Found, keep: impl Fn(&usize) -> bool, most: usize) -> Vec<usize> {
    let mut pairs: Vec<usize> = (0..found.pairs.len()).filter(keep).collect();
    pairs.sort_by(|a, b| found.pairs[*b].weight.total_cmp(&found.pairs[*a].weight));
    pairs.truncate(most);
    pairs
}

/// Pairs of either kind that the drawings explain.
const EXAMPLES: usize = 5;

/// The report as one page that needs nothing else: no script, no font, no address.
pub(super) fn html(people: &People, found: &Found, evaluated: &Evaluated) -> String {
    let mut out = String::from(HEAD);
    let _ = write!(out, "<pre>{}</pre>", draw::escaped(&evaluated.to_string()));
    let _ = write!(out, "<h2>Match weights</h2>{}", draw::histogram(found, evaluated.unit));
    let _ = write!(out, "<h2>Precision and recall</h2>{}", draw::curve(&evaluated.curve));
    let _ = write!(out, "<h2>What each level says</h2>{}", draw::levels(&people.ruleset));
    let titles =
        [("Linked and wrong", wrong(found, EXAMPLES)), ("Missed", missed(found, EXAMPLES))];
    for (title, pairs) in titles {
        let _ = write!(out, "<h2>{title}</h2>");
        if pairs.is_empty() {
            out.push_str("<p>None.</p>");
        }
        for at in pairs {
            let (one, other, explained) = explain(people, found, at);
            let _ = write!(
                out,
                "<h3>{} and {}</h3>{}<details><summary>every step</summary><pre>{}</pre></details>",
                draw::escaped(one),
                draw::escaped(other),
                draw::waterfall(&explained),
                draw::escaped(&explained.to_string())
            );
        }
    }
    out.push_str("</main></body></html>\n");
    out
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
<title>OpenCR: how good the rules are</title><style>\
body{font:15px/1.45 system-ui,sans-serif;margin:0;color:#1b1f24;background:#fff}\
main{max-width:1100px;margin:2em auto;padding:0 1em}pre{overflow-x:auto;font-size:13px}\
svg{max-width:100%;height:auto}text{font:12px system-ui,sans-serif;fill:#1b1f24}\
</style></head><body><main><h1>How good the rules are</h1>\
<p>This page holds values of people: keep it where their records are kept.</p>";
