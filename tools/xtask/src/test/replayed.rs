//! What a boot did by DMA, replayed: its trace, with all maintenance in it, held against the rules on the
//! host.
//!
//! One boot under `dma_debug=trace`, some transfers, and what `dma trace` tells of the last of them.

use crate::boot::{Kernel, Setup, Tree};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{Echo, Ended};
use crate::replay::{Passed, Wrong, replay};
use crate::report::{Group, tail};
use crate::script::{Script, Step};
use crate::test::broken;
use std::path::Path;
use std::time::Duration;

/// What the group is called in the report.
pub(super) const NAME: &str = "a recorded boot is replayed";

/// Direct and bounced, both ways, by cells and in lists.
const TRANSFERS: &[&str] = &[
    "selftest small objects bounce",
    "selftest a reported transfer",
    "dma trace",
    "poweroff",
];

/// Boots, has it make transfers, and replays what it tells.
pub(super) fn run(built: &Built, out: &Path, limit: Duration) -> Group {
    try_run(built, out, limit).unwrap_or_else(|error| broken(NAME, &error))
}

fn try_run(built: &Built, out: &Path, limit: Duration) -> anyhow::Result<Group> {
    let setup = Setup {
        kernel: Kernel::Image(LoadOffset::DEFAULT),
        tree: Tree::Emulator,
        file: None,
        card: None,
        slot: None,
        append: "dma_debug=trace selftest=null",
        limit,
    };
    let steps = TRANSFERS.iter().map(|line| Step::line(line)).collect();
    let ended = setup.converse(built, out, Echo::Off, &mut Script::new(steps))?;
    let verdict = judge(&ended).map_err(|why| format!("{why}\n{}", tail(&ended.output)));
    Ok(Group::single(NAME, ended.took, verdict))
}

/// One trace, in order, and with maintenance among what was checked.
fn judge(ended: &Ended) -> Result<(), String> {
    if !ended.ok() {
        return Err(ended.ending.to_string());
    }
    judge_traces(&replay(&ended.output))
}

fn judge_traces(traces: &[Result<Passed, Wrong>]) -> Result<(), String> {
    match traces {
        [Ok(passed)] if passed.maintenance > 0 => Ok(()),
        [Ok(passed)] => Err(format!("no maintenance was checked: {passed}")),
        [Err(wrong)] => Err(wrong.to_string()),
        _ => Err(format!("{} traces, 1 expected", traces.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
trace begin maintenance
trace window 2 0x0+0x3c000000 0xc0000000
trace core 0 lost 0
trace 0 0 10 clean 0 - 0x1000+0x40 -
trace 0 1 11 wait 0 - 0x0+0x0 -
trace 0 2 12 map 2 to 0xc0001000+0x40 -
trace 0 3 13 launch 2 to 0xc0001000+0x40 -
trace end 4
";

    fn judged(text: &str) -> Result<(), String> {
        judge_traces(&replay(text))
    }

    #[test]
    fn a_trace_without_maintenance_or_with_some_missing_is_none() {
        assert_eq!(judged(TRACE), Ok(()));
        let none = "trace begin maintenance\ntrace core 0 lost 0\ntrace end 0\n";
        assert!(
            judged(none)
                .unwrap_err()
                .starts_with("no maintenance was checked")
        );
        let missing = TRACE.replace("0x1000+0x40", "0x2000+0x40");
        let why = "line 7: launch with the line at 0x1000 not cleaned since the CPU had it";
        assert_eq!(judged(&missing), Err(why.to_owned()));
        // The same in a trace that has no maintenance at all is nothing to say.
        let plain = missing.replace("begin maintenance", "begin");
        assert_eq!(judged(&plain), Ok(()));
        assert_eq!(judged(""), Err("0 traces, 1 expected".to_owned()));
    }
}
