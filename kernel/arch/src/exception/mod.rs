//! Exceptions: the vector table, who handles what, and the ends of the road.
//!
//! | from | synchronous | IRQ | FIQ, SError |
//! |---|---|---|---|
//! | thread (`SP_EL0`) | [`catch_trap`] if it runs, else fatal | the image's handler | fatal |
//! | handler (`SP_EL1`) | fatal | the image's handler | fatal |
//! | EL0 | fatal: nothing runs there | fatal | fatal |
//!
//! Handlers run on `SP_EL1` with everything masked.

#![expect(unsafe_code, reason = "vectors are assembly")]

mod catch;
mod fatal;
mod hooks;

pub use catch::{Trap, catch_trap};
pub(crate) use fatal::callers;
pub use fatal::print_backtrace;
pub use hooks::{
    EarlyWriter, set_early_writer, set_irq_handler, set_on_fatal, set_stacks, set_stop_others,
};

use crate::frame::Frame;
use aarch64_cpu::registers::VBAR_EL1;
use hal::layout::STACK_STRIDE;
use hal::{MAX_CPUS, PAGE};
use tock_registers::interfaces::Writeable;

core::arch::global_asm!(
    include_str!("vectors.s"),
    FRAME = const size_of::<Frame>(),
    CORES_MASK = const MAX_CPUS - 1,
    STRIDE_PAGES = const STACK_STRIDE / PAGE,
    PAGE_SHIFT = const PAGE.trailing_zeros(),
);

// The vectors count in pages, which one `mov` can hold.
const _: () = assert!(STACK_STRIDE.is_multiple_of(PAGE) && STACK_STRIDE / PAGE < 1 << 16);

unsafe extern "C" {
    static arch_vectors: [u32; 512];
}

/// Sends this core's exceptions to our handlers. Once per core, before interrupts are enabled.
///
/// `SP_EL1` is a stack of this core's own by now, and the core runs on `SP_EL0`.
pub fn install_vectors() {
    VBAR_EL1.set((&raw const arch_vectors).addr() as u64);
    crate::cpu::isb();
}

/// Entries of the vector table that can be handled.
const THREAD_SYNC: u64 = 0;
const THREAD_IRQ: u64 = 1;
const HANDLER_IRQ: u64 = 5;

/// Called by the vectors. Returning resumes what `frame` says.
#[unsafe(no_mangle)]
extern "C" fn arch_exception(frame: &mut Frame) {
    let handled = match frame.vector {
        THREAD_SYNC => catch::deliver(frame),
        THREAD_IRQ | HANDLER_IRQ => hooks::dispatch_irq(),
        _ => false,
    };
    if !handled {
        fatal::die(frame);
    }
}
