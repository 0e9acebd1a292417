//! `bench`: what the calls of the DMA layer cost.

use super::Context;
use crate::bench;
use ::shell::{Arguments, Command, Completion, Refusal};

pub(super) const COMMAND: Command<Context> = Command {
    name: "bench",
    arguments: "[PATTERN]",
    summary: "count what mapping and syncing cost",
    details: "\
One line of comma-separated values for each case, as `make bench`
compares them with Linux; PATTERN is a part of section/case, as in
map/low. Cycles on a board; in the emulator, instructions if it was
started with -icount shift=0, else the host's nanoseconds.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let pattern = match arguments {
        [] => "",
        [pattern] => pattern,
        _ => return Err(Refusal::Usage),
    };
    bench::run(&context.layer, &context.memory, pattern)
        .map_err(|_| Refusal::text("not all cases could be counted"))
}
