//! Addresses on one side of a chain of buses, and on the other.
//!
//! Each bus has a list of windows, and the first one that holds an address decides (TR-2). Windows
//! of a real tree may overlap; they are cut here so that they no longer do. Then every address has
//! one meaning, a bus address that is looked up backwards is the one the hardware translates, and
//! chains of buses compose window by window.

use super::TreeError;
use super::info::push;
use arrayvec::ArrayVec;
use hal::{DmaAddr, DmaWindow, PhysAddr, PhysRange};

/// Windows of one translation, at most.
pub const MAX_WINDOWS: usize = 8;

type Windows = ArrayVec<DmaWindow, MAX_WINDOWS>;

/// How an address on a bus relates to the CPU's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Translation {
    /// The same number on both sides, without limit.
    Identity,
    /// Only through these windows, of which there may be none. Disjoint on the bus side.
    Windows(Windows),
}

impl Translation {
    /// Nothing is visible.
    pub(super) const fn nothing() -> Self {
        Self::Windows(Windows::new_const())
    }

    /// The windows, or `None` for the identity.
    pub fn windows(&self) -> Option<&[DmaWindow]> {
        match self {
            Self::Identity => None,
            Self::Windows(windows) => Some(windows),
        }
    }

    /// Where a master finds `block`, if the whole block is in one window (TR-4).
    pub fn to_bus(&self, block: PhysRange) -> Option<DmaAddr> {
        match self {
            Self::Identity => Some(DmaAddr::new(block.start().get())),
            Self::Windows(windows) => windows.iter().find_map(|window| window.to_bus(block)),
        }
    }

    /// The `len` bytes that a master reaches at `addr`, if one window has all of them.
    pub fn to_phys(&self, addr: DmaAddr, len: u64) -> Option<PhysRange> {
        match self {
            Self::Identity => PhysRange::new(PhysAddr::new(addr.get()), len).ok(),
            Self::Windows(windows) => windows
                .iter()
                .find_map(|w| w.phys().slice(addr.offset_from(w.bus())?, len)),
        }
    }

    /// Adds `window` behind those that are there: it counts only where they say nothing.
    pub(super) fn add(&mut self, window: DmaWindow) -> Result<(), TreeError> {
        let Self::Windows(windows) = self else {
            *self = Self::nothing();
            return self.add(window);
        };
        let mut pieces = Windows::from_iter([window]);
        for earlier in windows.iter() {
            pieces = without(&pieces, earlier)?;
        }
        pieces
            .into_iter()
            .try_for_each(|piece| push(windows, piece, "bus windows"))
    }

    /// The translation that a bus with `self` has below a bus with `above`.
    pub(super) fn through(&self, above: &Self) -> Result<Self, TreeError> {
        let (Self::Windows(near), Self::Windows(far)) = (self, above) else {
            return Ok(if *self == Self::Identity { above } else { self }.clone());
        };
        let mut both = Windows::new();
        for (near, far) in near
            .iter()
            .flat_map(|near| far.iter().map(move |far| (near, far)))
        {
            if let Some(window) = joined(near, far) {
                push(&mut both, window, "bus windows")?;
            }
        }
        Ok(Self::Windows(both))
    }
}

/// What is left of `pieces` where `earlier` does not already decide.
fn without(pieces: &[DmaWindow], earlier: &DmaWindow) -> Result<Windows, TreeError> {
    let mut left = Windows::new();
    let (first, end) = (
        earlier.bus().get(),
        earlier.bus().get() + earlier.phys().len(),
    );
    for piece in pieces {
        let parts = [between(piece, 0, first), between(piece, end, u64::MAX)];
        for part in parts.into_iter().flatten() {
            push(&mut left, part, "bus windows")?;
        }
    }
    Ok(left)
}

/// The part of `window` whose bus addresses lie in `[from, to)`.
fn between(window: &DmaWindow, from: u64, to: u64) -> Option<DmaWindow> {
    let bus = window.bus().get();
    let start = from.max(bus);
    let end = to.min(bus + window.phys().len());
    let phys = window.phys().slice(start - bus, end.checked_sub(start)?)?;
    DmaWindow::new(phys, DmaAddr::new(start)).ok()
}

/// The bus side of `near` and the CPU side of `far`, where the CPU side of `near` is the bus side
/// of `far`.
fn joined(near: &DmaWindow, far: &DmaWindow) -> Option<DmaWindow> {
    let far_bus = PhysRange::new(PhysAddr::new(far.bus().get()), far.phys().len()).ok()?;
    let shared = near.phys().intersection(far_bus)?;
    let bus = near.to_bus(shared)?;
    let phys = far
        .phys()
        .slice(shared.start().offset_from(far_bus.start())?, shared.len())?;
    DmaWindow::new(phys, bus).ok()
}
