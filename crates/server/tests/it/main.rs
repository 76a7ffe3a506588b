//! The HTTP edge tested through its real router, on a memory store and a real pipeline.

#![expect(clippy::unwrap_used, reason = "clippy's exception for tests misses their helpers")]

mod access;
mod app;
mod auditing;
mod budget;
mod bundle;
mod caller;
mod concurrency;
mod conditional;
mod create_update;
mod fuzz;
mod health;
mod history_tab;
mod listener;
mod logs;
mod metrics;
mod once;
mod opencr_parity;
mod people;
mod pix;
mod read_history;
mod refusals;
mod search;
mod tls;
mod transaction;
