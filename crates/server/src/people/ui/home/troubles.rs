//! What is wrong with the registry itself, for whoever looks after it.

use std::time::{Duration, Instant};

use ui::Frame;

use crate::{App, tls::Ending};

/// All of it, in words; nothing if everything is fine.
pub(super) async fn all(app: &App, frame: &Frame) -> Vec<String> {
    let mut troubles = Vec::new();
    if !app.pipeline().is_open() {
        troubles.push(frame.say("home-trouble-closed"));
    }
    if let Ok(head) = app.reader().head().await {
        let index = app.pipeline().index_revision();
        let lasts: Duration = app.standstill().lasts(index, head.revision, Instant::now());
        if lasts > app.settings().standstill_max {
            let behind = head.revision.0.saturating_sub(index.0);
            troubles.push(frame.with("home-trouble-index", "count", behind));
        }
    }
    let endings = app.settings().tls.as_ref().map(crate::tls::Tls::endings);
    for Ending { what, days } in endings.into_iter().flatten() {
        troubles.push(match days {
            None => frame.with("home-trouble-over", "what", what),
            Some(days) => frame
                .texts
                .with("home-trouble-ends", &[("days", days.into()), ("what", what.into())]),
        });
    }
    troubles
}
