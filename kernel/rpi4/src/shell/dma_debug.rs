//! `dma debug`: where the checker stands, and what it is to tell.

use super::Context;
use crate::console::say;
use crate::{debug, layer};
use ::shell::{Arguments, Command, Completion, Refusal};
use arch::Board;
use dma::checker::Checker;

pub(super) const COMMAND: Command<Context> = Command {
    name: "dma debug",
    arguments: "[all|off|COUNT|for]",
    summary: "the checker of dma_debug=: what it found",
    details: "\
Every wrong use is counted, and the first is told. `all` tells all from now on,
COUNT so many more, `for MASTER` those of one master alone, `for` those of all.\n`off` is final.",
    completion: Completion::Words(&["all", "off", "for"]),
    run,
};

fn run(_: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let off = || Refusal::text("boot with dma_debug=on");
    let checker = layer::checker().ok_or_else(off)?;
    match arguments {
        [] => {}
        ["all"] => checker.tell(None),
        ["off"] => checker.turn_off(),
        ["for"] => checker.only(""),
        ["for", master] => checker.only(master),
        [count] => checker.tell(Some(count.parse().map_err(|_| Refusal::Usage)?)),
        _ => return Err(Refusal::Usage),
    }
    debug::tell();
    print(checker);
    Ok(())
}

fn print(checker: &Checker<Board>) {
    let status = checker.status();
    say!(
        "  checks     {}",
        if status.on {
            "every mapping"
        } else {
            "nothing any more"
        }
    );
    say!(
        "  live       {} of {}, at most {} so far",
        status.live,
        status.entries,
        status.most
    );
    say!("  found      {} wrong uses", status.errors);
    match status.num_errors {
        _ if status.all_errors => say!("  tells      all"),
        left => say!("  tells      {left} more"),
    }
}
