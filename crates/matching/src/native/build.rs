//! From the entries of a file to the rule set that they mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::entries::{
    ComparisonEntry, ConditionEntry, FeatureEntry, GuardEntry, LevelEntry, PassEntry, RuleFile,
    TestEntry, ThresholdEntry,
};
use super::place::{Places, Step};
use crate::model::{
    AliasTable, Condition, FrequencyTable, Guard, Ladder, Level, Likeness, NULL_LEVEL, Test,
    bits_of,
};
use crate::normalize::{Normaliser, SkipValues};
use crate::opencr::{Problem, RulesError, nearest};
use crate::rules::{FeatureKind, FeatureSpec, FilterSpec, Rule, Ruleset};
use crate::similarity::Algorithm;

/// How deep tests and conditions may hold each other; people nest two or three.
const DEPTH_MAX: usize = 16;

impl RuleFile {
    /// The rule set of the file; `source` is its text.
    ///
    /// # Errors
    ///
    /// [`RulesError::Problems`], each with its place in `source` where that can be told.
    pub fn build(&self, source: &str) -> Result<Ruleset, RulesError> {
        let mut builder = Builder::new(self);
        let rules: Vec<Rule> =
            self.pass.iter().enumerate().map(|(at, pass)| builder.pass(at, pass)).collect();
        let guards = builder.golden_guards();
        if !builder.problems.is_empty() {
            let places = Places::of(source);
            let problems = builder.problems.into_iter();
            let placed = problems.map(|(steps, problem)| places.put(&steps, problem));
            return Err(RulesError::Problems(placed.collect()));
        }
        let place = |problems: Vec<Problem>| {
            let places = Places::of(source);
            let problems = problems.into_iter();
            let placed = problems.map(|problem| places.put(&self.steps_to(&problem), problem));
            RulesError::Problems(placed.collect())
        };
        let ruleset =
            Ruleset::native(builder.specs, rules, source).map_err(|error| match error {
                RulesError::Problems(problems) => place(problems),
                other => other,
            })?;
        if guards.is_empty() {
            return Ok(ruleset);
        }
        ruleset.with_golden_guards(guards).map_err(place)
    }

    /// Where a problem of the checked rules stands in the file.
    fn steps_to(&self, problem: &Problem) -> Vec<Step> {
        let Some(at) = problem.rule.and_then(|number| number.checked_sub(1)) else {
            let is_it = |name: &String| problem.field.as_ref() == Some(name);
            let guard = self.golden.guard.iter().position(|entry| is_it(&entry.name));
            return match guard {
                Some(at) => vec!["golden".into(), "guard".into(), at.into()],
                None => vec!["pass".into()],
            };
        };
        let mut steps: Vec<Step> = vec!["pass".into(), at.into()];
        let (Some(pass), Some(field)) = (self.pass.get(at), &problem.field) else { return steps };
        if let Some(at) = pass.comparison.iter().position(|entry| entry.name == *field) {
            steps.extend(["comparison".into(), Step::At(at)]);
        } else if let Some(at) = pass.guard.iter().position(|entry| entry.name == *field) {
            steps.extend(["guard".into(), Step::At(at)]);
        }
        steps
    }
}

pub(super) struct Builder<'f> {
    pub(super) file: &'f RuleFile,
    names: Vec<&'f str>,
    specs: Vec<FeatureSpec>,
    aliases: BTreeMap<(String, usize), Arc<AliasTable>>,
    tables: BTreeMap<String, Arc<FrequencyTable>>,
    problems: Vec<(Vec<Step>, Problem)>,
    pub(super) rule: Option<usize>,
    pub(super) field: Option<String>,
    pub(super) steps: Vec<Step>,
}

