//! What the rules make of two stored records, wherever each is linked.

use matching::{
    explain::explain,
    score::{Band, score},
};
use registry::{grounds::Grounds, ids::RecordNumber};

use crate::{Pipeline, scores::Scored};

impl Pipeline {
    /// Compares two records by the rules in force and gives the best that a rule says of them;
    /// `None` if no rule compares them or one of them is not there.
    pub fn compare_pair(&self, one: RecordNumber, other: RecordNumber) -> Option<Scored> {
        let index = self.index();
        let (query, candidate) = (index.features(one.0)?, index.features(other.0)?);
        let rules = self.extractor().ruleset().rules.iter().enumerate();
        let scored = rules.filter_map(|(at, rule)| {
            let score = score(rule, &query, &candidate)?.score;
            let number = u32::try_from(at + 1).ok()?;
            Some(Scored { rule: number, score, band: rule.band(score) })
        });
        let rank = |band| match band {
            Band::Auto => 2,
            Band::Potential => 1,
            Band::Below => 0,
        };
        // Of equal ones the first rule's.
        scored.fold(None, |best: Option<Scored>, next| match best {
            Some(best) if rank(best.band) >= rank(next.band) => Some(best),
            _ => Some(next),
        })
    }

    /// Why two records have the score that the rules in force give them, by the rule that says
    /// most of them or, if none compares them, by the first, which then says what keeps them apart;
    /// `None` if one of them is not there.
    pub fn explain_pair(&self, one: RecordNumber, other: RecordNumber) -> Option<Grounds> {
        let best = self.compare_pair(one, other).map_or(1, |scored| scored.rule);
        let index = self.index();
        let (query, candidate) = (index.features(one.0)?, index.features(other.0)?);
        let rule = best.saturating_sub(1) as usize;
        Some(Grounds::of(explain(self.extractor().ruleset(), rule, &query, &candidate)))
    }
}
