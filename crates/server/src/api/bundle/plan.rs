//! From what entries ask for to what is done: conditions looked up, Patients decoded.

use fhir::Resource;
use pipeline::{Operation, Pipeline};
use registry::{ids::RecordId, state::RecordState};

use super::{
    Sender,
    entry::{Lookup, Wish},
};
use crate::{
    api::{conditional, history, search},
    asked::Conditions,
    caller::Caller,
    error::ApiError,
    query,
};

/// What is done for an entry.
pub(super) enum Act {
    /// The registry is asked to write, if it `must_be_new` only what is not there.
    Write { operation: Operation, must_be_new: bool },
    /// It was asked; the receipt is kept beside the acts.
    Written { must_be_new: bool },
    /// Something is read once all writes are done.
    Read { lookup: Lookup, with_body: bool },
    /// `ifNoneExist` found this record: nothing is written.
    Existing(Box<RecordState>),
    /// A conditional delete found nobody.
    Nothing,
    /// It cannot be carried out.
    Failed(ApiError),
}

/// An entry whose conditions are looked up; its Patient is not decoded yet.
pub(super) enum Step {
    Submit { resource: Resource, url_id: Option<RecordId>, conditions: Conditions },
    Other(Act),
}

/// Looks up the conditions of every entry, as things stand before the Bundle.
pub(super) async fn look_up(sender: &Sender<'_>, wishes: Vec<Result<Wish, ApiError>>) -> Vec<Step> {
    let mut steps = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let step = match wish {
            Ok(wish) => step(sender, wish).await,
            Err(error) => Err(error),
        };
        steps.push(step.unwrap_or_else(|error| Step::Other(Act::Failed(error))));
    }
    steps
}

async fn step(sender: &Sender<'_>, wish: Wish) -> Result<Step, ApiError> {
    let app = sender.app;
    match wish {
        Wish::Create { resource, conditions } => {
            if let Some(criteria) = &conditions.if_none_exist
                && let Some(id) = conditional::find_one(app, sender.caller, criteria).await?
            {
                let state = conditional::existing_state(app, &id).await?;
                return Ok(Step::Other(Act::Existing(Box::new(state))));
            }
            submit(sender, resource, None, conditions)
        }
        Wish::Update { id, resource, conditions } => submit(sender, resource, Some(id), conditions),
        Wish::UpdateWhere { criteria, resource, conditions } => {
            let found = conditional::find_one(app, sender.caller, &criteria).await?;
            submit(sender, resource, found.map(RecordId::new), conditions)
        }
        Wish::Delete { id, conditions } => Ok(withdraw(id, &conditions)),
        Wish::DeleteWhere { criteria, conditions } => {
            let found = conditional::find_one(app, sender.caller, &criteria).await?;
            let step = found.map(|id| withdraw(RecordId::new(id), &conditions));
            Ok(step.unwrap_or(Step::Other(Act::Nothing)))
        }
        Wish::Read { lookup, with_body } => {
            check_parameters(sender, &lookup)?;
            Ok(Step::Other(Act::Read { lookup, with_body }))
        }
    }
}

/// Refuses what cannot be read; that must be known before a transaction is carried out.
fn check_parameters(sender: &Sender<'_>, lookup: &Lookup) -> Result<(), ApiError> {
    let app = sender.app;
    match lookup {
        Lookup::Search(pairs) => {
            let request = search::understand(app, pairs, sender.asked.is_strict)?;
            let (base, caller) = (&sender.asked.base, sender.caller);
            let search = search::Search { request, offset: 0, base, caller };
            // How many pages there will be is known only once the writes are done.
            if sender.is_transaction { search.check(app) } else { Ok(()) }
        }
        Lookup::History(_, pairs) => history::count(app, query::value(pairs, "_count")).map(drop),
        Lookup::Patient(_) | Lookup::Version(..) => Ok(()),
    }
}

fn submit(
    sender: &Sender<'_>,
    resource: Resource,
    url_id: Option<RecordId>,
    conditions: Conditions,
) -> Result<Step, ApiError> {
    if conditions.only_create && sender.is_transaction {
        // It would be known only once the others are written.
        let text = "ifNoneMatch `*` is not supported in a transaction; use ifNoneExist";
        return Err(ApiError::entry(text));
    }
    Ok(Step::Submit { resource, url_id, conditions })
}

fn withdraw(record: RecordId, conditions: &Conditions) -> Step {
    let if_match = conditions.if_match;
    let operation = Operation::Withdraw { record, if_match };
    Step::Other(Act::Write { operation, must_be_new: false })
}

/// Decodes every Patient: work for a core, not for the network's thread.
pub(super) fn decode(steps: Vec<Step>, pipeline: &Pipeline, caller: &Caller) -> Vec<Act> {
    let act = |step| match step {
        Step::Other(act) => act,
        Step::Submit { resource, url_id, conditions } => {
            let systems = &caller.rights().systems;
            if let Err(error) = caller.sight().check_systems(systems, &resource) {
                return Act::Failed(error);
            }
            match pipeline.decode(resource, caller.client(), url_id) {
                Err(issues) => Act::Failed(ApiError::invalid(issues)),
                Ok(mut submission) => {
                    submission.submitted.if_match = conditions.if_match;
                    submission.submitted.only_create =
                        conditions.only_create || conditions.if_none_exist.is_some();
                    let operation = Operation::Submit(Box::new(submission));
                    Act::Write { operation, must_be_new: conditions.only_create }
                }
            }
        }
    };
    steps.into_iter().map(act).collect()
}
