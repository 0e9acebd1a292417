//! `peek`: memory and registers as words.
//!
//! Every load runs under `catch_trap`, so that an address where nothing is gives an answer.

#![expect(unsafe_code, reason = "loads from wherever the user says")]

use super::{Context, input};
use crate::console::say;
use ::shell::{Arguments, Command, Completion, Refusal, address, number};
use arch::exception::{Trap, catch_trap};
use arrayvec::ArrayVec;
use core::fmt;
use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut};
use hal::layout::{DEVICE_BASE, LINEAR_BASE, PERIPHERALS, PHYS_SPACE};
use hal::{PhysAddr, PhysRange};

pub(super) const COMMAND: Command<Context> = Command {
    name: "peek",
    arguments: "ADDR [LEN]",
    summary: "show memory or registers, LEN bytes in words of 4",
    details: "\
ADDR is hexadecimal: a physical address, or a virtual one of the upper half.
LEN (4 if absent) is decimal, or 0x...; K or M multiplies. Registers are read
too, with whatever that does to their device. Ctrl-C stops.",
    completion: Completion::None,
    run,
};

/// Bytes of a word, and words in a row.
const WORD: u64 = 4;
const ROW: u64 = 4 * WORD;

fn run(_: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let (addr, len) = match arguments {
        [addr] => (addr, WORD),
        [addr, len] => (addr, number(len).map_err(Refusal::text)?),
        _ => return Err(Refusal::Usage),
    };
    let addr = address(addr).map_err(Refusal::text)?;
    if !addr.is_multiple_of(WORD) || len == 0 || addr.checked_add(len).is_none() {
        return Err(Refusal::text(
            "ADDR must be a multiple of 4, and not beyond the end",
        ));
    }
    let mut at = addr;
    while at - addr < len && !input::stopped() {
        print_row(at, (len - (at - addr)).min(ROW).div_ceil(WORD))?;
        // The last row may end at the end of all addresses.
        at = at.saturating_add(ROW);
    }
    Ok(())
}

fn print_row(at: u64, count: u64) -> Result<(), Refusal> {
    let mut words = ArrayVec::<u32, 4>::new();
    for i in 0..count {
        let at = at + i * WORD;
        words.push(load(virt(at)).map_err(|trap| refused(at, &trap))?);
    }
    say!("{at:#018x}  {}", Row(&words));
    Ok(())
}

fn refused(at: u64, trap: &Trap) -> Refusal {
    Refusal::text(format_args!("{at:#x} cannot be read: {}", trap.esr))
}

/// Where the kernel sees `addr`, if it is physical.
fn virt(addr: u64) -> u64 {
    let word = PhysRange::new(PhysAddr::new(addr), WORD);
    match word {
        _ if addr >= PHYS_SPACE => addr,
        Ok(word) if PERIPHERALS.contains(word) => DEVICE_BASE + addr,
        _ => LINEAR_BASE + addr,
    }
}

/// A load to be tried, and what it found.
struct Load {
    at: u64,
    found: u32,
}

fn load(at: u64) -> Result<u32, Trap> {
    let mut load = Load { at, found: 0 };
    let request = (&raw mut load).expose_provenance();
    // SAFETY: `load_word` holds nothing; what a register's device does on a load is what the user
    // asked for.
    match unsafe { catch_trap(load_word, request) } {
        None => Ok(load.found),
        Some(trap) => Err(trap),
    }
}

extern "C" fn load_word(request: usize) {
    let load = with_exposed_provenance_mut::<Load>(request);
    // SAFETY: the `Load` of the `load` that waits for this call and looks at it afterwards alone.
    let at = unsafe { (*load).at };
    let word = with_exposed_provenance::<u32>(at as usize);
    // SAFETY: a load of memory that is mapped reads some word; any other traps and is caught.
    let found = unsafe { word.read_volatile() };
    // SAFETY: as for the load from it.
    unsafe { (*load).found = found };
}

/// Words, then the bytes as text.
struct Row<'a>(&'a [u32]);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for i in 0..4 {
            match self.0.get(i) {
                Some(word) => write!(f, "{word:08x} ")?,
                None => write!(f, "{:9}", "")?,
            }
        }
        let bytes = self.0.iter().flat_map(|word| word.to_le_bytes());
        bytes.into_iter().try_for_each(|byte| {
            let shown = byte == b' ' || byte.is_ascii_graphic();
            write!(f, "{}", if shown { char::from(byte) } else { '.' })
        })
    }
}
