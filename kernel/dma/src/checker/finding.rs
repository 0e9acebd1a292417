//! What a driver did wrong, in one line: device, cause, both values, the place that mapped it.

use super::live::{CALLERS, Call, Live};
use crate::direction::Dir;
use crate::guard::Overrun;
use core::fmt;
use hal::PhysRange;

/// A wrong use, as far as the types leave any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whose.
    pub device: &'static str,
    /// What.
    pub cause: Cause,
    /// Return addresses of what mapped it, or of what maps it now, innermost first.
    pub callers: [u64; CALLERS],
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing is mapped there (DBG-1).
    Unknown {
        /// Bus address.
        addr: u64,
        /// Bytes.
        len: u64,
    },
    /// An address that no mapping can have: all ones, which elsewhere means an error (DBG-2).
    Sentinel,
    /// Unmapped with another length (DBG-3).
    Length {
        /// Bus address.
        addr: u64,
        /// What map was given.
        mapped: u64,
        /// What unmap was given.
        len: u64,
    },
    /// Unmapped by another kind of call (DBG-4).
    Call {
        /// Bus address.
        addr: u64,
        /// What it was mapped by.
        mapped: Call,
        /// What it was unmapped by.
        call: Call,
    },
    /// Unmapped, or synced, in another direction (DBG-7, DBG-10).
    Direction {
        /// Bus address.
        addr: u64,
        /// What map was given.
        mapped: Dir,
        /// What is given now.
        dir: Dir,
    },
    /// A sync that no mapping contains (DBG-8).
    OutOfRange {
        /// Bus address.
        addr: u64,
        /// Bytes.
        len: u64,
        /// Bytes from there to the end of the mapping there; 0 if there is none.
        mapped: u64,
    },
    /// Memory that is not for devices (DBG-12, DBG-13, DBG-14, DBG-18).
    Memory {
        /// What was mapped.
        block: PhysRange,
        /// What it is.
        is: NotForDevices,
    },
    /// A segment of a list is longer than the device takes (DBG-15).
    Segment {
        /// Bus address.
        addr: u64,
        /// Its bytes.
        len: u64,
        /// What the device takes.
        max: u64,
    },
    /// A segment of a list crosses a boundary of the device's (DBG-15).
    Boundary {
        /// Bus address.
        addr: u64,
        /// Its bytes.
        len: u64,
        /// The device's mask.
        mask: u64,
    },
    /// A line is shared with another live mapping (DBG-16).
    Overlap {
        /// What is mapped now.
        block: PhysRange,
        /// What was mapped before.
        other: PhysRange,
        /// By whom.
        by: &'static str,
    },
    /// So many share a line that somebody forgets to unmap (OV-3).
    Crowd {
        /// What is mapped now.
        block: PhysRange,
        /// Live mappings on its lines.
        count: u32,
    },
    /// A device wrote where nothing of its own is (CP-4, CP-8).
    Overran(Overrun),
    /// A device went away, and mappings of it are live (DBG-17).
    Left {
        /// How many.
        count: u32,
        /// The one with the lowest address.
        one: Live,
    },
}

/// Memory that no driver may map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotForDevices {
    /// A stack of the kernel (DBG-12).
    Stack,
    /// The kernel's text (DBG-13).
    Text,
    /// Its read-only data (DBG-13).
    ReadOnly,
    /// No RAM of the linear map (DBG-14, DBG-18).
    NotRam,
}

impl NotForDevices {
    const fn words(self) -> &'static str {
        match self {
            Self::Stack => "a stack of the kernel: use memory of the heap",
            Self::Text => "the kernel's text: use memory of the heap",
            Self::ReadOnly => "the kernel's read-only data: copy it first",
            Self::NotRam => "not RAM: use map_resource for registers",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dma-debug: {}: {}", self.device, self.cause)?;
        let callers = self.callers.iter().filter(|caller| **caller != 0);
        for (at, caller) in callers.enumerate() {
            let before = if at == 0 { "; mapped at" } else { " <" };
            write!(f, "{before} {caller:#x}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unknown { addr, len } => {
                write!(f, "unmap of {len} bytes at {addr:#x} that are not mapped")
            }
            Self::Sentinel => write!(f, "unmap of the address {:#x}: map had failed", u64::MAX),
            Self::Length { addr, mapped, len } => {
                write!(f, "{mapped} bytes mapped at {addr:#x}, {len} unmapped")
            }
            Self::Call { addr, mapped, call } => {
                write!(f, "mapped as {mapped:?} at {addr:#x}, unmapped as {call:?}")
            }
            Self::Direction { addr, mapped, dir } => {
                write!(f, "mapped {mapped:?} at {addr:#x}, now {dir:?}")
            }
            Self::OutOfRange { addr, len, mapped } => write!(
                f,
                "sync of {len} bytes at {addr:#x}, of which {mapped} are mapped"
            ),
            Self::Memory { block, is } => write!(f, "map of {block}, {}", is.words()),
            Self::Segment { addr, len, max } => write!(
                f,
                "segment of {len} bytes at {addr:#x}, longer than the device's {max}"
            ),
            Self::Boundary { addr, len, mask } => write!(
                f,
                "segment of {len} bytes at {addr:#x} crosses a multiple of {mask:#x} + 1"
            ),
            Self::Overlap { block, other, by } => write!(
                f,
                "map of {block} shares a cache line with {other}, mapped for {by}"
            ),
            Self::Crowd { block, count } => write!(
                f,
                "map of {block} shares cache lines with {count} live mappings: one is never unmapped"
            ),
            Self::Overran(overrun) => overrun.fmt(f),
            Self::Left { count, one } => write!(
                f,
                "removed with {count} mappings live, one of them {:?} of {} bytes at {:#x}",
                one.dir, one.len, one.bus
            ),
        }
    }
}
