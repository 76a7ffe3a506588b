//! The bounded queue in front of the linker: who may wait, and the word when it is full.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tracing::Span;

use crate::{
    Answers, Meters, PipelineError, Work,
    review::{Case, CaseAnswer},
};

/// What is on its way to the linker.
pub(crate) enum Parcel {
    /// Acts, which may share a commit with those of others.
    Work(WorkParcel),
    /// A person's decision, which has a commit of its own.
    Case(CaseParcel),
}

/// Work on its way to the linker.
pub(crate) struct WorkParcel {
    pub(crate) work: Work,
    pub(crate) reply: oneshot::Sender<Result<Answers, PipelineError>>,
    /// Kept until the answer is given; then others may enter.
    pub(crate) place: OwnedSemaphorePermit,
    /// Of the request, for traces.
    pub(crate) span: Span,
}

/// A person's decision on its way to the linker.
pub(crate) struct CaseParcel {
    pub(crate) case: Arc<Case>,
    pub(crate) reply: oneshot::Sender<CaseAnswer>,
    /// Kept until the answer is given; then others may enter.
    pub(crate) place: OwnedSemaphorePermit,
    /// Of the request, for traces.
    pub(crate) span: Span,
}

/// The entrance: counts operations, so that one large request weighs what it costs.
pub(crate) struct Gate {
    queue_max: usize,
    places: Arc<Semaphore>,
    sender: Mutex<Option<mpsc::UnboundedSender<Parcel>>>,
    meters: Arc<Meters>,
}

/// A gate and the queue behind it. The queue itself has no bound: the places bound it.
pub(crate) fn gate(
    queue_max: usize,
    meters: Arc<Meters>,
) -> (Gate, mpsc::UnboundedReceiver<Parcel>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let queue_max = queue_max.clamp(1, Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(queue_max));
    (Gate { queue_max, places, sender: Mutex::new(Some(sender)), meters }, receiver)
}

impl Gate {
    /// Waits in the queue and gives the linker's answer.
    ///
    /// The linker counts what it answers, whether somebody still waits for it or not; what it
    /// never answers is counted here.
    pub(crate) async fn pass(&self, work: Work) -> Result<Answers, PipelineError> {
        let unanswered = match self.enter(work) {
            Ok(answer) => match answer.await {
                Ok(answer) => return answer,
                Err(_) => PipelineError::Fault,
            },
            Err(error) => error,
        };
        self.meters.failed(&unanswered);
        Err(unanswered)
    }

    /// As [`Gate::pass`], for a person's decision.
    pub(crate) async fn judge(&self, case: Arc<Case>) -> CaseAnswer {
        let (reply, answer) = oneshot::channel();
        let sent = self
            .place(1)
            .map(|place| CaseParcel { case, reply, place, span: Span::current() })
            .and_then(|parcel| self.send(Parcel::Case(parcel)));
        let unanswered = match sent {
            Ok(()) => match answer.await {
                Ok(answer) => return answer,
                Err(_) => PipelineError::Fault,
            },
            Err(error) => error,
        };
        self.meters.failed(&unanswered);
        Err(unanswered)
    }

    fn enter(
        &self,
        work: Work,
    ) -> Result<oneshot::Receiver<Result<Answers, PipelineError>>, PipelineError> {
        let place = self.place(work.operations.len().max(1))?;
        let (reply, answer) = oneshot::channel();
        self.send(Parcel::Work(WorkParcel { work, reply, place, span: Span::current() }))?;
        Ok(answer)
    }

    fn place(&self, weight: usize) -> Result<OwnedSemaphorePermit, PipelineError> {
        let queue_max = self.queue_max;
        let weight = u32::try_from(weight)
            .ok()
            .filter(|_| weight <= queue_max)
            .ok_or(PipelineError::TooMany { queue_max })?;
        let places = self.places.clone();
        places.try_acquire_many_owned(weight).map_err(|_| PipelineError::Busy { queue_max })
    }

    fn send(&self, parcel: Parcel) -> Result<(), PipelineError> {
        match self.sender.lock().as_ref() {
            Some(sender) => sender.send(parcel).map_err(|_| PipelineError::Fault),
            None => Err(PipelineError::Stopping),
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue_max - self.places.available_permits()
    }

    /// Whether work can still be passed on: the gate is open and the linker is there.
    pub(crate) fn is_open(&self) -> bool {
        self.sender.lock().as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Lets nobody in any more; the linker ends when the queue is empty.
    pub(crate) fn close(&self) {
        self.sender.lock().take();
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use registry::actor::Actor;

    use super::*;

    fn work() -> Work {
        Work {
            operations: Vec::new(),
            actor: Actor::Job("test".into()),
            is_atomic: false,
            once: None,
        }
    }

    #[tokio::test]
    async fn whom_no_linker_answers_is_counted() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let meters = metrics::with_local_recorder(&recorder, Meters::register);
        let (gate, mut queue) = gate(1, Arc::new(meters));
        // Dies with the work in its hands.
        let (answer, _) = tokio::join!(gate.pass(work()), async { drop(queue.recv().await) });
        assert!(matches!(answer, Err(PipelineError::Fault)));
        drop(queue);
        assert!(!gate.is_open());
        assert!(matches!(gate.pass(work()).await, Err(PipelineError::Fault)));
        gate.close();
        assert!(matches!(gate.pass(work()).await, Err(PipelineError::Stopping)));
        let text = recorder.handle().render();
        assert!(text.contains("opencr_failures_total{reason=\"fault\"} 2"), "{text}");
        assert!(text.contains("opencr_failures_total{reason=\"stopping\"} 1"), "{text}");
    }
}
