//! `bt`: where the prompt itself is.

use super::{Context, nothing};
use crate::console::Writer;
use ::shell::{Arguments, Command, Completion, Refusal};

pub(super) const COMMAND: Command<Context> = Command {
    name: "bt",
    arguments: "",
    summary: "backtrace of the prompt, innermost first",
    details: "",
    completion: Completion::None,
    run,
};

fn run(_: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    // The console cannot fail.
    let _ = arch::exception::print_backtrace(&mut Writer, arch::cpu::frame_pointer());
    Ok(())
}
