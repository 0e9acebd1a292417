//! Build, run, test and check the kernel: everything behind `make`.
//!
//! Each command is a file of its own; what decides (parsers, verdicts, command lines) is pure and
//! tested here, what acts is thin. Exit status: 0 if all is well, 1 if something failed, 130 after
//! Ctrl-C.

mod args;
mod bench;
mod boot;
mod bootcard;
mod cache_oracle;
mod card;
mod check;
mod command;
mod console;
mod header;
mod image;
mod interrupt;
mod ktap;
mod libtest;
mod metadata;
mod mutants;
mod payload;
mod process;
mod qemu;
mod removals;
mod replay;
mod report;
mod rules;
mod run;
mod script;
mod shim;
mod slot;
mod survivors;
mod symbols;
mod terminal;
mod test;
mod trees;
mod workspace;

use args::{Cli, Command};
use clap::Parser;
use std::process::ExitCode;
use workspace::Workspace;

fn main() -> ExitCode {
    let result = interrupt::watch().and_then(|()| dispatch(Cli::parse().command));
    match result {
        _ if interrupt::seen() => ExitCode::from(130),
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command; false if something that it tells about failed.
fn dispatch(command: Command) -> anyhow::Result<bool> {
    let workspace = Workspace::find()?;
    match command {
        Command::Build { load } => command::build(&workspace, load),
        Command::Run(options) => run::run(&workspace, &options),
        Command::Test(options) => test::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Image(options) => bootcard::run(&workspace, &options),
        Command::Card(options) => command::card(&workspace, &options),
        Command::Symbolise(options) => symbols::run(&workspace, &options),
        Command::Replay(options) => replay::run(&options),
        Command::Oracle => cache_oracle::run(&workspace),
        Command::Removals(options) => removals::run(&workspace, &options),
        Command::Mutants(options) => survivors::run(&workspace, &options),
        Command::Check => command::check(&workspace),
        Command::Decisions => command::decisions(&workspace),
        Command::Rules => rules::run(&workspace),
        Command::Doc => command::doc(&workspace),
    }
}
