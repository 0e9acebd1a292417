//! Which objects go by cells: a device's limits, and what its other limits leave of them. Pure.

use super::{MOST_BYTES, WORD_BYTES};
use crate::direction::Dir;
use crate::limits::Limits;

/// Bytes up to which objects that must bounce do so through uncached cells. 0: never.
///
/// The CPU only stores to cells of objects for the device, and those stores are buffered. From others it
/// loads, and waits for memory each time: so the limits differ. They are guesses until they are measured
/// on the board, for each device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellLimits {
    /// Of objects that the device only reads; at most [`MOST_BYTES`].
    pub to_device: u64,
    /// Of objects that the device writes, whether it reads them or not; at most [`MOST_BYTES`].
    pub from_device: u64,
}

impl CellLimits {
    /// What holds where nothing is said.
    pub const DEFAULT: Self = Self {
        to_device: 256,
        from_device: 64,
    };
    /// No cells.
    pub const OFF: Self = Self {
        to_device: 0,
        from_device: 0,
    };

    /// The larger one.
    pub(crate) const fn most(self) -> u64 {
        if self.to_device > self.from_device {
            self.to_device
        } else {
            self.from_device
        }
    }

    /// Bytes of the longest object that moves in direction `dir`.
    #[inline]
    pub(crate) const fn of(self, dir: Dir) -> u64 {
        match dir {
            Dir::ToDevice => self.to_device,
            Dir::FromDevice | Dir::Bidirectional => self.from_device,
        }
    }

    /// What is left of them for a device with these limits.
    pub(crate) const fn usable(self, limits: &Limits) -> Self {
        let aligned = limits.min_align_mask != 0;
        let crossed = limits.seg_boundary_mask < WORD_BYTES - 1;
        if limits.coherent || aligned || crossed || limits.untrusted {
            return Self::OFF;
        }
        self
    }
}

const _: () = assert!(CellLimits::DEFAULT.most() <= MOST_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Limits = Limits::DEFAULT;

    fn usable(limits: &Limits) -> CellLimits {
        CellLimits::DEFAULT.usable(limits)
    }

    #[test]
    fn a_device_without_demands_gets_64_bytes_and_256_that_it_only_reads() {
        let limits = usable(&ALL);
        assert_eq!(limits.of(Dir::ToDevice), 256);
        assert_eq!(limits.of(Dir::FromDevice), 64);
        assert_eq!(limits.of(Dir::Bidirectional), 64);
    }

    #[test]
    fn an_alignment_mask_a_close_boundary_and_a_device_that_snoops_do_without() {
        let min_align_mask = 1;
        let aligned = Limits {
            min_align_mask,
            ..ALL
        };
        assert_eq!(usable(&aligned), CellLimits::OFF);
        let coherent = true;
        assert_eq!(usable(&Limits { coherent, ..ALL }), CellLimits::OFF);
        for (seg_boundary_mask, off) in [(0x3F, true), (0x7FF, true), (0xFFF, false)] {
            let close = Limits {
                seg_boundary_mask,
                ..ALL
            };
            assert_eq!(usable(&close) == CellLimits::OFF, off);
        }
    }
}
