//! How a run ends: with a status for whoever started the emulator, or with the power off.

#![expect(
    unsafe_code,
    reason = "takes possession of the power block's registers"
)]

use crate::console;
use arch::MmioRegion;
use boot::CommandLine;
use core::sync::atomic::{AtomicBool, Ordering};
use drivers::power::Power;
use hal::{PhysAddr, PhysRange};

/// PM block (the layout of the BCM283x family): needed when nothing else works any more, so its
/// address does not wait for the device tree.
const POWER: u64 = 0xFE10_0000;
const POWER_LEN: u64 = 0x28;

/// Status of a run that ended by a panic or a fatal exception.
const FATAL: u8 = 101;

/// Was a status asked for? `hlt` traps on a board, so only then.
static SEMIHOSTING: AtomicBool = AtomicBool::new(false);

/// Reads from the command line how to end.
pub(crate) fn choose(line: CommandLine<'_>) {
    let asked = line.value("carom.exit") == Some("semihosting");
    SEMIHOSTING.store(asked, Ordering::Relaxed);
}

/// Was the kernel started by someone who waits for a status: in the emulator?
pub(crate) fn is_emulator() -> bool {
    SEMIHOSTING.load(Ordering::Relaxed)
}

/// Ends the run.
pub(crate) fn end(ok: bool) -> ! {
    console::flush();
    if SEMIHOSTING.load(Ordering::Relaxed) {
        arch::cpu::exit(u8::from(!ok));
    }
    off()
}

/// Ends a run that cannot go on.
pub(crate) fn fatal() -> ! {
    console::flush();
    if SEMIHOSTING.load(Ordering::Relaxed) {
        arch::cpu::exit(FATAL);
    }
    off()
}

/// Starts the machine anew.
pub(crate) fn restart() -> ! {
    console::flush();
    power().reset();
    arch::cpu::park()
}

fn off() -> ! {
    power().off();
    arch::cpu::park()
}

fn power() -> Power<MmioRegion> {
    let block = PhysRange::new(PhysAddr::new(POWER), POWER_LEN).expect("constants above");
    // SAFETY: the PM block's registers, in the device map of every table; this core is the last user.
    let registers = unsafe { MmioRegion::new(block) }.expect("words in the device map");
    Power::new(registers)
}
