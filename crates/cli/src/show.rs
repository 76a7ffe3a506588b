//! `opencr config`: the configuration in force.

use std::process::ExitCode;

use crate::ConfigFile;

/// Print the configuration in force as TOML, with what is not a default and where it is from.
///
/// Every key can be set in a file given by --config, and by an environment variable:
/// OPENCR__SERVER__PORT=8080 is server.port.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Print every key with its meaning and default instead.
    #[arg(long)]
    defaults: bool,
}

/// Prints it.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if arguments.defaults {
        print!("{}", crate::config::DEFAULT);
        return Ok(ExitCode::SUCCESS);
    }
    print!("{}", arguments.config.load(Vec::new())?.describe());
    Ok(ExitCode::SUCCESS)
}
