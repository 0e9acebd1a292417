//! What stands at a peripheral bus address that a transfer reads or writes.

use std::ops::Range;

/// A device register that is the source or target of a transfer. Called with the engine locked: it
/// must not call the engine.
pub trait Port: Send {
    /// The engine loads the word at `offset` bytes into the port's range.
    fn read32(&mut self, offset: u32) -> u32;

    /// The engine stores to the word at `offset` bytes into the port's range.
    fn write32(&mut self, offset: u32, value: u32);

    /// Is the request line up? Asked before each word of a transfer that is paced by it.
    fn ready(&mut self) -> bool {
        true
    }
}

/// The ports, by bus address.
#[derive(Default)]
pub(crate) struct Ports(Vec<(Range<u32>, Box<dyn Port>)>);

/// Peripheral registers on the legacy bus.
const PERIPHERALS: Range<u32> = 0x7C00_0000..0x8000_0000;

/// Is `addr` a register rather than RAM?
pub(crate) fn is_register(addr: u32) -> bool {
    PERIPHERALS.contains(&addr)
}

impl Ports {
    pub(crate) fn attach(&mut self, range: Range<u32>, port: Box<dyn Port>) {
        let registers = is_register(range.start) && is_register(range.end - 1);
        assert!(
            registers,
            "{range:#x?} is not in the peripherals' bus range"
        );
        self.0.push((range, port));
    }

    /// The port at `addr` and the offset into it. Panics if there is none.
    pub(crate) fn at(&mut self, addr: u32) -> (&mut dyn Port, u32) {
        assert!(
            addr.is_multiple_of(4),
            "register at {addr:#x} is not a word"
        );
        let port = self.0.iter_mut().find(|(range, _)| range.contains(&addr));
        let (range, port) = port.unwrap_or_else(|| panic!("no port at bus address {addr:#x}"));
        (port.as_mut(), addr - range.start)
    }
}
