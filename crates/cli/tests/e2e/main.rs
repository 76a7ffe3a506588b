//! The real binary, as its users and its enemies meet it.

mod commands;
mod guards;
mod image;
mod kill;
mod process;
mod rules;
mod steps;
