//! Rules in plain words, for somebody who did not write them.

use std::fmt::Write as _;

use crate::model::{Contradiction, Doubt, GoldenCondition, probability_of};
use crate::rules::{MatchingType, Rule, Ruleset};

/// Levels are shown with at most so many frequencies told.
const MOST_TELLING: f64 = 64.0;

/// Tells what a rule set looks at and what each finding counts.
pub fn describe(ruleset: &Ruleset) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "What is read of every record:");
    for feature in &ruleset.features {
        let paths: Vec<&str> = feature.paths().collect();
        let check = if feature.check.is_some() { ", where the check digit is right" } else { "" };
        let _ = writeln!(out, "- {}: {}{check}", feature.name, paths.join(", else "));
    }
    for rule in &ruleset.rules {
        let _ = writeln!(out);
        match rule.kind {
            MatchingType::Native => native(&mut out, rule),
            MatchingType::Deterministic | MatchingType::Probabilistic => opencr(&mut out, rule),
        }
    }
    golden(&mut out, ruleset);
    out
}

fn golden(out: &mut String, ruleset: &Ruleset) {
    if ruleset.golden_guards.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nA record does not join a golden record without a person if:");
    let name = |feature: usize| &ruleset.features[feature].name;
    for guard in &ruleset.golden_guards {
        let when = match &guard.when {
            GoldenCondition::MoreRecordsThan(most) => {
                format!("it would have more than {most} records")
            }
            GoldenCondition::Contradicts(Contradiction {
                feature,
                kind,
                unless,
                sure_from_bits,
            }) => {
                let kind =
                    kind.map_or(String::new(), |kind| format!(" of the same {}", name(kind)));
                let unless = if unless.is_some() { ", with an exception" } else { "" };
                let sure = sure_from_bits.map_or(String::new(), |bits| {
                    format!(", and fewer than {bits:+.1} bits with it")
                });
                format!("one of its records has another {}{kind}{unless}{sure}", name(*feature))
            }
            GoldenCondition::PairGuards(guards) => {
                let names = guards.iter().map(|at| &*ruleset.rules[at.rule].guards[at.guard].name);
                let mut names: Vec<&str> = names.collect();
                names.dedup();
                format!("a guard holds of it and one of the records: {}", names.join(", "))
            }
        };
        let _ = writeln!(out, "- {}: {when}; {}", guard.name, becomes(guard.gives));
    }
}

fn becomes(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Potential => "a potential match",
        Doubt::Conflict => "a conflict",
    }
}

fn native(out: &mut String, rule: &Rule) {
    let bits = |bits: f64| format!("{bits:+.1} bits ({})", percent(probability_of(bits)));
    let _ = writeln!(
        out,
        "{}: two records start with {}. Each comparison adds or takes bits; each bit doubles or \
         halves the odds that they are one person.",
        rule.name,
        bits(rule.prior_bits)
    );
    let unless = if rule.guards.is_empty() { "" } else { ", where no guard below holds" };
    let _ = writeln!(out, "  linked without a person from {}{unless}", bits(rule.auto_threshold));
    if let Some(potential) = rule.potential_threshold {
        let _ = writeln!(out, "  shown to a person from       {}", bits(potential));
    }
    for filter in &rule.filters {
        let _ = writeln!(out, "  only records that have the same {}", filter.name);
    }
    for ladder in &rule.ladders {
        let _ = writeln!(out, "  {}:", ladder.name);
        for level in &ladder.levels {
            let by_value =
                if level.term_frequency.is_some() { ", by how common it is" } else { "" };
            let _ = writeln!(
                out,
                "    {:<38} {:>+6.1} bits  {}{by_value}",
                level.label,
                level.bits.clamp(-MOST_TELLING, MOST_TELLING),
                likelihood(level.m, level.u)
            );
        }
        let _ = writeln!(out, "    {:<38} {:>+6.1} bits", "not known of both", 0.0);
    }
    for guard in &rule.guards {
        let what = match guard.gives {
            Doubt::Potential => "never linked without a person",
            Doubt::Conflict => "a conflict at any score shown",
        };
        let _ = writeln!(out, "  {what}: {}", guard.reason);
    }
}

fn likelihood(m: f64, u: f64) -> String {
    format!("in {} of one person's pairs, {} of others", percent(m), percent(u))
}

fn percent(p: f64) -> String {
    match p * 100.0 {
        p if (99.95..100.0).contains(&p) => format!("{p:.4} %"),
        p if p >= 1.0 => format!("{p:.1} %"),
        p if p >= 0.01 => format!("{p:.2} %"),
        p => format!("{p:.1e} %"),
    }
}

fn opencr(out: &mut String, rule: &Rule) {
    let potential =
        rule.potential_threshold.map_or("anything".to_owned(), |least| least.to_string());
    let _ = writeln!(
        out,
        "{}: points start at {}; {} are linked, {potential} are shown to a person.",
        rule.name,
        rule.base(),
        rule.auto_threshold
    );
    for filter in &rule.filters {
        let _ = writeln!(out, "  only records that have the same {}", filter.name);
    }
    for field in &rule.fields {
        let by = field.comparison.name();
        let threshold = field.threshold.map(|limit| format!(" {limit}")).unwrap_or_default();
        let points = match (field.m, field.u) {
            (Some(m), Some(u)) if rule.kind == MatchingType::Probabilistic => format!(
                "{:+.2} if alike, {:+.2} if not",
                (m / u).log10(),
                ((1.0 - m) / (1.0 - u)).log10()
            ),
            _ => format!("+{}", field.weight),
        };
        let _ = writeln!(out, "  {}: {by}{threshold}, {points}", field.name);
    }
}
