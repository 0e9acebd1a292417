//! `dma trace`: what the mapping layer did last.

use super::Context;
use crate::console::say;
use crate::layer;
use ::shell::{Arguments, Command, Completion, Refusal};
use dma::trace::EVENTS;

pub(super) const COMMAND: Command<Context> = Command {
    name: "dma trace",
    arguments: "[EVENTS]",
    summary: "the last calls of each core, oldest first",
    details: "\
Each line is an event: core, number, time, what, device, direction, address
and length. `cargo xtask replay LOG` checks the order of the calls in it.",
    completion: Completion::None,
    run,
};

fn run(_: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let most = match arguments {
        [] => EVENTS,
        [most] => most.parse().map_err(|_| Refusal::Usage)?,
        _ => return Err(Refusal::Usage),
    };
    layer::tell_trace(most, |line| say!("{line}"));
    Ok(())
}
