//! What stewards see: pages as templates, their texts in each language, styles and scripts.
//!
//! A page is a struct under `pages` and a template of the same name. It is given a [`Frame`], which
//! knows the language and who looks, and what it shows; it gives HTML. Everything is in the binary.
//!
//! Absent by design: HTTP, sessions, the store, and any decision. Those are the server's.

mod assets;
pub mod chart;
pub mod compare;
mod frame;
mod language;
pub mod marks;
mod navigation;
mod nickname;
pub mod pages;
mod texts;

pub use askama::Template;
pub use assets::{Asset, asset};
pub use frame::{Frame, Person, Site, Theme};
pub use language::Language;
pub use navigation::Item;
pub use nickname::nickname;
pub use texts::Texts;
