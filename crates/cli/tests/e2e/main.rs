//! The real binary, as its users and its enemies meet it.

mod audit;
mod backup;
mod certificates;
mod commands;
mod doctor;
mod evaluate;
mod guards;
mod image;
mod kill;
mod logs;
mod migrate;
mod migrate_config;
mod openhim;
mod oracle;
mod original;
mod outage;
mod packs;
mod process;
mod rules;
mod standin;
mod steps;
mod traces;
mod users;
