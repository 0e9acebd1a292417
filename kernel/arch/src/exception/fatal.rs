//! The report of an exception that nobody handles, and the backtrace.
//!
//! Written through the image's early writer, with no lock and no allocation. A fault in the report
//! leads back here on another stack and says less each time, so that it ends.

use super::hooks::{self, EarlyWriter};
use crate::backtrace::Backtrace;
use crate::board::Board;
use crate::esr::Class;
use crate::frame::Frame;
use crate::stack::Stack;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};
use hal::{Cpu, MAX_CPUS};

/// Fatal exceptions so far, by core.
static FAULTS: [AtomicU8; MAX_CPUS] = [const { AtomicU8::new(0) }; MAX_CPUS];

/// Names of the vector table's entries, four by four.
const KINDS: [&str; 4] = ["synchronous exception", "interrupt", "FIQ", "SError"];
const ORIGINS: [&str; 4] = ["thread", "handler", "EL0", "AArch32 EL0"];

/// Reports and ends this core.
pub(super) fn die(frame: &Frame) -> ! {
    let core = Board::cpu_id().index();
    let out = &mut EarlyWriter;
    // Errors of the writer have nowhere to go.
    match FAULTS[core].fetch_add(1, Relaxed) {
        0 => {
            hooks::stop_others();
            _ = report(out, core, frame);
        }
        1 => _ = headline(out, core, frame),
        // The writer itself may be what faults.
        2 => {}
        // So may the end.
        _ => crate::cpu::park(),
    }
    hooks::end()
}

fn report(out: &mut impl Write, core: usize, frame: &Frame) -> fmt::Result {
    headline(out, core, frame)?;
    writeln!(out, "{frame}")?;
    writeln!(out, "backtrace:")?;
    writeln!(out, "  {:#018x}", frame.elr)?;
    print_backtrace(out, frame.x[29])
}

fn headline(out: &mut impl Write, core: usize, frame: &Frame) -> fmt::Result {
    let kind = KINDS[frame.vector as usize % 4];
    let origin = ORIGINS[frame.vector as usize / 4 % 4];
    write!(
        out,
        "\nfatal: core {core}: {kind} from {origin} at {:#x}: ",
        frame.elr
    )?;
    cause(out, frame)
}

fn cause(out: &mut impl Write, frame: &Frame) -> fmt::Result {
    if !matches!(frame.vector % 4, 0 | 3) {
        return writeln!(out, "no handler");
    }
    write!(out, "{}", frame.syndrome())?;
    if !has_address(frame) {
        return writeln!(out);
    }
    write!(out, ", address {:#x}", frame.far)?;
    match Stack::overflowed(hooks::stacks(), frame.far) {
        Some(stack) => writeln!(out, ": stack overflow ({})", stack.name),
        None => writeln!(out),
    }
}

/// Does `FAR_EL1` belong to this exception?
fn has_address(frame: &Frame) -> bool {
    let esr = frame.syndrome();
    let sync = frame.vector.is_multiple_of(4);
    sync && (esr.class() == Class::PcAlignment || esr.abort().is_some_and(|a| a.address_valid))
}

/// The return addresses from the frame record `fp` on, innermost first, as far as there is room.
pub(crate) fn callers(into: &mut [u64], fp: u64) {
    let places = into.iter_mut().zip(walk(fp));
    places.for_each(|(place, pc)| *place = pc);
}

/// Prints the return addresses from the frame record `fp` on, one per line, innermost first.
///
/// For a panic handler, with [`frame_pointer`](crate::cpu::frame_pointer). Reads inside registered
/// stacks alone, so it cannot fault; prints nothing before they are registered.
pub fn print_backtrace(out: &mut impl Write, fp: u64) -> fmt::Result {
    walk(fp).try_for_each(|pc| writeln!(out, "  {pc:#018x}"))
}

fn walk(fp: u64) -> impl Iterator<Item = u64> {
    // Exposed provenance: the addresses come from registers and memory, not from pointers.
    let read = |at: u64| {
        let word = core::ptr::with_exposed_provenance::<u64>(at as usize);
        // SAFETY: `Backtrace` asks for aligned words inside registered stacks alone, and whoever
        // registered those vouched that they are mapped.
        unsafe { word.read_volatile() }
    };
    Backtrace::new(hooks::stacks(), fp, read)
}
