//! A person's decision: read, decide, commit, each alone in its commit.
//!
//! It is decided by the same steps as submissions, but what it reads depends on what it names, and
//! records that it has decided on anew are searched for first.

use std::{collections::HashMap, sync::Arc};

use matching::{features::Features, index::Found, score::Band};
use registry::{
    adjudicate::{self, Adjudication, Rematched, Supply},
    batch::Note,
    commit::Commit,
    decide::{self, Refusal, Reviewed},
    event::{EventBody, Head},
    ids::{Cruid, RecordId, RecordNumber, SourceKey},
    standing::Standing,
    state::RecordState,
    verdict::{self, Verdict},
};
use store::{StoreError, Turn};
use tracing::{Instrument as _, debug_span};

use super::{Linker, blocking, desk::Desk, store_error};
use crate::{
    PipelineError,
    load::{self, Named},
    parking::CaseParcel,
    review::{self, Case, CaseAnswer, LAG_MAX, Things},
};

/// What the index finds for the records that are decided on anew.
type Searched = HashMap<RecordId, (Features, Found)>;

/// What a case comes to before it is written.
type Judged = Result<(Verdict, Commit), Refusal>;

impl Linker {
    /// Decides, commits and answers a person's decision.
    pub(super) async fn judge(&mut self, parcel: CaseParcel) {
        let CaseParcel { case, reply, place, span: request } = parcel;
        let span = debug_span!("adjudication");
        span.follows_from(&request);
        let answer = self.case(&case).instrument(span).await;
        self.settings.meters.judged(&answer);
        drop(place);
        // Who no longer waits for the answer has lost nothing: the decision is durable.
        _ = reply.send(answer);
    }

    async fn case(&mut self, case: &Arc<Case>) -> CaseAnswer {
        if let Err(refusal) = case.check() {
            return Ok(Err(refusal));
        }
        // What is only tried keeps nobody waiting.
        let mut turn = if case.dry_run { None } else { self.turn().await };
        let answer = self.case_in_turn(case, &mut turn).await;
        turn.into_iter().for_each(Turn::end);
        answer
    }

