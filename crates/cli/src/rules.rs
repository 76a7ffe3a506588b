//! `opencr rules`: what is to be known about rules before they are used.

mod check;
mod sample;
mod show;

use std::process::ExitCode;

/// Look at the rules.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Check a rule file, and say what searches by it must agree on and what they cost.
    Check(check::Arguments),
    /// Say in plain words what rules look at and what each finding counts.
    Show(show::ShowArguments),
    /// Turn OpenCR's rules into a native file, and say what cannot be kept.
    Convert(show::ConvertArguments),
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Check(arguments) => check::run(arguments),
        Command::Show(arguments) => show::show(arguments),
        Command::Convert(arguments) => show::convert(arguments),
    }
}
