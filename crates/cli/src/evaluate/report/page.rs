//! The report as one page that needs nothing else: no script, no font, no address.

use std::fmt::Write as _;

use matching::{MatchingType, Ruleset};

use super::{Found, People, draw, explain, linked_wrongly, missed, table, usual};
use crate::evaluate::figures::{Evaluated, group_name};

/// Pairs of either kind that the page explains.
const EXAMPLES: usize = 5;

/// The whole page.
pub(in crate::evaluate) fn html(people: &People, found: &Found, evaluated: &Evaluated) -> String {
    let mut out = format!("{HEAD}{STYLE}{BODY}");
    summary(&mut out, evaluated);
    let thresholds = thresholds(&people.ruleset);
    section(&mut out, "Match weights", &draw::histogram(found, evaluated.unit, &thresholds));
    let curve = draw::curve(&evaluated.curve, evaluated.unit);
    section(&mut out, "Precision and recall", &curve);
    groups(&mut out, evaluated);
    let levels = levels(&people.ruleset);
    if !levels.is_empty() {
        section(&mut out, "What each level says", &levels);
    }
    let examples = [
        ("Linked and right: a usual pair", usual(found)),
        ("Linked and wrong", linked_wrongly(found, EXAMPLES)),
        ("Missed", missed(found, EXAMPLES)),
    ];
    for (title, pairs) in examples {
        let mut inside = String::new();
        if pairs.is_empty() {
            inside.push_str("<p>None.</p>");
        }
        for pair in pairs {
            let (one, other, explained) = explain(people, pair);
            let _ = write!(
                inside,
                "<h3>{} and {}</h3>{}<details><summary>Every step, with values</summary>\
                 <pre tabindex=\"0\">{}</pre></details>",
                draw::escaped(one),
                draw::escaped(other),
                draw::waterfall(&explained),
                draw::escaped(&explained.to_string())
            );
        }
        section(&mut out, title, &inside);
    }
    out.push_str("</main></body></html>\n");
    out
}

fn section(out: &mut String, title: &str, inside: &str) {
    let _ = write!(out, "<section><h2>{}</h2>{inside}</section>", draw::escaped(title));
}

fn summary(out: &mut String, evaluated: &Evaluated) {
    let _ = write!(
        out,
        "<p>{} records, {} true pairs, of which {} score above the floor ({} pairs in all).</p>",
        evaluated.records,
        evaluated.true_pairs,
        evaluated.scored_true_pairs,
        evaluated.scored_pairs
    );
    let mut rows: Vec<Vec<String>> =
        evaluated.chosen().iter().map(|(name, figures)| table::figures(name, figures)).collect();
    for (name, persons) in evaluated.clusterings() {
        rows.push(table::figures(name, &persons.pairwise));
    }
    let caption = "Over pairs of records; 95 % intervals below each share";
    out.push_str(&table::table(caption, &table::FIGURES, &rows));
    out.push_str("<ul>");
    for sentence in evaluated.sentences() {
        let _ = write!(out, "<li>{}</li>", draw::escaped(&sentence));
    }
    out.push_str("</ul>");
}

fn groups(out: &mut String, evaluated: &Evaluated) {
    if evaluated.passes.len() > 1 {
        let passes = evaluated.passes.iter();
        let rows: Vec<_> = passes.map(|pass| table::figures(&pass.name, &pass.auto)).collect();
        let inside = table::table("Each pass by itself", &table::FIGURES, &rows);
        section(out, "By pass", &inside);
    }
    for kind in &evaluated.groups {
        let mut rows: Vec<_> = kind
            .groups
            .iter()
            .map(|group| table::figures(group_name(group), &group.figures))
            .collect();
        rows.push(table::figures("one of each of two", &kind.between));
        let caption = "Linked without a person, over pairs within each";
        let inside = table::table(caption, &table::FIGURES, &rows);
        section(out, &format!("By {}", kind.kind), &inside);
    }
}

/// The thresholds of the only rule; several have several.
fn thresholds(ruleset: &Ruleset) -> Vec<(f64, &'static str)> {
    let [rule] = &ruleset.rules[..] else { return Vec::new() };
    let potential = rule.potential_threshold.map(|threshold| (threshold, "potential"));
    potential.into_iter().chain([(rule.auto_threshold, "auto")]).collect()
}

