//! What the image registers: where to print, who takes interrupts, where stacks are, how to end.
//!
//! Each is set once, at boot, by core 0; a second registration is ignored. Reading takes no lock, so
//! it works in any handler.

use crate::stack::Stack;
use core::fmt;
use spin::Once;

static WRITER: Once<fn(&str)> = Once::new();
static IRQ_HANDLER: Once<fn()> = Once::new();
static STOP_OTHERS: Once<fn()> = Once::new();
static ON_FATAL: Once<fn() -> !> = Once::new();
static STACKS: Once<&'static [Stack]> = Once::new();

/// Where reports of fatal exceptions go. `writer` must work in any state: it takes no lock, waits
/// for no interrupt, and allocates nothing.
pub fn set_early_writer(writer: fn(&str)) {
    WRITER.call_once(|| writer);
}

/// Who takes interrupts, on `SP_EL1`, masked: acknowledges, handles and ends what is pending.
pub fn set_irq_handler(handler: fn()) {
    IRQ_HANDLER.call_once(|| handler);
}

/// What keeps other cores quiet while one reports a fatal exception. It takes no lock, and does not
/// return where another core reports already.
pub fn set_stop_others(stop: fn()) {
    STOP_OTHERS.call_once(|| stop);
}

/// How a core ends after its report: power off, exit of the emulator, or park.
pub fn set_on_fatal(end: fn() -> !) {
    ON_FATAL.call_once(|| end);
}

/// Where the stacks and their guard pages are.
///
/// # Safety
/// All of `range` of each is mapped RAM, for good: backtraces read there, and nowhere else.
pub unsafe fn set_stacks(stacks: &'static [Stack]) {
    STACKS.call_once(|| stacks);
}

pub(super) fn stacks() -> &'static [Stack] {
    STACKS.get().copied().unwrap_or(&[])
}

/// Runs the image's handler. False if there is none.
pub(super) fn dispatch_irq() -> bool {
    let handler = IRQ_HANDLER.get();
    handler.is_some_and(|handler| {
        handler();
        true
    })
}

/// Makes this core the only one that speaks.
pub(super) fn stop_others() {
    if let Some(stop) = STOP_OTHERS.get() {
        stop();
    }
}

/// Ends this core as the image wants it.
pub(super) fn end() -> ! {
    match ON_FATAL.get() {
        Some(end) => end(),
        None => crate::cpu::park(),
    }
}

/// The registered writer, for `write!`. Drops the text if there is none yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct EarlyWriter;

impl fmt::Write for EarlyWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if let Some(write) = WRITER.get() {
            write(text);
        }
        Ok(())
    }
}
