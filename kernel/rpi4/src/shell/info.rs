//! `info`: the boot report once more, the firmware asked anew, and what changed since.

use super::{Context, input, nothing};
use crate::console::say;
use crate::report;
use ::shell::{Arguments, Command, Completion, Refusal};
use arch::Timer;
use hal::Clock;

pub(super) const COMMAND: Command<Context> = Command {
    name: "info",
    arguments: "",
    summary: "board, firmware, memory and bus masters",
    details: "\
What the firmware says, temperature and clocks among it, is asked anew. \"Not answered\"
is a question that this firmware does not know: that is not the same as 0.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    let Context {
        handoff,
        machine,
        memory,
        layer,
        ok,
    } = context;
    report::print(handoff, machine, memory, layer);
    let verdict = if *ok { "passed" } else { "FAILED" };
    say!("since boot");
    say!("  up         {} s", Timer.micros() / 1_000_000);
    say!("  boot job   self-tests and main job {verdict}");
    say!("  console    {} characters lost", input::lost());
    Ok(())
}
