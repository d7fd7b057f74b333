//! The binary: parse, configure, dispatch, exit code.

use std::process::ExitCode;

use clap::Parser;
use paceline_app::cli::Cli;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let exit = paceline_app::commands::dispatch(cli);
    ExitCode::from(exit as u8)
}
