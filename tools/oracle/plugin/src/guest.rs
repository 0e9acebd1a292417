//! The guest's registers and memory, and who called.

use crate::values::{Bytes, Register};
use oracle::masters::Ram;
use oracle::windows::Windows;
use std::cell::RefCell;
use std::collections::HashMap;

/// Callers that are told.
const DEPTH: usize = 16;

/// The way to the guest's state.
pub(crate) struct Guest {
    bytes: RefCell<Bytes>,
    /// `x0` to `x30`.
    registers: Vec<Register>,
    stack: Option<Register>,
    identity: Option<Register>,
    last: Running,
}

/// The core that ran last, and the page that its stack pointer was in.
#[derive(Clone, Copy)]
struct Running {
    core: u8,
    page: u64,
}

const PAGE: u64 = 4096;

impl Guest {
    pub(crate) fn new() -> Self {
        Self {
            bytes: RefCell::new(Bytes::new()),
            registers: Vec::new(),
            stack: None,
            identity: None,
            last: Running { core: 0, page: 0 },
        }
    }

    /// The registers have the same handles on every core.
    pub(crate) fn learn(&mut self, named: &HashMap<String, Register>) {
        let general = (0..31).map_while(|n| named.get(&format!("x{n}")).copied());
        self.registers = general.collect();
        self.stack = named.get("sp").copied();
        self.identity = named.get("VMPIDR_EL2").copied();
    }

    /// Finds out which core runs. The number that the emulator gives with a callback is that of the
    /// core for which the block was translated first: all cores share the translation.
    ///
    /// A register tells, and reading that one is slow. No two cores have their stacks in one page.
    pub(crate) fn identify(&mut self) {
        let page = self.value(self.stack) / PAGE;
        if page == 0 || page != self.last.page {
            let core = (self.value(self.identity) % oracle::CORES as u64) as u8;
            self.last = Running { core, page };
        }
    }

    /// The core that runs.
    #[inline]
    pub(crate) fn core(&self) -> u8 {
        self.last.core
    }

    fn value(&self, register: Option<Register>) -> u64 {
        let value = register.and_then(|register| self.bytes.borrow_mut().register(register));
        value.unwrap_or(0)
    }

    /// The value of `x{number}`; 31 is zero.
    pub(crate) fn register(&self, number: u8) -> u64 {
        self.value(self.registers.get(usize::from(number)).copied())
    }

    fn pair(&self, virt: u64) -> Option<(u64, u64)> {
        let mut bytes = self.bytes.borrow_mut();
        let (first, second) = bytes.memory(virt, 16)?.split_at(8);
        let word = |bytes: &[u8]| Some(u64::from_le_bytes(bytes.try_into().ok()?));
        Some((word(first)?, word(second)?))
    }

    /// Return addresses from the frames of the core that the callback is about.
    pub(crate) fn callers(&self) -> Vec<u64> {
        let mut frame = self.register(29);
        let mut callers = Vec::new();
        while frame != 0 && frame.is_multiple_of(16) && callers.len() < DEPTH {
            let Some((next, caller)) = self.pair(frame) else {
                break;
            };
            if caller == 0 {
                break;
            }
            callers.push(caller);
            frame = next;
        }
        callers
    }
}

/// RAM by the windows that show it.
pub(crate) struct Seen<'a> {
    pub(crate) guest: &'a Guest,
    pub(crate) windows: &'a Windows,
}

impl Ram for Seen<'_> {
    fn read(&self, phys: u64, to: &mut [u8]) -> bool {
        let mut bytes = self.guest.bytes.borrow_mut();
        for virt in self.windows.virt(phys) {
            if let Some(found) = bytes.memory(virt, to.len()) {
                to.copy_from_slice(found);
                return true;
            }
        }
        false
    }
}
