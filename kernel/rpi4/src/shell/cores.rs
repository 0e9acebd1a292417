//! `cores`: who runs, who sleeps, and what each did for the work queue.

use super::{Context, nothing};
use crate::console::say;
use crate::{cores, work};
use ::shell::{Arguments, Command, Completion, Refusal};
use hal::{CpuId, MAX_CPUS};

pub(super) const COMMAND: Command<Context> = Command {
    name: "cores",
    arguments: "",
    summary: "what each core does, and the work queue",
    details: "",
    completion: Completion::None,
    run,
};

fn run(_: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    say!("core  state     jobs run     ticks    sleeps");
    for core in (0..MAX_CPUS).filter_map(CpuId::new) {
        let (jobs, ticks) = (work::run_by(core), work::ticks_of(core));
        let sleeps = cores::sleeps(core);
        say!(
            "{:>4}  {:<7} {jobs:>10} {ticks:>9} {sleeps:>9}",
            core.index(),
            state(core)
        );
    }
    say!("{} jobs wait", work::waiting());
    Ok(())
}

fn state(core: CpuId) -> &'static str {
    match core {
        _ if !cores::is_online(core) => "absent",
        _ if cores::is_asleep(core) => "asleep",
        _ => "runs",
    }
}