impl<'f> Builder<'f> {
    fn new(file: &'f RuleFile) -> Builder<'f> {
        let filters: BTreeSet<&str> =
            file.pass.iter().flat_map(|pass| &pass.filters).map(String::as_str).collect();
        let mut builder = Builder {
            file,
            names: file.features.keys().map(String::as_str).collect(),
            specs: Vec::new(),
            aliases: BTreeMap::new(),
            tables: BTreeMap::new(),
            problems: Vec::new(),
            rule: None,
            field: None,
            steps: Vec::new(),
        };
        for (name, entry) in &file.features {
            builder.steps = vec!["features".into(), Step::Key(name.clone())];
            let spec = builder.feature(name, entry, filters.contains(name.as_str()));
            builder.specs.push(spec);
        }
        for (name, entry) in &file.frequencies {
            builder.steps = vec!["frequencies".into(), Step::Key(name.clone())];
            let feature = builder.feature_at(name);
            let table = FrequencyTable {
                feature,
                floor: entry.floor,
                rest: entry.rest,
                shares: entry.shares.clone(),
            };
            builder.tables.insert(name.clone(), Arc::new(table));
        }
        builder.steps = vec!["training".into(), "blocks".into()];
        for name in file.training.iter().flat_map(|training| training.blocks.iter().flatten()) {
            builder.feature_at(name);
        }
        builder
    }

    pub(super) fn problem(&mut self, message: impl Into<String>) {
        let problem = Problem {
            rule: self.rule,
            field: self.field.clone(),
            place: None,
            message: message.into(),
        };
        let steps = self.steps.iter().map(|step| match step {
            Step::Key(key) => Step::Key(key.clone()),
            Step::At(at) => Step::At(*at),
        });
        self.problems.push((steps.collect(), problem));
    }

    pub(super) fn unknown<'k>(
        &mut self,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'k str>,
    ) {
        let known: Vec<&str> = known.collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None if known.is_empty() => "there are none".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        self.problem(format!("there is no {what} {name:?}; {hint}"));
    }

    fn feature(&mut self, name: &str, entry: &FeatureEntry, is_filter: bool) -> FeatureSpec {
        let Some((path, more)) = entry.paths.split_first() else {
            self.problem(format!("the feature {name:?} needs at least one FHIRPath in `paths`"));
            return FeatureSpec::new(name, "", FeatureKind::Text);
        };
        let is_code = |code: &String| !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
        if entry.country.as_ref().is_some_and(|code| !is_code(code)) {
            self.problem("`country` is a dialling code in digits, such as \"256\"");
        }
        let normaliser = entry.normaliser.with_country(entry.country.clone());
        if entry.country.is_some() && !matches!(normaliser, Normaliser::Phone { .. }) {
            self.problem("`country` is for the normaliser \"phone\" only");
        }
        if entry.check.is_some() && normaliser != Normaliser::Identifier {
            self.problem("`check` is for the normaliser \"identifier\" only");
        }
        let kind = if is_filter { FeatureKind::Set } else { FeatureKind::Text };
        FeatureSpec {
            more_paths: more.to_vec(),
            gather: entry.gather,
            normaliser,
            several: entry.several,
            skip: SkipValues { standard: entry.standard_skip, values: entry.skip.clone() },
            check: entry.check,
            ..FeatureSpec::new(name, path, kind)
        }
    }

    pub(super) fn feature_at(&mut self, name: &str) -> usize {
        let found = self.names.iter().position(|known| *known == name);
        found.unwrap_or_else(|| {
            let names = self.names.clone();
            self.unknown("feature", name, names.into_iter());
            0
        })
    }

    fn pass(&mut self, at: usize, pass: &PassEntry) -> Rule {
        self.rule = Some(at + 1);
        self.field = None;
        self.steps = vec!["pass".into(), at.into()];
        let thresholds =
            (self.threshold("potential", pass.potential), self.threshold("auto", pass.auto));
        if !(pass.prior > 0.0 && pass.prior < 1.0) {
            self.problem("`prior` is a probability, strictly between 0 and 1");
        }
        let ladders = pass.comparison.iter().enumerate().map(|(number, entry)| {
            self.steps = vec!["pass".into(), at.into(), "comparison".into(), number.into()];
            self.field = Some(entry.name.clone());
            if pass.comparison[..number].iter().any(|earlier| earlier.name == entry.name) {
                self.problem("two comparisons of the pass have this name");
            }
            self.comparison(entry)
        });
        let ladders: Vec<Ladder> = ladders.collect();
        let guards = pass.guard.iter().enumerate().map(|(number, entry)| {
            self.steps = vec!["pass".into(), at.into(), "guard".into(), number.into()];
            self.field = Some(entry.name.clone());
            self.guard(pass, entry)
        });
        let guards: Vec<Guard> = guards.collect();
        self.steps = vec!["pass".into(), at.into(), "filters".into()];
        self.field = None;
        let filters: Vec<FilterSpec> = pass
            .filters
            .iter()
            .map(|name| FilterSpec { name: name.clone(), feature: self.feature_at(name) })
            .collect();
        let name = pass.name.clone();
        Rule::native(name, pass.prior, ladders, thresholds)
            .with_filters(filters)
            .with_guards(guards)
    }

