//! Cache maintenance by address, to the point of coherency.
//!
//! RAM of the linear map is maintained through [`Board`](crate::Board). These calls take virtual
//! addresses and are for what is not in it: statics of the image that the firmware reads before
//! there is a linear map.
//!
//! Two instructions per line (the operation and the step) are what the instruction set allows, so
//! runs of lines go through a block of 16, entered in its middle for what is left over; one line
//! alone takes a single instruction. Nothing is complete before `Platform::complete`.
//!
//! Context: any. Source: Cortex-A72 TRM, "Cache maintenance operations"; Arm ARM, "DC CVAC" ff.

#![expect(unsafe_code, reason = "cache instructions are assembly")]

use core::arch::asm;
use hal::{CacheLines, LINE};

/// `{op}` on the line at `first` and `more` lines behind it.
macro_rules! line_loop {
    ($op:literal, $first:expr, $more:expr) => {
        asm!(
            // First what is left over by sixteens, 1 to 16: enter the block that many pairs before its end.
            "and {skip}, {more}, #15",
            "adr {entry}, 3f - 8",
            "sub {entry}, {entry}, {skip}, lsl #3",
            "lsr {more}, {more}, #4",
            "br {entry}",
            "2: sub {more}, {more}, #1",
            ".rept 16",
            concat!("dc ", $op, ", {line}"),
            "add {line}, {line}, #64",
            ".endr",
            "3: cbnz {more}, 2b",
            line = inout(reg) $first => _,
            more = inout(reg) $more => _,
            skip = out(reg) _,
            entry = out(reg) _,
            options(nostack, preserves_flags),
        )
    };
}

macro_rules! operation {
    ($(#[$doc:meta])* $name:ident, $op:literal) => {
        $(#[$doc])*
        #[inline]
        pub unsafe fn $name(start: u64, last: u64) {
            let first = start & !(LINE - 1);
            let more = (start % LINE + (last - start)) / LINE;
            if more == 0 {
                // SAFETY: our caller vouches for the line; the instruction has no other effect.
                unsafe { asm!(concat!("dc ", $op, ", {0}"), in(reg) first, options(nostack, preserves_flags)) };
            } else {
                // SAFETY: as above, for each line from the first to the one that holds `last`.
                unsafe { line_loop!($op, first, more) };
            }
        }
    };
}

operation! {
    /// Writes the lines of `start..=last` back.
    ///
    /// # Safety
    /// The virtual range is mapped, and does not wrap.
    clean, "cvac"
}

operation! {
    /// Writes the lines of `start..=last` back and drops them.
    ///
    /// # Safety
    /// The virtual range is mapped, and does not wrap.
    clean_invalidate, "civac"
}

operation! {
    /// Drops the lines of `start..=last`, unwritten.
    ///
    /// # Safety
    /// The virtual range is mapped and writable and does not wrap, and nobody misses what the CPU
    /// stored to these lines and did not clean.
    invalidate, "ivac"
}

/// Line sizes from `CTR_EL0`.
pub(crate) fn lines() -> CacheLines {
    let ctr = crate::cpu::ctr();
    // Both fields are log2 of words of 4 bytes: DminLine at 16, CWG at 24 (0: unknown, the most).
    let words = |shift: u32| 1 << (ctr >> shift & 0xF);
    let writeback = match ctr >> 24 & 0xF {
        0 => 2048,
        _ => 4 * words(24),
    };
    CacheLines {
        smallest: 4 * words(16),
        writeback,
    }
}
