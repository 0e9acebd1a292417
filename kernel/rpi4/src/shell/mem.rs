//! `mem`: who has which RAM.

use super::{Context, nothing};
use crate::report;
use ::shell::{Arguments, Command, Completion, Refusal};

pub(super) const COMMAND: Command<Context> = Command {
    name: "mem",
    arguments: "",
    summary: "RAM: banks, who has what, free pages by zone",
    details: "\
Free pages are those of this moment. Zone Dma ends at the smallest reach of any
bus; zone Normal is what only some masters reach.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    report::print_memory(&context.machine, &context.memory);
    report::print_pool(&context.memory);
    Ok(())
}
