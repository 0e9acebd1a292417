//! `poweroff`: the end.

use super::{Context, nothing};
use crate::end;
use ::shell::{Arguments, Command, Completion, Refusal};

pub(super) const COMMAND: Command<Context> = Command {
    name: "poweroff",
    arguments: "",
    summary: "power off; a run in the emulator ends with its status",
    details: "The status is 0 if the self-tests and the main job at boot went well, else 1.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    end::end(context.ok)
}
