//! What was asked of the machine, in order and in numbers.

use hal::{Access, DmaAddr, PhysAddr, PhysRange};
use std::collections::VecDeque;

/// One request, as it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// [`hal::Platform::clean`].
    Clean(PhysRange),
    /// [`hal::Platform::clean_invalidate`].
    CleanInvalidate(PhysRange),
    /// [`hal::Platform::invalidate`].
    Invalidate(PhysRange),
    /// [`hal::Platform::complete`].
    Complete,
    /// [`hal::Platform::publish`].
    Publish,
    /// [`hal::Platform::acquire`].
    Acquire,
    /// [`hal::Platform::copy`].
    Copy {
        /// Source.
        from: PhysAddr,
        /// Destination.
        to: PhysAddr,
        /// Bytes.
        len: u64,
    },
    /// [`hal::Platform::copy_clean`].
    CopyClean {
        /// Source.
        from: PhysAddr,
        /// Destination.
        to: PhysAddr,
        /// Bytes.
        len: u64,
    },
    /// [`hal::Platform::zero`].
    Zero(PhysRange),
    /// [`hal::Platform::copy_to_uncached`].
    CopyToUncached {
        /// Source.
        from: PhysAddr,
        /// Destination.
        to: PhysAddr,
        /// Bytes.
        len: u64,
    },
    /// [`hal::Platform::copy_from_uncached`].
    CopyFromUncached {
        /// Source.
        from: PhysAddr,
        /// Destination.
        to: PhysAddr,
        /// Bytes.
        len: u64,
    },
    /// [`hal::Platform::zero_uncached`].
    ZeroUncached(PhysRange),
    /// [`hal::Platform::fill_uncached`].
    FillUncached(PhysRange, u8),
    /// [`hal::Platform::find_other_uncached`].
    LookUncached(PhysRange),
    /// [`hal::Platform::view`].
    View(PhysRange, Access),
    /// [`hal::Platform::end_view`].
    EndView(PhysRange, Access),
    /// A device read RAM.
    DeviceRead(PhysRange),
    /// A device wrote RAM.
    DeviceWrite(PhysRange),
    /// A DMA engine takes up a control block.
    Transfer {
        /// Its source.
        from: DmaAddr,
        /// Its destination.
        to: DmaAddr,
        /// Its length register.
        len: u32,
    },
    /// A register store that makes a device look at RAM.
    Doorbell,
    /// A register load that may tell that a device is done with RAM.
    StatusRead,
    /// A register store to a controller model.
    RegisterWrite {
        /// Bytes into its block.
        offset: usize,
        /// What was stored.
        value: u32,
    },
}

/// Work done since the machine was built, or since [`Machine::reset_counters`](crate::Machine::reset_counters).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lines cleaned (`copy_clean` included).
    pub lines_cleaned: u64,
    /// Lines cleaned and invalidated.
    pub lines_clean_invalidated: u64,
    /// Lines invalidated.
    pub lines_invalidated: u64,
    /// Calls of `complete`.
    pub completes: u64,
    /// Calls of `publish`.
    pub publishes: u64,
    /// Calls of `acquire`.
    pub acquires: u64,
    /// Bytes copied by the CPU.
    pub bytes_copied: u64,
    /// Bytes zeroed by the CPU.
    pub bytes_zeroed: u64,
    /// Bytes of uncached memory that the CPU loaded or stored, those copied and zeroed included.
    pub bytes_uncached: u64,
    /// Bytes read by devices.
    pub device_bytes_read: u64,
    /// Bytes written by devices.
    pub device_bytes_written: u64,
    /// What the adversary did.
    pub adversary_moves: u64,
}

/// The latest requests and all counts.
#[derive(Default)]
pub(crate) struct Journal {
    ops: VecDeque<Op>,
    pub(crate) counters: Counters,
}

/// Requests kept: enough for any test that asserts an order, bounded for those that run for long.
const KEPT: usize = 1 << 14;

impl Journal {
    pub(crate) fn push(&mut self, op: Op) {
        if self.ops.len() == KEPT {
            self.ops.pop_front();
        }
        self.ops.push_back(op);
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        self.ops.iter().copied().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.ops.clear();
    }
}
