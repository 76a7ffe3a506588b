//! What became of a decision, as JSON: who goes where, and what is closed and opened.

use registry::{
    state::{BrokenPair, IssueKind, MatchIssue},
    verdict::Verdict,
};
use serde_json::{Value, json};

/// A verdict for screens. Ids only: it holds nothing of what people are called.
pub(super) fn tell(verdict: &Verdict) -> Value {
    let moved = verdict.moved.iter().map(|moved| {
        let [record, from, to] =
            [moved.record.to_string(), moved.from.to_string(), moved.to.to_string()];
        json!({ "record": record, "from": from, "to": to })
    });
    let retired = verdict.retired.iter().map(|(golden, by)| {
        json!({ "golden": golden.to_string(), "replacedBy": by.as_ref().map(ToString::to_string) })
    });
    let texts = |items: &[registry::ids::RecordId]| -> Vec<String> {
        items.iter().map(ToString::to_string).collect()
    };
    json!({
        "verb": verdict.verb,
        "event": verdict.event.map(|revision| revision.0),
        "changes": verdict.is_change,
        "moved": moved.collect::<Vec<_>>(),
        "created": verdict.created.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "retired": retired.collect::<Vec<_>>(),
        "broken": pairs(&verdict.broken),
        "unbroken": pairs(&verdict.unbroken),
        "closed": issues(&verdict.closed),
        "opened": issues(&verdict.opened),
        "adjudicated": texts(&verdict.adjudicated),
        "released": texts(&verdict.released),
    })
}

fn pairs(pairs: &[BrokenPair]) -> Vec<Value> {
    pairs.iter().map(|pair| json!([pair.low().to_string(), pair.high().to_string()])).collect()
}

fn issues(issues: &[MatchIssue]) -> Vec<Value> {
    let tell = |issue: &MatchIssue| {
        let kind = match issue.kind {
            IssueKind::Potential => "potential",
            IssueKind::Conflict => "conflict",
            IssueKind::Auto => "auto",
        };
        let [id, subject, candidate] =
            [issue.id.to_string(), issue.subject.to_string(), issue.evidence.candidate.to_string()];
        json!({ "id": id, "kind": kind, "subject": subject, "candidate": candidate })
    };
    issues.iter().map(tell).collect()
}