    pub(super) fn threshold(&mut self, key: &str, entry: ThresholdEntry) -> f64 {
        match entry {
            ThresholdEntry::Bits(bits) => bits,
            ThresholdEntry::Probability(p) if p > 0.0 && p < 1.0 => bits_of(p),
            ThresholdEntry::Probability(_) => {
                self.problem(format!("`{key}`: a probability is strictly between 0 and 1"));
                0.0
            }
        }
    }

    fn comparison(&mut self, entry: &ComparisonEntry) -> Ladder {
        let last = entry.levels.len().saturating_sub(1);
        let mut levels = Vec::new();
        let depth = self.steps.len();
        for (at, level) in entry.levels.iter().enumerate() {
            self.steps.extend(["levels".into(), Step::At(at)]);
            if level.test.is_none() && at != last {
                self.problem("only the last level has no `test`: it is for all else");
            }
            levels.push(self.level(level));
            self.steps.truncate(depth);
        }
        let mut ladder = Ladder::new(entry.name.clone(), levels);
        if let Some(needs) = &entry.needs {
            let mut needs: Vec<usize> = needs.iter().map(|name| self.feature_at(name)).collect();
            needs.sort_unstable();
            needs.dedup();
            ladder.needs = needs;
        }
        ladder
    }

    fn level(&mut self, entry: &LevelEntry) -> Level {
        for (key, p) in [("m", entry.m), ("u", entry.u)] {
            if !(p > 0.0 && p < 1.0) {
                let label = &entry.label;
                self.problem(format!(
                    "`{key}` of the level {label:?} must be strictly between 0 and 1, it is {p}"
                ));
            }
        }
        let test = entry.test.as_ref().map_or(Test::Else, |test| self.test(test, 0));
        let level = Level::new(entry.label.clone(), test, entry.m, entry.u);
        let Some(name) = &entry.frequencies else { return level };
        self.feature_at(name);
        match self.tables.get(name) {
            Some(table) => level.with_frequencies(Arc::clone(table)),
            None => level,
        }
    }

    pub(super) fn test(&mut self, entry: &TestEntry, depth: usize) -> Test {
        if depth > DEPTH_MAX {
            self.problem("tests hold each other too deeply");
            return Test::Else;
        }
        let (feature, likeness) = match entry {
            TestEntry::Same(feature) => (feature, Likeness::Equal),
            TestEntry::Similar { feature, algorithm, at_least, at_most } => {
                (feature, self.similar(algorithm, *at_least, *at_most))
            }
            TestEntry::SoundsAlike { feature, encoder } => {
                (feature, Likeness::SoundsAlike(*encoder))
            }
            TestEntry::Alias { feature, table } => (feature, self.alias(feature, table)),
            TestEntry::Initial(feature) => (feature, Likeness::Initial),
            TestEntry::Contains(feature) => (feature, Likeness::Contains),
            TestEntry::Overlap { feature, words } => {
                (feature, Likeness::Overlap { at_least: *words })
            }
            TestEntry::SameEnd { feature, characters } => {
                (feature, Likeness::SameEnd { characters: *characters })
            }
            TestEntry::Date { feature, is } => (feature, Likeness::Date(*is)),
            TestEntry::Swapped { first, second, algorithm, at_least } => {
                let likeness = match algorithm {
                    Some(algorithm) => self.similar(algorithm, *at_least, None),
                    None => Likeness::Equal,
                };
                let (a, b) = (self.feature_at(first), self.feature_at(second));
                return Test::Swapped { a, b, likeness };
            }
            TestEntry::All(tests) => {
                return Test::All(tests.iter().map(|test| self.test(test, depth + 1)).collect());
            }
            TestEntry::Any(tests) => {
                return Test::Any(tests.iter().map(|test| self.test(test, depth + 1)).collect());
            }
        };
        Test::on(self.feature_at(feature), likeness)
    }

