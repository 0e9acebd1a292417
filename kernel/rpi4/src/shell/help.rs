//! `help`: all commands, or one.

use super::{COMMANDS, Context};
use crate::console::say;
use ::shell::{Arguments, Command, Completion, Found, Refusal};

pub(super) const COMMAND: Command<Context> = Command {
    name: "help",
    arguments: "[COMMAND]",
    summary: "list the commands, or explain one",
    details: "",
    completion: Completion::Commands,
    run,
};

fn run(_: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    if arguments.is_empty() {
        list(COMMANDS.0);
        print_keys();
        return Ok(());
    }
    match COMMANDS.find(arguments) {
        Found::Command(command, []) => explain(command),
        Found::Group(first) => list(COMMANDS.group(first)),
        Found::Command(..) => return Err(Refusal::Usage),
        Found::Unknown(_) => return Err(Refusal::text("no such command")),
    }
    Ok(())
}

/// A line for each.
pub(super) fn list(commands: impl IntoIterator<Item = &'static Command<Context>>) {
    for command in commands {
        say!("  {:<22}{}", command.usage(), command.summary);
    }
}

fn explain(command: &Command<Context>) {
    say!("  {:<22}{}", command.usage(), command.summary);
    command.details.lines().for_each(|line| say!("  {line}"));
}

fn print_keys() {
    say!("Keys: arrows, Home, End, Delete, Tab; Ctrl-A -E -U -K -W as in other shells.");
}
