//! What OpenCR's web UI and its clients ask, of the real binary over TLS, and what its enemies do.
//!
//! Numbers of requests and defects are those of the compatibility contract. Systems come with
//! certificates of a CA made by `opencr ca`; people sign in.

mod attacks;
mod availability;
mod data;
mod matrix;
mod scenarios;
mod shape;
mod shapes;
mod site;
mod views;
