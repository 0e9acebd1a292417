//! `reboot`: from the start.

use super::{Context, nothing};
use crate::end;
use ::shell::{Arguments, Command, Completion, Refusal};

pub(super) const COMMAND: Command<Context> = Command {
    name: "reboot",
    arguments: "",
    summary: "reset the board; ends a run in the emulator",
    details: "",
    completion: Completion::None,
    run,
};

fn run(_: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    end::restart()
}
