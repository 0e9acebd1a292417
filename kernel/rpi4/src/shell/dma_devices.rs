//! `dma devices`: what each bus master reaches.

use super::{Context, nothing};
use crate::report;
use ::shell::{Arguments, Command, Completion, Refusal};

pub(super) const COMMAND: Command<Context> = Command {
    name: "dma devices",
    arguments: "",
    summary: "bus masters: mask, reach, windows onto RAM",
    details: "\
A mask is the highest address that a master can put on its bus. A window says
where on that bus it finds RAM. What lies outside both must bounce.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    report::print_masters(&context.machine, &context.layer);
    Ok(())
}
