//! Where work that blocks is done: on a thread made for it, or right here.
//!
//! Handing work to another thread and waiting for its answer takes a tenth of a millisecond on a
//! busy machine. Who does nothing but wait for the store, as the linker, says so and keeps it.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use tokio::task;

thread_local! {
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on this thread, which stores may block from now on until it ends.
///
/// Not for threads that poll the futures of others, which would all wait.
pub fn may_block<T>(work: impl FnOnce() -> T) -> T {
    /// Threads go back to a pool, also after a panic.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            MAY_BLOCK.set(self.0);
        }
    }
    let _before = Before(MAY_BLOCK.replace(true));
    work()
}

/// Does `work` here if that is allowed, else on a thread that may block; `None` if it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if MAY_BLOCK.get() {
        // What the work held is dropped with it, as it would be on another thread.
        return catch_unwind(AssertUnwindSafe(work)).ok();
    }
    task::spawn_blocking(work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> std::thread::ThreadId {
        std::thread::current().id()
    }

    #[tokio::test]
    async fn work_stays_only_where_it_is_allowed() {
        assert_ne!(blocking(id).await, Some(id()));
        let allowed = task::spawn_blocking(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let stayed = may_block(|| runtime.block_on(blocking(id)) == Some(id()));
            (stayed, MAY_BLOCK.get())
        });
        assert_eq!(allowed.await.unwrap(), (true, false));
        assert_eq!(blocking(|| panic!("on purpose")).await, None::<()>);
    }

    #[test]
    fn a_panic_ends_the_work_and_not_the_thread() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let panicked = may_block(|| runtime.block_on(blocking(|| panic!("on purpose"))));
        assert_eq!(panicked, None::<()>);
    }
}