    fn similar(&mut self, name: &str, at_least: Option<f64>, at_most: Option<f64>) -> Likeness {
        let Some(algorithm) = Algorithm::find_native(name) else {
            let known = Algorithm::ALL.into_iter().chain([Algorithm::JaroWinkler]);
            self.unknown("algorithm", name, known.map(Algorithm::name));
            return Likeness::Equal;
        };
        let (given, other) =
            if algorithm.is_similarity() { (at_least, at_most) } else { (at_most, at_least) };
        match (given, other) {
            (Some(threshold), None) => Likeness::Similar { algorithm, threshold },
            _ => {
                let key = if algorithm.is_similarity() { "at-least" } else { "at-most" };
                self.problem(format!("{name:?} needs `{key}`, and nothing but that"));
                Likeness::Equal
            }
        }
    }

    fn alias(&mut self, feature: &str, name: &str) -> Likeness {
        let at = self.feature_at(feature);
        let key = (name.to_owned(), at);
        if let Some(table) = self.aliases.get(&key) {
            return Likeness::Alias(Arc::clone(table));
        }
        let file = self.file;
        let Some(entry) = file.aliases.get(name) else {
            self.unknown("table of aliases", name, file.aliases.keys().map(String::as_str));
            return Likeness::Equal;
        };
        let normaliser =
            self.specs.get(at).map_or(Normaliser::Name, |spec| spec.normaliser.clone());
        if entry.file.is_some() && entry.loaded.is_none() {
            self.problem(format!("the table of aliases {name:?} is in a file that was not read"));
        }
        let all = entry.groups.iter().chain(entry.loaded.iter().flatten());
        let groups = all.map(|group| group.iter().filter_map(|name| normaliser.apply(name)));
        let table = Arc::new(AliasTable::new(name, groups));
        self.aliases.insert(key, Arc::clone(&table));
        Likeness::Alias(table)
    }

    fn guard(&mut self, pass: &PassEntry, entry: &GuardEntry) -> Guard {
        let when = self.condition(pass, &entry.when, 0);
        Guard { name: entry.name.clone(), reason: entry.reason.clone(), gives: entry.gives, when }
    }

    fn condition(&mut self, pass: &PassEntry, entry: &ConditionEntry, depth: usize) -> Condition {
        if depth > DEPTH_MAX {
            self.problem("conditions hold each other too deeply");
            return Condition::All(Vec::new());
        }
        let mut all = |parts: &[ConditionEntry]| {
            parts.iter().map(|part| self.condition(pass, part, depth + 1)).collect()
        };
        match entry {
            ConditionEntry::All(parts) => Condition::All(all(parts)),
            ConditionEntry::Any(parts) => Condition::Any(all(parts)),
            ConditionEntry::Not(part) => {
                Condition::Not(Box::new(self.condition(pass, part, depth + 1)))
            }
            ConditionEntry::Holds(test) => Condition::Holds(self.test(test, depth + 1)),
            ConditionEntry::RestAtMost { without, bits } => {
                let without =
                    without.iter().filter_map(|name| self.comparison_at(pass, name)).collect();
                Condition::RestAtMost { without, bits: *bits }
            }
            ConditionEntry::Reaches { comparison, levels } => {
                let Some(ladder) = self.comparison_at(pass, comparison) else {
                    return Condition::All(Vec::new());
                };
                let known = &pass.comparison[ladder].levels;
                let levels =
                    levels.iter().filter_map(|label| self.level_at(known, label)).collect();
                Condition::Reaches { ladder, levels }
            }
        }
    }

    fn comparison_at(&mut self, pass: &PassEntry, name: &str) -> Option<usize> {
        let found = pass.comparison.iter().position(|entry| entry.name == name);
        if found.is_none() {
            let names = pass.comparison.iter().map(|entry| entry.name.as_str());
            self.unknown("comparison", name, names);
        }
        found
    }

    fn level_at(&mut self, levels: &[LevelEntry], label: &str) -> Option<u8> {
        if label == "missing" {
            return Some(NULL_LEVEL);
        }
        let found = levels.iter().position(|level| level.label == label);
        if found.is_none() {
            let labels = levels.iter().map(|level| level.label.as_str()).chain(["missing"]);
            self.unknown("level", label, labels);
        }
        found.and_then(|at| u8::try_from(at).ok())
    }
}
