//! The few unsafe lines at the image's border: its entry point, and a console before there are drivers.

#![expect(
    unsafe_code,
    reason = "an exported symbol, and registers without a driver"
)]

use boot::Handoff;
use core::fmt;
use hal::layout;

const _: boot::KernelMain = kernel_main;

/// Called by the entry in `boot`.
// SAFETY: no other crate of the image exports this name.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(handoff: &'static Handoff) -> ! {
    crate::start(handoff)
}

/// UART0, as the firmware left it.
pub(crate) struct Console;

const PL011: u64 = layout::DEVICE_BASE + 0xFE20_1000;
const FR_TX_FULL: u32 = 1 << 5;

impl Console {
    fn put(byte: u8) {
        let data = PL011 as *mut u32;
        let flags = (PL011 + 0x18) as *const u32;
        // SAFETY: the entry mapped all peripherals; FR reads without side effects.
        while unsafe { flags.read_volatile() } & FR_TX_FULL != 0 {}
        // SAFETY: as above; a store to DR sends one byte.
        unsafe { data.write_volatile(u32::from(byte)) };
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(Self::put);
        Ok(())
    }
}

/// Ends the run.
#[cfg(feature = "semihosting")]
pub(crate) fn exit(status: i32) -> ! {
    semihosting::process::exit(status)
}

/// Ends the run.
#[cfg(not(feature = "semihosting"))]
pub(crate) fn exit(_: i32) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
