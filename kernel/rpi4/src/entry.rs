//! The image's border: the symbol that the entry jumps to, and what happens on a panic.

#![expect(unsafe_code, reason = "an exported symbol")]

use crate::console::Emergency;
use crate::end;
use boot::Handoff;
use core::fmt::Write;
use core::panic::PanicInfo;

const _: boot::KernelMain = kernel_main;

/// Called by the entry in `boot`.
// SAFETY: no other crate of the image exports this name.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(handoff: &'static Handoff) -> ! {
    crate::start(handoff)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    arch::cpu::disable_interrupts();
    // The console cannot fail, and there is nobody left to tell.
    let _ = writeln!(Emergency, "\npanic: {info}");
    let _ = arch::exception::print_backtrace(&mut Emergency, arch::cpu::frame_pointer());
    end::fatal()
}
