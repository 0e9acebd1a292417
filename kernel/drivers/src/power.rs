//! The PM block: watchdog, reset and power off (BCM2711 has no public chapter; the layout is that
//! of the BCM283x family).
//!
//! Every store carries a password in its top byte; without it the block ignores the store.

use crate::reg::Reg;
use hal::Mmio;
use tock_registers::register_bitfields;

register_bitfields! {u32,
    Rstc [
        /// 2: full reset when the watchdog expires.
        WRCFG OFFSET(4) NUMBITS(2) [FullReset = 2]
    ]
}

const RSTC: Reg<Rstc::Register> = Reg::at(0x1C);
const RSTS: Reg = Reg::at(0x20);
const WDOG: Reg = Reg::at(0x24);

const PASSWORD: u32 = 0x5A00_0000;
/// RSTS: boot partition 63, spread over the even bits: the boot loader halts instead of booting.
const PARTITION_HALT: u32 = 0x555;
/// Sixteen ticks of 1/65536 s: long enough for the store to arrive.
const SOON: u32 = 10;

/// Reset and power off.
pub struct Power<M> {
    io: M,
}

impl<M: Mmio> Power<M> {
    /// The block behind `io`.
    pub const fn new(io: M) -> Self {
        Self { io }
    }

    /// Starts a full reset. It happens within a millisecond; the caller waits for it.
    pub fn reset(&mut self) {
        WDOG.set(&mut self.io, PASSWORD | SOON);
        let kept = RSTC.read(&mut self.io).get() & 0x00FF_FFFF & !Rstc::WRCFG::SET.value;
        RSTC.set(&mut self.io, PASSWORD | kept | Rstc::WRCFG::FullReset.value);
    }

    /// Powers off: a reset into a boot loader that halts.
    pub fn off(&mut self) {
        let kept = RSTS.read(&mut self.io).get() & 0x00FF_FFFF;
        RSTS.set(&mut self.io, PASSWORD | kept | PARTITION_HALT);
        self.reset();
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{vec, vec::Vec};

    /// Ignores stores without the password, as the chip does.
    #[derive(Default)]
    struct Block {
        words: [u32; 16],
        order: Vec<usize>,
    }

    impl Mmio for Block {
        fn read32(&mut self, offset: usize) -> u32 {
            self.words[offset / 4]
        }
        fn write32(&mut self, offset: usize, value: u32) {
            assert_eq!(value >> 24, 0x5A, "ignored by the chip: no password");
            self.words[offset / 4] = value & 0x00FF_FFFF;
            self.order.push(offset);
        }
    }

    #[test]
    fn a_reset_arms_the_watchdog_before_it_says_what_expiry_means() {
        let mut block = Block::default();
        block.words[0x1C / 4] = 0x102;
        Power::new(&mut block).reset();
        assert_eq!(block.order, vec![0x24, 0x1C]);
        assert_eq!(block.words[0x1C / 4], 0x122);
    }

    #[test]
    fn power_off_names_the_halt_partition_first() {
        let mut block = Block::default();
        block.words[0x20 / 4] = 0x1000;
        Power::new(&mut block).off();
        assert_eq!(block.order, vec![0x20, 0x24, 0x1C]);
        assert_eq!(block.words[0x20 / 4], 0x1555);
    }
}
