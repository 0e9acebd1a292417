//! `selftest`: the boot's self-tests again.

use super::Context;
use crate::selftest;
use ::shell::{Arguments, Command, Completion, Refusal};

pub(super) const COMMAND: Command<Context> = Command {
    name: "selftest",
    arguments: "[PATTERN]",
    summary: "run the self-tests with PATTERN in their names",
    details: "\
Without a pattern all of them run. Quotes hold words together:
selftest \"null traps\". Ctrl-C stops before the next test.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let pattern = match arguments {
        [] => "",
        [pattern] => pattern,
        _ => return Err(Refusal::Usage),
    };
    selftest::run(&context.layer, &context.memory, pattern)
        .map_err(|_| Refusal::text("not all tests passed"))
}