    async fn case_in_turn(&mut self, case: &Arc<Case>, turn: &mut Option<Turn>) -> CaseAnswer {
        for _ in 0..=self.settings.stale_retries_max {
            let head = self.catch_up().await?;
            let seen = head.revision;
            let judged = self.decide_case(case, head).await;
            let is_final = matches!(&judged, Ok(Ok(_)) if !case.dry_run);
            let may_be_mixed = !is_final && !matches!(&judged, Err(PipelineError::Store(_)));
            if may_be_mixed && self.is_overtaken(seen).await? {
                self.meet(turn).await;
                continue;
            }
            let (mut verdict, commit) = match judged? {
                Ok(judged) => judged,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let newest = commit.events.last().map(|event| event.revision);
            let Some(newest) = newest.filter(|_| !case.dry_run) else {
                return Ok(Ok(verdict));
            };
            match self.store.commit(commit).await {
                Ok(()) => {
                    // Who belongs to whom is not in the index.
                    self.published.publish([], newest);
                    self.settings.meters.store_at(newest);
                    self.settings.meters.at_revision(newest);
                    verdict.event = Some(newest);
                    return Ok(Ok(verdict));
                }
                Err(StoreError::Stale { .. }) => self.meet(turn).await,
                Err(error) => return Err(store_error(error)),
            }
        }
        Err(PipelineError::Overtaken)
    }

    async fn decide_case(&self, case: &Arc<Case>, head: Head) -> Result<Judged, PipelineError> {
        let undone = match &case.adjudication {
            Adjudication::Undo { event } => {
                review::event(&*self.store, *event).await.map_err(store_error)?
            }
            _ => None,
        };
        let searched = self.search(case).await?;
        let named = self.named(case, undone.as_ref(), &searched);
        let standing = load::case(&*self.store, &named).await.map_err(store_error)?;
        if let Some(refusal) = self.outdated(case, undone.as_ref(), &standing, &head).await? {
            return Ok(Err(refusal));
        }
        let snapshot = self.published.snapshot();
        let desk = Desk::new(head, standing, snapshot, self.extractor.clone(), &self.settings);
        let case = case.clone();
        blocking(move || desk.judge(&case, &searched, undone.as_ref())).await
    }

    /// Searches for the records that are decided on anew, by what was last submitted of them.
    async fn search(&self, case: &Case) -> Result<Searched, PipelineError> {
        let ids: Vec<RecordId> = case.adjudication.rematched().into_iter().collect();
        if ids.is_empty() {
            return Ok(Searched::new());
        }
        let states = self.store.records(&ids).await.map_err(store_error)?;
        let snapshot = self.published.snapshot();
        let limits = self.settings.limits();
        blocking(move || {
            let live = states.into_iter().filter(|state| !state.is_withdrawn);
            live.filter_map(|state| {
                // A record that the rules in force cannot read matches nobody.
                let features = snapshot.features(state.number.0)?;
                let found = snapshot.search(&features, &limits);
                Some((state.id, (features, found)))
            })
            .collect()
        })
        .await
    }

    fn named(&self, case: &Case, undone: Option<&EventBody>, searched: &Searched) -> Named {
        let mut named = Named {
            records: case.adjudication.records(),
            goldens: case.adjudication.goldens(),
            ..Named::default()
        };
        for id in case.seen.versions.keys() {
            named.records.insert(RecordId::new(id.as_str()));
            named.goldens.insert(Cruid::new(id.as_str()));
        }
        if let Some(body) = undone {
            let way = body.way_back.iter();
            named.records.extend(way.flat_map(|way| way.records.keys().cloned()));
            named.goldens.extend(review::goldens_of(body));
        }
        let hits = || searched.values().flat_map(|(_, found)| &found.hits);
        named.numbers = hits().map(|hit| RecordNumber(hit.number)).collect();
        if !self.extractor.ruleset().golden_guards.is_empty() {
            let automatic = hits().filter(|hit| hit.band == Band::Auto);
            named.automatic = automatic.map(|hit| RecordNumber(hit.number)).collect();
        }
        named
    }

    /// Refuses a decision on what has changed since the revision that was shown.
    async fn outdated(
        &self,
        case: &Case,
        undone: Option<&EventBody>,
        standing: &Standing,
        head: &Head,
    ) -> Result<Option<Refusal>, PipelineError> {
        let Some(shown) = case.seen.revision.filter(|shown| *shown != head.revision) else {
            return Ok(None);
        };
        if shown > head.revision || head.revision.0 - shown.0 > LAG_MAX {
            return Ok(Some(Refusal::Stale(format!("the registry since revision {shown}"))));
        }
        let mut things =
            Things { records: case.adjudication.records(), goldens: case.adjudication.goldens() };
        if let Some(way) = undone.and_then(|body| body.way_back.as_ref()) {
            things.records.extend(way.records.keys().cloned());
        }
        let homes = things.records.iter().filter_map(|id| standing.record(id));
        let homes: Vec<_> = homes.map(|state| state.golden.clone()).collect();
        things.goldens.extend(homes);
        let found = review::touching(&*self.store, shown, &things, LAG_MAX).await;
        let found = found.map_err(store_error)?;
        Ok(found.first().map(|(event, _)| {
            Refusal::Stale(format!("what the decision names (by event {event})"))
        }))
    }
}

impl Desk {
    /// Decides a person's case on the standing state.
    fn judge(mut self, case: &Case, searched: &Searched, undone: Option<&EventBody>) -> Judged {
        let before = self.batch.standing().clone();
        case.seen.check(&before)?;
        let at = self.settings.clock.now();
        let head = self.batch.head();
        let clock = self.settings.clock.clone();
        let mut supply = Supply {
            revision: head.revision.next(),
            at,
            next_golden: head.next_golden,
            issues_opened: 0,
            cruid: &|| clock.cruid(),
        };
        let grounds = adjudicate::Grounds {
            standing: &before,
            rematch: &|record, standing, supply| self.rematch(record, standing, supply, searched),
            undone,
        };
        let decision = adjudicate::adjudicate(&case.adjudication, &grounds, &mut supply)?;
        let (verb, changes) = (decision.verb, decision.changes.clone());
        let note = Note {
            reason: case.reason.clone(),
            // What nobody looked at is not seen by taking it back.
            unseen: case.unseen || undone.is_some_and(|body| body.unseen),
            undoes: undone.map(|body| body.revision),
        };
        self.batch.push_noted(&case.actor, at, decision, note);
        let verdict = verdict::tell(verb, &changes, &before, self.batch.standing());
        Ok((verdict, self.batch.finish(&self.settings.vocabulary)))
    }

    /// The state that the desk decides on.
    pub(crate) fn standing(&self) -> &Standing {
        self.batch.standing()
    }

    /// What the rules say of a record, stored or not; nothing is decided.
    pub(crate) fn review(
        &self,
        stored: Option<&RecordState>,
        query: &Features,
        found: &Found,
    ) -> Vec<Reviewed> {
        // One that is not stored is not counted among its own candidates.
        let nobody = SourceKey { system: "".into(), value: "".into() };
        let source = stored.map_or(&nobody, |state| &state.source);
        let matches = self.matches(query, source, Some(found));
        let grounds = decide::Grounds {
            matches: &matches,
            standing: self.standing(),
            policy: self.settings.policy,
            explain: &|record, rule| self.explain(query, record, rule),
            hold_back: &|joining| self.hold_back(query, joining),
        };
        decide::review(stored.map(|state| &state.id), grounds)
    }

    fn rematch(
        &self,
        record: &RecordId,
        standing: &Standing,
        supply: &mut Supply<'_>,
        searched: &Searched,
    ) -> Rematched {
        let (Some((query, found)), Some(state)) = (searched.get(record), standing.record(record))
        else {
            return Rematched::default();
        };
        let matches = self.matches(query, &state.source, Some(found));
        let grounds = decide::Grounds {
            matches: &matches,
            standing,
            policy: self.settings.policy,
            explain: &|record, rule| self.explain(query, record, rule),
            hold_back: &|joining| self.hold_back(query, joining),
        };
        decide::rematch(record, supply, grounds)
    }
}
