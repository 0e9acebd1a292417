//! `dma maps`: what each bus master mapped so far.

use super::{Context, nothing};
use crate::console::say;
use crate::layer::inspector;
use ::shell::{Arguments, Command, Completion, Refusal};
use dma::{BounceReason, DmaDevice, Totals};

pub(super) const COMMAND: Command<Context> = Command {
    name: "dma maps",
    arguments: "",
    summary: "mappings by bus master: direct, bounced and why, refused",
    details: "\
Counted since boot, all cores together. \"held\" is memory in quarantine: its
device did not confirm that it stopped, so nobody else may have it. A refusal
is told once for each master, with what to do about it.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    say!(
        "{:<9}{:>9}{:>15}{:>9}{:>15}{:>9}{:>6}",
        "master",
        "direct",
        "bytes",
        "bounced",
        "bytes",
        "refused",
        "held"
    );
    for master in context.layer.masters {
        let held = context.layer.dma.quarantined(master).0;
        print_master(master, &inspector().totals(master), held);
    }
    while let Some(complaint) = inspector().complaint(context.layer.dma) {
        say!("refused   {complaint}");
    }
    Ok(())
}

fn print_master(master: &DmaDevice, totals: &Totals, held: usize) {
    say!(
        "{:<9}{:>9}{:>15}{:>9}{:>15}{:>9}{held:>6}",
        master.name(),
        totals.direct,
        totals.direct_bytes,
        totals.bounced_all(),
        totals.bounced_bytes,
        totals.refused,
    );
    for (count, how) in [
        (totals.by_cell, "bounced by uncached cells"),
        (
            totals.no_cell,
            "small, but no cell was free: bounced by slots",
        ),
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
