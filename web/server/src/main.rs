//! The `weir` command: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use web_server::cli::{Cli, Command};
use web_server::commands;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Run(options) => commands::run::run(*options),
        Command::Check(options) => commands::check::run(&options),
        Command::Test(options) => commands::test::run(&options),
        Command::Query(options) => commands::query::run(&options),
        Command::Sql(options) => commands::sql::run(&options),
        Command::Inspect(options) => commands::inspect::run(&options),
        Command::Verify(options) => commands::verify::run(&options),
        Command::Import(options) => commands::import::run(&options),
    };
    result.unwrap_or_else(|error| {
        commands::complain(&error);
        ExitCode::FAILURE
    })
}
