//! What the registry rests on breaks: the database, the line to it, the disk, the clock, memory.
//!
//! Each is broken for real, under load. A client then gets 503 with `Retry-After` and an
//! OperationOutcome within a bounded time, or its success; afterwards everything acknowledged is
//! there as it was answered, `opencr verify` finds nothing, and the registry works on without
//! anybody's help.

mod clock;
mod cluster;
mod crowd;
mod database;
mod disk;
mod encrypted;
mod line;
mod memory;
mod room;