/// m, u and bits of every level of every native rule.
fn levels(ruleset: &Ruleset) -> String {
    let mut out = String::new();
    for rule in ruleset.rules.iter().filter(|rule| rule.kind == MatchingType::Native) {
        if out.is_empty() {
            out.push_str(
                "<p class=\"legend\"><span class=\"key one\"></span>m, the share of pairs of one \
                 person that reach the level <span class=\"key two\"></span>u, the same of two \
                 people. Bits are log2(m/u).</p>",
            );
        }
        for ladder in &rule.ladders {
            let rows: Vec<Vec<String>> = ladder
                .levels
                .iter()
                .map(|level| {
                    vec![
                        draw::escaped(&level.label),
                        format!("{:.4}", level.m),
                        format!("<span class=\"n\">{:.2e}</span>", level.u),
                        draw::m_and_u(level.m, level.u),
                        format!("{:+.2}", level.bits),
                        draw::bar(0.0, level.bits),
                    ]
                })
                .collect();
            let caption = match ruleset.rules.len() {
                1 => ladder.name.clone(),
                _ => format!("{}: {}", rule.name, ladder.name),
            };
            let head = ["level", "m", "u", "m above u", "bits", "bits as a bar"];
            out.push_str(&table::table(&caption, &head, &rows));
        }
    }
    out
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
<meta name=\"color-scheme\" content=\"light dark\">\
<title>OpenCR: how good the rules are</title>";

const STYLE: &str = "<style>\
:root{--ink:#1b1f24;--paper:#fff;--soft:#59636e;--line:#d1d9e0;--one:#1f6feb;--two:#b3402e;\
--more:#1a7f4b;--less:#b3402e}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9aa4ae;\
--line:#3d444d;--one:#58a6ff;--two:#ff8a70;--more:#4cc38a;--less:#ff8a70}}\
@media print{:root{--ink:#000;--paper:#fff;--soft:#444;--line:#bbb;--one:#1f6feb;--two:#b3402e;\
--more:#1a7f4b;--less:#b3402e}}\
*{box-sizing:border-box}\
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper)}\
main{max-width:1100px;margin:0 auto;padding:1rem}\
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2rem}h3{font-size:1rem;overflow-wrap:anywhere}\
.scroll{overflow-x:auto;margin:.75rem 0}\
.scroll:focus-visible,pre:focus-visible,summary:focus-visible{outline:2px solid var(--one)}\
.chart svg{display:block;width:100%;min-width:640px;height:auto}\
.bar{display:block;width:200px;height:16px}\
text{font:13px system-ui,sans-serif;fill:var(--ink)}\
.one{fill:var(--one);background:var(--one)}.two{fill:var(--two);background:var(--two)}\
.more{fill:var(--more)}.less{fill:var(--less)}\
.grid{stroke:var(--line)}.axis{stroke:var(--soft)}.mark{stroke:var(--ink);stroke-dasharray:4 3}\
.line{fill:none;stroke:var(--one);stroke-width:2}\
.key{display:inline-block;width:.8em;height:.8em;margin:0 .4em 0 .2em}\
table{border-collapse:collapse;font-size:14px}caption{text-align:left;font-weight:600;padding:.3rem 0}\
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line)}\
td{font-variant-numeric:tabular-nums}tbody th{font-weight:400;min-width:8rem}\
small{color:var(--soft);white-space:nowrap}\
summary{cursor:pointer;padding:.3rem 0}pre{overflow-x:auto;font-size:13px}\
.n{white-space:nowrap}@media(max-width:600px){.bar{width:110px}}\
.warning{border-left:4px solid var(--two);padding-left:.8rem}\
@media print{body{font-size:11pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}\
.scroll{overflow:visible}.legend{break-after:avoid}.chart svg{min-width:0}h2,h3{break-after:avoid}tr,.chart{break-inside:avoid}\
table{font-size:9pt}.bar{width:110px}pre{white-space:pre-wrap;font-size:7pt}\
details::details-content{content-visibility:visible;height:auto}}\
</style></head>";

const BODY: &str = "<body><main><h1>How good the rules are</h1>\
<p class=\"warning\">This page holds values of people: keep it where their records are kept.</p>";
