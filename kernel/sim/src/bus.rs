//! What a bus master sees of physical space.

use hal::{DmaAddr, DmaWindow, GIB, PhysAddr, PhysRange};
use std::fmt;

/// The windows of one master, and a name for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusView {
    name: &'static str,
    windows: Vec<DmaWindow>,
}

/// An address that leads a master nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusError {
    /// The master's bus.
    pub bus: &'static str,
    /// The address that it used.
    pub addr: DmaAddr,
    /// How many bytes it wanted.
    pub len: u64,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bus,
            addr,
            len,
            why,
        } = self;
        write!(f, "{bus} master at bus address {addr}, {len} bytes: {why}")
    }
}

impl BusView {
    /// A master that sees `windows`.
    pub const fn new(name: &'static str, windows: Vec<DmaWindow>) -> Self {
        Self { name, windows }
    }

    /// The legacy masters of the BCM2711: the first GiB at `C0000000`, nothing else (HW-1).
    pub fn legacy() -> Self {
        Self::single("legacy", 0, 0xC000_0000, GIB)
    }

    /// A master that sees all of the first 16 GiB at its own address (HW-4).
    pub fn identity() -> Self {
        Self::single("identity", 0, 0, 16 * GIB)
    }

    /// A master with one window: `len` bytes at `phys`, shown at `bus`. Panics if either side is
    /// empty or wraps.
    pub fn single(name: &'static str, phys: u64, bus: u64, len: u64) -> Self {
        let phys = PhysRange::new(PhysAddr::new(phys), len).expect("the caller's constants");
        let window = DmaWindow::new(phys, DmaAddr::new(bus)).expect("the caller's constants");
        Self::new(name, vec![window])
    }

    /// The windows, in the order given.
    pub fn windows(&self) -> &[DmaWindow] {
        &self.windows
    }

    /// The physical bytes behind `len` bytes at `addr`. All must lie in one window.
    pub fn resolve(&self, addr: DmaAddr, len: u64) -> Result<PhysRange, BusError> {
        let start = self.windows.iter().find_map(|w| w.to_phys(addr));
        let start = start.ok_or_else(|| {
            self.error(
                addr,
                len,
                "no window there (bare physical address, or a wrong alias?)",
            )
        })?;
        let range = PhysRange::new(start, len);
        let range = range.map_err(|_| self.error(addr, len, "empty or wrapping access"))?;
        let whole = self.windows.iter().any(|w| w.to_bus(range) == Some(addr));
        whole
            .then_some(range)
            .ok_or_else(|| self.error(addr, len, "runs out of its window"))
    }

    /// The bus address of `range`, if one window shows all of it.
    pub fn to_bus(&self, range: PhysRange) -> Option<DmaAddr> {
        self.windows.iter().find_map(|w| w.to_bus(range))
    }

    pub(crate) const fn error(&self, addr: DmaAddr, len: u64, why: &'static str) -> BusError {
        BusError {
            bus: self.name,
            addr,
            len,
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_masters_find_ram_only_through_the_uncached_alias() {
        let bus = BusView::legacy();
        let ram = bus
            .resolve(DmaAddr::new(0xD000_0000), 64)
            .expect("in the window");
        assert_eq!(ram.start().get(), 0x1000_0000);
        for wrong in [0x1000_0000, 0x4000_0000, 0x9000_0000, 0x1_0000_0000] {
            let error = bus.resolve(DmaAddr::new(wrong), 64).expect_err("no window");
            assert!(error.to_string().contains("no window"), "{error}");
        }
    }

    #[test]
    fn an_access_that_leaves_its_window_is_refused_whole() {
        let bus = BusView::legacy();
        assert!(bus.resolve(DmaAddr::new(0xFFFF_FFC0), 64).is_ok());
        assert!(bus.resolve(DmaAddr::new(0xFFFF_FFC0), 65).is_err());
    }
}
