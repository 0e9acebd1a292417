//! The image's border: the symbols that the entry jumps to, and what happens on a panic.

#![expect(unsafe_code, reason = "exported symbols")]

use crate::console::Emergency;
use crate::{cores, end};
use arch::Board;
use boot::Handoff;
use core::fmt::Write;
use core::panic::PanicInfo;
use hal::Cpu;

const _: boot::KernelMain = kernel_main;
const _: boot::SecondaryMain = secondary_main;

/// Called by the entry in `boot`.
// SAFETY: no other crate of the image exports this name.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(handoff: &'static Handoff) -> ! {
    crate::start(handoff)
}

/// Called by the entry on every other core; `MPIDR_EL1` tells its number as well.
// SAFETY: no other crate of the image exports this name.
#[unsafe(no_mangle)]
extern "C" fn secondary_main(_core: u64) -> ! {
    cores::secondary()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    arch::cpu::disable_interrupts();
    cores::stop_others();
    // The console cannot fail, and there is nobody left to tell.
    let core = Board::cpu_id().index();
    let _ = writeln!(Emergency, "\npanic: core {core}: {info}");
    let _ = arch::exception::print_backtrace(&mut Emergency, arch::cpu::frame_pointer());
    crate::traps::last_calls();
    end::fatal()
}
