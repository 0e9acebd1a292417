//! `dma maps`: what each bus master mapped so far.

use super::{Context, nothing};
use crate::console::say;
use crate::layer::{self, inspector};
use ::shell::{Arguments, Command, Completion, Refusal};
use arch::Board;
use dma::checker::Checker;
use dma::{BounceReason, DmaDevice, Totals};

pub(super) const COMMAND: Command<Context> = Command {
    name: "dma maps",
    arguments: "",
    summary: "mappings by bus master: direct, bounced and why, refused",
    details: "\
Counted since boot, all cores together; \"live\" is mapped right now. \"held\" is
memory in quarantine: its device did not confirm that it stopped, or was left
by its driver, so nobody else may have it. A refusal or a wrong call is told
once for each master, with what to do about it. With dma_debug=on all that is
mapped right now is listed, and by whom.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    say!(
        "{:<9}{:>9}{:>15}{:>9}{:>15}{:>8}{:>7}{:>6}",
        "master",
        "direct",
        "bytes",
        "bounced",
        "bytes",
        "refused",
        "live",
        "held"
    );
    for master in context.layer.masters {
        let held = context.layer.dma.quarantined(master).0;
        print_master(master, &inspector().totals(master), held);
    }
    if let Some(checker) = layer::checker() {
        print_live(checker);
    }
    while let Some(complaint) = inspector().complaint(context.layer.dma) {
        say!("{:<9} {complaint}", complaint.cause.word());
    }
    Ok(())
}

/// What is mapped at this moment.
fn print_live(checker: &Checker<Board>) {
    let status = checker.status();
    say!(
        "live      {} mappings, at most {} so far",
        status.live,
        status.most
    );
    for live in (0..status.entries).filter_map(|at| checker.live(at)) {
        say!(
            "  {:<8} {:#012x}+{:#x} {:?} {:?}, by {:#x}",
            live.device,
            live.bus,
            live.len,
            live.dir,
            live.call,
            live.callers[0]
        );
    }
}

fn print_master(master: &DmaDevice, totals: &Totals, held: usize) {
    say!(
        "{:<9}{:>9}{:>15}{:>9}{:>15}{:>8}{:>7}{held:>6}",
        master.name(),
        totals.direct,
        totals.direct_bytes,
        totals.bounced_all(),
        totals.bounced_bytes,
        totals.refused,
        totals.live,
    );
    for (count, how) in [
        (totals.copied_in, "bytes copied to bounce buffers"),
        (totals.copied_out, "bytes copied out of them"),
        (totals.by_cell, "bounced by uncached cells"),
        (
            totals.no_cell,
            "small, but no cell was free: bounced by slots",
        ),
        (totals.waits, "waited for slots"),
        (totals.wait_micros, "microseconds that they waited"),
        (totals.overran, "wrote beside what it was given"),
    ] {
        if count > 0 {
            say!("{:<9}{count:>9} {how}", "");
        }
    }
    let reasons = BounceReason::ALL.iter().zip(totals.bounced);
    for (reason, count) in reasons.filter(|(_, count)| *count > 0) {
        say!("{:<9}{count:>9} bounced: {reason}", "");
    }
}
