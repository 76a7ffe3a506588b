//! What a decision comes to, in words.

use registry::{ids::RecordId, verdict::Verdict};
use ui::{Frame, nickname};

use super::{
    super::Fault,
    read::{name_of, states},
};
use crate::App;

/// A verdict in words, one line a thing.
pub(in crate::people::ui) async fn lines(
    app: &App,
    frame: &Frame,
    verdict: &Verdict,
) -> Result<Vec<String>, Fault> {
    let of_pairs = verdict.broken.iter().chain(&verdict.unbroken);
    let named = of_pairs.flat_map(|pair| [pair.low().clone(), pair.high().clone()]);
    let moved = verdict.moved.iter().map(|moved| moved.record.clone());
    let states = states(app, named.chain(moved)).await?;
    let texts = frame.texts;
    let name = |id: &RecordId| {
        let name = name_of(app, &states, id);
        format!("{} {}", name.source, name.number).trim().to_owned()
    };
    let mut lines = Vec::new();
    for moved in &verdict.moved {
        let is_new = verdict.created.contains(&moved.to);
        let key = if is_new { "decide-moved-new" } else { "decide-moved" };
        let (from, to) = (nickname(moved.from.as_str()), nickname(moved.to.as_str()));
        let values =
            [("record", name(&moved.record).into()), ("from", from.into()), ("to", to.into())];
        lines.push(texts.with(key, &values));
    }
    for (golden, other) in &verdict.retired {
        let cruid = nickname(golden.as_str());
        lines.push(match other {
            None => texts.with("decide-retire", &[("cruid", cruid.into())]),
            Some(other) => {
                let values = [("cruid", cruid.into()), ("other", nickname(other.as_str()).into())];
                texts.with("decide-replace", &values)
            }
        });
    }
    for (key, pairs) in [("change-break", &verdict.broken), ("change-unbreak", &verdict.unbroken)] {
        for pair in pairs {
            let values = [("record", name(pair.low()).into()), ("other", name(pair.high()).into())];
            lines.push(texts.with(key, &values));
        }
    }
    for (key, count) in
        [("decide-closed", verdict.closed.len()), ("decide-opened", verdict.opened.len())]
    {
        if count > 0 {
            lines.push(texts.with(key, &[("count", count.into())]));
        }
    }
    if lines.is_empty() {
        lines.push(texts.say("decide-nothing"));
    }
    Ok(lines)
}
