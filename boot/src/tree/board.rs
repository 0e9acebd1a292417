//! What RAM a board of this family can have.
//!
//! Sources: BCM2711 ARM Peripherals, 1.2 (address map); Raspberry Pi revision codes.

use super::info::push;
use super::{Banks, TreeError};
use arrayvec::ArrayVec;
use hal::{GIB, MIB, PhysAddr, PhysRange};

/// Registers hide the RAM from here to 4 GiB.
const PERIPHERALS: u64 = 0xFC00_0000;
const PERIPHERALS_END: u64 = 4 * GIB;
/// The memory controller decodes no more.
const RAM_END: u64 = 16 * GIB;
/// Above its share, the VideoCore leaves the rest of RAM alone.
const VIDEOCORE_END: u64 = GIB;

const NEW_STYLE: u32 = 1 << 23;
const BCM2711: u32 = 3;

/// Bytes of RAM on a board with this revision code; `None` if the code is not one of this family.
pub fn memory_of_revision(code: u32) -> Option<u64> {
    let (memory, processor) = ((code >> 20) & 7, (code >> 12) & 0xF);
    let known = code & NEW_STYLE != 0 && processor == BCM2711 && (2..=5).contains(&memory);
    known.then(|| (256 * MIB) << memory)
}

/// The RAM of a board with `memory` bytes, of which the VideoCore owns the part from `videocore`
/// up to 1 GiB.
pub fn banks_of(memory: u64, videocore: PhysAddr) -> Banks {
    [
        (0, videocore.get().min(VIDEOCORE_END).min(memory)),
        (VIDEOCORE_END, memory.min(PERIPHERALS)),
        (PERIPHERALS_END, memory.min(RAM_END)),
    ]
    .into_iter()
    .filter_map(|(start, end)| PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).ok())
    .collect()
}

/// What `banks` and `limits` have in common: the built-in tree names the largest board's RAM, and
/// the revision code says how much of it there is.
pub fn clip(banks: &Banks, limits: &Banks) -> Result<Banks, TreeError> {
    let mut clipped = Banks::new();
    for bank in banks {
        for part in limits.iter().filter_map(|limit| bank.intersection(*limit)) {
            push(&mut clipped, part, "banks")?;
        }
    }
    Ok(clipped)
}

/// Can this be RAM on this chip?
pub(super) fn is_ram(bank: PhysRange) -> bool {
    let (start, end) = (bank.start().get(), bank.end().get());
    end <= PERIPHERALS || (start >= PERIPHERALS_END && end <= RAM_END)
}

/// Sorts `entries` and joins those that touch. Those that overlap contradict each other.
pub(super) fn merged<const N: usize>(
    entries: &mut ArrayVec<PhysRange, N>,
) -> Result<Banks, TreeError> {
    entries.sort_unstable_by_key(|entry| entry.start());
    let mut banks = Banks::new();
    for &second in entries.iter() {
        match banks.last_mut() {
            Some(first) if first.overlaps(second) => {
                let first = *first;
                return Err(TreeError::BanksOverlap { first, second });
            }
            Some(first) if first.end() == second.start() => *first = joined(*first, second),
            _ => push(&mut banks, second, "banks")?,
        }
    }
    Ok(banks)
}

fn joined(first: PhysRange, second: PhysRange) -> PhysRange {
    PhysRange::between(first.start(), second.end()).expect("both are ranges, and in this order")
}
