//! `log`: which messages reach the console.

use super::Context;
use crate::console::say;
use ::shell::{Arguments, Command, Completion, Refusal};
use log::LevelFilter;

pub(super) const COMMAND: Command<Context> = Command {
    name: "log",
    arguments: "[LEVEL]",
    summary: "show messages up to LEVEL, or tell the level",
    details: "Levels: off, error, warn, info (as at boot), debug, trace.",
    completion: Completion::Words(&["off", "error", "warn", "info", "debug", "trace"]),
    run,
};

fn run(_: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    match arguments {
        [] => say!("{}", log::max_level().as_str().to_ascii_lowercase()),
        [level] => log::set_max_level(parse(level)?),
        _ => return Err(Refusal::Usage),
    }
    Ok(())
}

fn parse(level: &str) -> Result<LevelFilter, Refusal> {
    let unknown = || Refusal::text(format_args!("no level \"{level}\""));
    level.parse().map_err(|_| unknown())
}
