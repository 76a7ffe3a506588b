//! One search: the rows that agree on the drivers of a plan, each scored once.
//!
//! Scoring adds the same points in the same order as `index/scan.rs`, from the rule's base. The
//! drivers only decide which rows are scored, and the plan proves that no other row passes.

mod route;

use smallvec::SmallVec;

use super::best::{Best, Gathered};
use super::clause::{Clause, How, compare_with_empty};
use super::column::MISSING;
use super::native::kept::Member;
use super::planner::{self, FieldSet, QuerySide, Shape};
use super::plans::Plan;
use super::scan::Scanner;
use super::{Cost, Found, Hit, Limits, Snapshot, native};
use crate::features::Features;
use crate::rules::{MatchingType, Rule};
use crate::score::field::FieldScorer;
use crate::score::{Band, Score, Scored};

use route::Route;

/// Searches by every rule.
pub(super) fn search(snapshot: &Snapshot, query: &Features, limits: &Limits) -> Found {
    search_along(snapshot, query, limits, None)
}

/// Searches along the `forced` of the plan's choices, or along the cheapest way.
///
/// All choices give the same hits, which tests show by forcing each.
pub(super) fn search_along(
    snapshot: &Snapshot,
    query: &Features,
    limits: &Limits,
    forced: Option<usize>,
) -> Found {
    search_for(native::Sides { snapshot, query, member: None }, limits, forced)
}

/// Searches for a record of the snapshot among those before it.
pub(super) fn search_before(
    snapshot: &Snapshot,
    query: &Features,
    limits: &Limits,
    member: Member<'_>,
    forced: Option<usize>,
) -> Found {
    search_for(native::Sides { snapshot, query, member: Some(member) }, limits, forced)
}

fn search_for(sides: native::Sides<'_>, limits: &Limits, forced: Option<usize>) -> Found {
    let native::Sides { snapshot, query, member } = sides;
    let lacks = planner::lacks(query);
    let (clauses, cost) = (Vec::new(), Cost::default());
    let mut search = Search { snapshot, query, member, lacks, clauses, cost, forced };
    let mut scanner = None;
    let below = member.map(|member| member.number);
    let mut gathered = Gathered::new(snapshot.ruleset.rules.len(), limits, below);
    for (position, rule) in snapshot.ruleset.rules.iter().enumerate() {
        let mut best = gathered.next_rule();
        if !search.apply(position, rule, &mut best) {
            let scanner = scanner.get_or_insert_with(|| Scanner::new(snapshot, query));
            scanner.apply(position, &mut best);
        }
        gathered.take(best);
    }
    let mut cost = search.cost;
    cost.values_compared += search.clauses.iter().map(|clause| clause.compared).sum::<u64>();
    if let Some(scanned) = scanner.map(|scanner| scanner.cost()) {
        cost.records_scanned += scanned.records_scanned;
        cost.values_compared += scanned.values_compared;
    }
    gathered.conclude(cost)
}

/// A query against a snapshot; rules that ask the same of a feature share a clause.
struct Search<'s> {
    snapshot: &'s Snapshot,
    query: &'s Features,
    member: Option<Member<'s>>,
    lacks: planner::Lacks,
    clauses: Vec<Clause<'s>>,
    cost: Cost,
    /// Position among the ways that a plan leaves open; the cheapest if `None`.
    forced: Option<usize>,
}

/// One rule with the query's constants filled in.
struct Judge<'s> {
    position: usize,
    rule: &'s Rule,
    gates: SmallVec<[usize; 4]>,
    fields: SmallVec<[Field<'s>; 8]>,
    /// Bands of scores that came up; finding one prints a number.
    bands: SmallVec<[(Score, Band); 8]>,
}

/// A field with the query's constants filled in.
struct Field<'s> {
    clause: usize,
    if_missing: f64,
    if_present: Points<'s>,
}

/// What a field adds for a candidate that has a value.
enum Points<'s> {
    Always(f64),
    ByAgreement { agree: f64, disagree: f64 },
    ByValue(&'s FieldScorer),
}

impl<'s> Search<'s> {
    /// Offers what the rule matches; `false` if all records are to be scanned instead.
    fn apply(&mut self, position: usize, rule: &'s Rule, best: &mut Best) -> bool {
        let snapshot = self.snapshot;
        if rule.kind == MatchingType::Native {
            let sides = native::Sides { snapshot, query: self.query, member: self.member };
            let cost = native::search::search(sides, position, self.forced, best);
            cost.inspect(|cost| self.cost.add(cost));
            return cost.is_some();
        }
        let Some(shape) = &snapshot.shapes[position] else { return false };
        let query = self.side(shape);
        let groups = &snapshot.masks;
        let make = || Plan::new(rule, shape, query, groups.lacks());
        let Some(plan) = groups.plan(position, query, make) else { return false };
        if plan.is_empty() {
            return true;
        }
        let mut judge = self.judge(position, rule, shape);
        let Some(mut route) = self.route(&plan, &judge) else { return false };
        route.needs = match route.choice {
            Some(_) => plan.needs(&route.fields),
            None => plan.live(),
        };
        self.expect(&route, &plan, &judge);
        for at in 0..route.drivers.len() {
            self.drive(&route, at, &mut judge, best);
        }
        let scanned = route.choice.map_or(&[][..], |choice| &plan.choices[choice].scanned);
        for group in scanned {
            let rows = groups.rows(usize::from(*group));
            self.cost.records_scanned += rows.len() as u64;
            rows.for_each(|row| self.verify(row, &mut judge, best));
        }
        true
    }

