//! Why nothing was reserved.

use core::fmt;
use hal::PhysRange;

/// Why nothing was reserved. Each formats to one line that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveError {
    /// There is no pool (`swiotlb=noforce`).
    NoPool,
    /// No cell, or cells of no byte.
    Nothing,
    /// The alignment is no power of two, or more than a chunk of the pool.
    Align {
        /// What was asked for, in bytes.
        bytes: u64,
    },
    /// No bounce buffer of this device can be so long.
    TooLong {
        /// Bytes wanted.
        len: u64,
        /// Bytes that fit for this device.
        max: u64,
    },
    /// As many devices as can have a reservation.
    TooMany {
        /// How many that is.
        max: usize,
    },
    /// There is no heap for the bookkeeping.
    NoHeap {
        /// Cells wanted.
        cells: usize,
    },
    /// The pool has too few such cells, and cannot grow by more.
    PoolFull {
        /// Cells wanted.
        cells: usize,
        /// Cells that there were.
        found: usize,
        /// Slots in each, in one run.
        slots: u32,
        /// Slots that are free without them.
        free: u32,
        /// Upper bound of the longest free run.
        largest_run: u32,
    },
    /// A cell lies where the device does not reach.
    Unreachable {
        /// Where.
        cell: PhysRange,
    },
}

impl fmt::Display for ReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoPool => write!(
                f,
                "0 slots to reserve from, there is no bounce pool: boot without swiotlb=noforce"
            ),
            Self::Nothing => write!(f, "nothing to reserve: give 1 cell of 1 byte at the least"),
            Self::Align { bytes } => write!(
                f,
                "cells cannot be aligned to {bytes} bytes: give a power of two up to 2 MiB"
            ),
            Self::TooLong { len, max } => write!(
                f,
                "cells of {len} bytes wanted, and at most {max} can bounce at once: reserve more, \
                 smaller ones"
            ),
            Self::TooMany { max } => write!(
                f,
                "all {max} reservations of the bounce pool are taken: give one up first"
            ),
            Self::NoHeap { cells } => write!(f, "no heap to note {cells} cells: reserve fewer"),
            Self::PoolFull {
                cells,
                found,
                slots,
                free,
                largest_run,
            } => write!(
                f,
                "{cells} cells of {slots} slots wanted, the bounce pool has {found} ({free} slots \
                 free, none longer than {largest_run} in a row): reserve fewer, or boot with a larger \
                 swiotlb= or swiotlb.max="
            ),
            Self::Unreachable { cell } => write!(
                f,
                "the bounce pool has {cell} for the device, which does not reach it: check dma-ranges"
            ),
        }
    }
}
