//! `dma pools`: how full the bounce pool is.

use super::{Context, nothing};
use crate::console::say;
use crate::layer::inspector;
use crate::report;
use ::shell::{Arguments, Command, Completion, Refusal};
use dma::swiotlb::{SLOT, Usage};

pub(super) const COMMAND: Command<Context> = Command {
    name: "dma pools",
    arguments: "",
    summary: "the bounce pool: slots in use, the most so far",
    details: "\
The longest free run is an upper bound: a search that fails makes it exact.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    report::print_pool(&context.memory);
    if let Some(usage) = inspector().pool_usage(context.layer.dma) {
        print_usage(&usage);
    }
    Ok(())
}

fn print_usage(usage: &Usage) {
    say!("  slots      {} of {SLOT} bytes", usage.total);
    say!("  in use     {}", usage.used);
    say!("  most       {}", usage.high_water);
    say!("  free run   at most {} slots", usage.largest_run);
}