    /// Prepares what is not known yet for the rows to come.
    fn expect(&mut self, route: &Route, plan: &Plan, judge: &Judge<'_>) {
        let driven = route.drivers.iter().filter_map(|driver| self.clauses[*driver].rows());
        let groups = route.choice.map_or(&[][..], |choice| &plan.choices[choice].scanned);
        let scanned =
            groups.iter().map(|group| self.snapshot.masks.rows(usize::from(*group)).len());
        let rows = driven.chain(scanned).sum();
        let fields = judge.fields.iter().map(|field| field.clause);
        for clause in fields.chain(judge.gates.iter().copied()) {
            self.clauses[clause].expect(rows);
        }
    }

    /// Scores the rows of one driver that their groups need it for.
    fn drive(&mut self, route: &Route, at: usize, judge: &mut Judge<'_>, best: &mut Best) {
        let groups = &self.snapshot.masks;
        let codes = self.clauses[route.drivers[at]].codes();
        for code in codes.iter() {
            let rows = self.clauses[route.drivers[at]].rows_of(*code);
            self.cost.postings_read += rows.len() as u64;
            rows.for_each(|row| {
                let need = route.needs[groups.group_of(row)];
                if need >> route.fields[at] & 1 == 1 && !self.was_seen(row, need, route, at) {
                    self.cost.records_verified += 1;
                    self.verify(row, judge, best);
                }
            });
        }
    }

    /// Whether an earlier driver than the one at `at` has led to the row already.
    fn was_seen(&mut self, row: u32, need: FieldSet, route: &Route, at: usize) -> bool {
        (0..at).any(|earlier| {
            let clause = &mut self.clauses[route.drivers[earlier]];
            need >> route.fields[earlier] & 1 == 1 && clause.agrees(clause.code_at(row))
        })
    }

    fn side(&self, shape: &Shape) -> QuerySide {
        let mut meets_empty = 0;
        for (field, part) in shape.fields.iter().enumerate() {
            let is_decided =
                part.scorer.decided(self.query.is_missing(part.feature), true).is_some();
            if !is_decided && !part.scorer.is_graded() {
                let value = compare_with_empty(&part.scorer, self.query.value(part.feature));
                meets_empty |= FieldSet::from(part.scorer.agrees(value)) << field;
            }
        }
        QuerySide { lacks: self.lacks & shape.features, meets_empty }
    }

    fn judge(&mut self, position: usize, rule: &'s Rule, shape: &'s Shape) -> Judge<'s> {
        let gates = shape.gates.iter().map(|feature| self.clause(*feature, How::Gate)).collect();
        let fields = shape
            .fields
            .iter()
            .map(|part| {
                let scorer = &part.scorer;
                let query = self.query.value(part.feature);
                let if_missing = scorer
                    .decided(query.is_none(), true)
                    .unwrap_or_else(|| scorer.points(compare_with_empty(scorer, query)));
                let if_present = match scorer.decided(query.is_none(), false) {
                    Some(points) => Points::Always(points),
                    None if scorer.is_graded() => Points::ByValue(scorer),
                    None => Points::ByAgreement {
                        agree: scorer.points_if(true),
                        disagree: scorer.points_if(false),
                    },
                };
                let clause = self.clause(part.feature, How::Field(scorer));
                Field { clause, if_missing, if_present }
            })
            .collect();
        Judge { position, rule, gates, fields, bands: SmallVec::new() }
    }

    /// The clause that asks this, made if it is new.
    fn clause(&mut self, feature: usize, how: How<'s>) -> usize {
        let known = self.clauses.iter().position(|clause| clause.is_for(feature, how));
        known.unwrap_or_else(|| {
            let (column, query) = (&self.snapshot.columns[feature], self.query.value(feature));
            self.clauses.push(Clause::new(column, feature, how, query));
            self.clauses.len() - 1
        })
    }

    /// Scores a row and offers it.
    fn verify(&mut self, row: u32, judge: &mut Judge<'_>, best: &mut Best) {
        for gate in &judge.gates {
            let clause = &mut self.clauses[*gate];
            let code = clause.code_at(row);
            let is_open = if code == MISSING { clause.is_missing() } else { clause.agrees(code) };
            if !is_open {
                return;
            }
        }
        let mut sum = judge.rule.base();
        for field in &judge.fields {
            let clause = &mut self.clauses[field.clause];
            let code = clause.code_at(row);
            sum += match field.if_present {
                _ if code == MISSING => field.if_missing,
                Points::Always(points) => points,
                Points::ByAgreement { agree, .. } if clause.agrees(code) => agree,
                Points::ByAgreement { disagree, .. } => disagree,
                Points::ByValue(scorer) => scorer.points(clause.value(code)),
            };
        }
        let score = Scored::conclude(judge.rule, sum).score;
        if judge.rule.keeps(score) {
            let band = judge.band(score);
            best.offer(Hit { number: row, rule: judge.position, score, band });
        }
    }
}

impl Judge<'_> {
    fn band(&mut self, score: Score) -> Band {
        if let Some((_, band)) = self.bands.iter().find(|(known, _)| *known == score) {
            return *band;
        }
        let band = self.rule.band(score);
        // More are not worth looking through.
        if self.bands.len() < self.bands.inline_size() {
            self.bands.push((score, band));
        }
        band
    }
}
