//! What can happen to the machine.

use super::Transfer;
use crate::a64::{Barrier, LineOp};
use crate::finding::{Master, Part};

/// By which way the CPU reaches memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// Through its caches.
    Cache,
    /// By a mapping that is not cacheable.
    Uncached,
}

/// Something that happens on a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Loads of RAM.
    Load {
        /// Where.
        phys: u64,
        /// Bytes.
        len: u64,
        /// How; without effect while the core's caches are off.
        through: Through,
    },
    /// Stores to RAM.
    Store {
        /// Where.
        phys: u64,
        /// Bytes.
        len: u64,
        /// How; without effect while the core's caches are off.
        through: Through,
    },
    /// A cache operation on a line.
    Line {
        /// Which.
        op: LineOp,
        /// An address in the line.
        phys: u64,
    },
    /// A cache operation by set and way.
    SetWay {
        /// Without writing back.
        drops: bool,
    },
    /// A barrier.
    Barrier(Barrier),
    /// MMU and caches of the core are switched.
    Caches {
        /// On, or off.
        on: bool,
    },
    /// A doorbell: a master has all it needs to read and write.
    Start(Transfer),
    /// The CPU has loaded a master's status.
    Status(Master),
    /// The CPU knows that a master is done, or has stopped it.
    End(Master),
    /// A master was given an address that it must not have.
    Outside {
        /// Who.
        master: Master,
        /// What for.
        part: Part,
        /// As it was given.
        bus: u64,
        /// Bytes from there.
        len: u64,
    },
    /// Maintenance of an address that nobody can place.
    Unplaced,
}
