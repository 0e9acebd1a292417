//! The image: what happens between the entry and the last line on the console, in order.
//!
//! ```text
//! traps -> boot information -> memory map -> bounce pool -> page tables -> zones, heap
//!       -> interrupts -> DMA layer, channels -> report -> other cores -> self-tests -> main job -> shell -> end
//! ```
//!
//! With `carom.bench=` on the command line the benchmark stands for self-tests, main job and shell.
//!
//! Here instances are made and wired; what they do is in the crates below.

#![no_std]
#![no_main]

mod bench;
mod card;
mod carry;
mod channels;
mod console;
mod cores;
mod debug;
mod end;
mod entry;
mod file;
mod firmware;
mod information;
mod interrupts;
mod layer;
mod masters;
mod memory;
#[cfg(debug_assertions)]
mod plant;
#[cfg(feature = "planted")]
mod planted;
mod report;
mod selftest;
mod shell;
mod timers;
mod traps;
mod windows;
mod work;

use self::shell::Context;
use boot::Handoff;

/// First Rust of the kernel: EL1, main stack, MMU and caches on, exceptions masked.
fn start(handoff: &'static Handoff) -> ! {
    console::init();
    traps::install(handoff);
    memory::early_heap();
    let machine = information::gather(handoff);
    end::choose(machine.command_line());
    let memory = memory::bring_up(handoff, &machine);
    interrupts::start(&machine);
    timers::start();
    work::start();
    cores::listen();
    let layer = layer::bring_up(handoff, &machine, &memory);
    report::print(handoff, &machine, &memory, &layer);
    cores::start(handoff, &machine, &memory);
    #[cfg(debug_assertions)]
    plant::plant(machine.command_line());
    if let Some(pattern) = bench::wanted(&machine.command_line()) {
        end::end(bench::run(&layer, &memory, pattern).is_ok());
    }
    #[cfg(feature = "planted")]
    if let Some(pattern) = planted::wanted(&machine.command_line()) {
        end::end(planted::run(&layer, &memory, pattern));
    }
    card::find(&machine, &layer);
    // Before what takes long, so that Ctrl-C stops it.
    let prompt = shell::listen(&machine);
    let pattern = machine.command_line().value("selftest").unwrap_or("");
    let tests = selftest::run(&layer, &memory, pattern);
    let file = carry::run(&layer, &memory, memory.file);
    let card = card::job::run(&layer, &memory);
    let ok = tests.is_ok() && file.is_ok() && card.is_ok();
    let Some(listening) = prompt else {
        end::end(ok);
    };
    let context = Context {
        handoff,
        machine,
        memory,
        layer,
        ok,
    };
    shell::run(&context, listening)
}
