//! The image. For now: prints what the entry found, and ends.

#![no_std]
#![no_main]

mod early;

use boot::Handoff;
use core::fmt::Write;
use core::panic::PanicInfo;
use early::Console;

/// First Rust of the kernel: EL1, main stack, MMU and caches on, exceptions masked.
fn start(handoff: &'static Handoff) -> ! {
    // The console never fails.
    let _ = report(&mut Console, handoff);
    early::exit(0)
}

fn report(out: &mut impl Write, handoff: &Handoff) -> core::fmt::Result {
    write!(out, "carom ")?;
    for byte in boot::build_id() {
        write!(out, "{byte:02x}")?;
    }
    writeln!(out, "\n{handoff:#x?}")?;
    for finding in handoff.findings() {
        writeln!(out, "note: {finding}")?;
    }
    for part in boot::image(handoff).parts() {
        let virt = part.virt;
        writeln!(out, "{virt:#x} {} {:?}", part.phys, part.rights)?;
    }
    Ok(())
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Console, "{info}");
    early::exit(101)
}
