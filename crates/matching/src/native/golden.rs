//! Guards of golden records, from the entries of a file.

use super::build::Builder;
use super::entries::{GoldenConditionEntry, GoldenGuardEntry};
use crate::model::{Contradiction, GoldenCondition, GoldenGuard, PairGuard};

impl Builder<'_> {
    /// The guards of golden records, in file order.
    pub(super) fn golden_guards(&mut self) -> Vec<GoldenGuard> {
        let file = self.file;
        self.rule = None;
        let guards = file.golden.guard.iter().enumerate().map(|(at, entry)| {
            self.steps = vec!["golden".into(), "guard".into(), at.into()];
            self.field = Some(entry.name.clone());
            if file.golden.guard[..at].iter().any(|earlier| earlier.name == entry.name) {
                self.problem("two guards of golden records have this name");
            }
            self.golden_guard(entry)
        });
        guards.collect()
    }

    fn golden_guard(&mut self, entry: &GoldenGuardEntry) -> GoldenGuard {
        let when = match &entry.when {
            GoldenConditionEntry::MoreRecordsThan(most) => GoldenCondition::MoreRecordsThan(*most),
            GoldenConditionEntry::PairGuard(names) => GoldenCondition::PairGuards(
                names.iter().flat_map(|name| self.pair_guards(name)).collect(),
            ),
            GoldenConditionEntry::Contradicts { feature, kind, unless, sure_from } => {
                GoldenCondition::Contradicts(Contradiction {
                    feature: self.feature_at(feature),
                    kind: kind.as_ref().map(|kind| self.feature_at(kind)),
                    unless: unless.as_ref().map(|test| self.test(test, 0)),
                    sure_from_bits: sure_from.map(|entry| self.threshold("sure-from", entry)),
                })
            }
        };
        let (name, reason) = (entry.name.clone(), entry.reason.clone());
        GoldenGuard { name, reason, gives: entry.gives, when }
    }

    /// The guards of pairs that have a name; one in each pass at the most.
    fn pair_guards(&mut self, name: &str) -> Vec<PairGuard> {
        let file = self.file;
        let passes = file.pass.iter().enumerate();
        let found: Vec<PairGuard> = passes
            .filter_map(|(rule, pass)| {
                let guard = pass.guard.iter().position(|guard| guard.name == name)?;
                Some(PairGuard { rule, guard })
            })
            .collect();
        if found.is_empty() {
            let known = file.pass.iter().flat_map(|pass| &pass.guard);
            self.unknown("guard of a pass", name, known.map(|guard| guard.name.as_str()));
        }
        found
    }
}
