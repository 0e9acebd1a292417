//! A device description in the making: collects limits and refuses those that no device can have.

mod check;
mod error;

pub use error::LimitError;

use crate::cells::CellLimits;
use crate::device::DmaDevice;
use crate::limits::{DEFAULT_SEG_SIZE, Limits};
use crate::queries::Addressing;
use crate::reach::{DmaMask, MAX_WINDOWS, Reach};
use crate::restricted::RestrictedPool;
use arrayvec::ArrayVec;
use hal::{DmaWindow, RamMap};

/// A device's masks where nothing is said of them.
const DEFAULT_MASK: DmaMask = DmaMask::bits(32);

/// Collects a device's limits; [`build`](Self::build) checks them. There is no setter afterwards
/// (DEV-2).
#[derive(Clone, Debug)]
pub struct Builder {
    name: &'static str,
    windows: ArrayVec<DmaWindow, MAX_WINDOWS>,
    registers: ArrayVec<DmaWindow, MAX_WINDOWS>,
    windows_found: usize,
    mask: DmaMask,
    bus_limit: DmaMask,
    coherent_mask: Option<DmaMask>,
    limits: Limits,
    pool: Option<RestrictedPool>,
    quota: Option<u32>,
}

impl Builder {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            windows: ArrayVec::new(),
            registers: ArrayVec::new(),
            windows_found: 0,
            mask: DEFAULT_MASK,
            bus_limit: DmaMask::bits(64),
            limits: Limits::DEFAULT,
            coherent_mask: None,
            pool: None,
            quota: None,
        }
    }

    /// Binds the device to a restricted pool (`memory-region`): all that it is lent goes through that,
    /// and nothing but that has to be in its reach (RP-2). For a layer that has this pool: any other
    /// refuses every mapping.
    pub fn restricted(mut self, pool: RestrictedPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// The windows onto RAM (`dma-ranges` of every bus above it). None: identity.
    pub fn windows(mut self, windows: &[DmaWindow]) -> Self {
        self.windows_found = self.windows_found.max(windows.len());
        self.windows = windows.iter().copied().take(MAX_WINDOWS).collect();
        self
    }

    /// The windows onto registers (`ranges` of every bus above it).
    pub fn register_windows(mut self, windows: &[DmaWindow]) -> Self {
        self.windows_found = self.windows_found.max(windows.len());
        self.registers = windows.iter().copied().take(MAX_WINDOWS).collect();
        self
    }

    /// The highest address the device itself can emit.
    pub fn mask(mut self, mask: DmaMask) -> Self {
        self.mask = mask;
        self
    }

    /// The highest address the device can emit for memory that it shares with the CPU for good, such
    /// as rings of descriptors. Says nothing about buffers (MASK-4). What is said is proven, as the
    /// mask for buffers is (MASK-5); what is not is 32 bits, and nothing depends on it.
    pub fn coherent_mask(mut self, mask: DmaMask) -> Self {
        self.coherent_mask = Some(mask);
        self
    }

    /// Both masks at once.
    pub fn masks(self, mask: DmaMask) -> Self {
        self.mask(mask).coherent_mask(mask)
    }

    /// The highest address that every bridge above it passes.
    pub fn bus_limit(mut self, limit: DmaMask) -> Self {
        self.bus_limit = limit;
        self
    }

    /// The device snoops the caches.
    pub fn coherent(mut self) -> Self {
        self.limits.coherent = true;
        self
    }

    /// Lengths are multiples of `bytes`.
    pub fn granule(mut self, bytes: u64) -> Self {
        self.limits.granule = bytes;
        self
    }

    /// Address bits that bouncing must keep.
    pub fn min_align_mask(mut self, mask: u64) -> Self {
        self.limits.min_align_mask = mask;
        self
    }

    /// Addresses that no segment crosses. 0: the default, no such rule.
    pub fn seg_boundary_mask(mut self, mask: u64) -> Self {
        self.limits.seg_boundary_mask = if mask == 0 { u64::MAX } else { mask };
        self
    }

    /// Bytes of the longest segment of a list. 0: the default of 64 KiB.
    pub fn max_seg_size(mut self, bytes: u64) -> Self {
        self.limits.max_seg_size = if bytes == 0 { DEFAULT_SEG_SIZE } else { bytes };
        self
    }

    /// Segments that one transfer may have, and what all but the last are multiples of, in start and
    /// length. What is not said: one, so no lists.
    pub fn segments(mut self, max: u32, granule: u64) -> Self {
        self.limits.max_segments = max;
        self.limits.seg_granule = granule;
        self
    }

    /// Up to which lengths objects that must bounce do so through uncached cells: to be measured on the
    /// board. What is not said: [`CellLimits::DEFAULT`]. A device that snoops, has an alignment mask, or
    /// a segment boundary below 4 KiB, uses none.
    pub fn cells(mut self, limits: CellLimits) -> Self {
        self.limits.cells = limits;
        self
    }

    /// Slots of the bounce pool, of 2 KiB, that the device may have at a time, beside those that it
    /// reserves: so that it leaves some for others. Slots of transfers in quarantine count. What is not
    /// said: all there are.
    pub fn quota(mut self, slots: u32) -> Self {
        self.quota = Some(slots);
        self
    }

    /// The device is not believed to keep to what it is given: whatever it is lent by a bounce buffer has
    /// whole slots around it that show nobody's bytes, a line behind it at least, and all of it is looked at
    /// when the mapping ends ([`Overrun`](crate::Overrun)). It uses no cells, which have neighbours.
    pub fn untrusted(mut self) -> Self {
        self.limits.untrusted = true;
        self
    }

    /// The device, if such a device can exist in a machine with this RAM: whatever it is lent later,
    /// it reaches that, or a bounce buffer (MASK-5).
    pub fn build(self, ram: &RamMap<'_>) -> Result<DmaDevice, LimitError> {
        if self.windows_found > MAX_WINDOWS {
            return Err(LimitError::TooManyWindows {
                found: self.windows_found,
            });
        }
        check::limits(&self.limits)?;
        if self.quota == Some(0) {
            return Err(LimitError::NoSlots);
        }
        let reach = Reach {
            windows: self.windows,
            mask: self.mask,
            bus_limit: self.bus_limit,
        };
        let coherent = self.coherent_mask.map(|mask| Reach {
            mask,
            ..reach.clone()
        });
        match self.pool {
            None => {
                check::reach(&reach, ram)?;
                coherent.map_or(Ok(()), |reach| check::coherent(&reach, ram))?;
            }
            Some(pool) => {
                check::region(&reach, pool.region())?;
                coherent.map_or(Ok(()), |reach| check::region(&reach, pool.region()))?;
            }
        }
        let addressing = Addressing::of(&reach, ram);
        let cells = self.limits.cells.usable(&self.limits);
        let limits = Limits {
            cells,
            ..self.limits
        };
        Ok(DmaDevice::new(
            self.name,
            (reach, addressing),
            self.coherent_mask.unwrap_or(DEFAULT_MASK),
            (self.registers, ram),
            (limits, self.pool, self.quota),
        ))
    }
}

#[cfg(test)]
mod tests;
