//! What a command word must look like.

use super::card::{BLOCK, Reply};

pub(super) const DATA: u32 = 1 << 21;
pub(super) const READ: u32 = 1 << 4;
pub(super) const MULTI: u32 = 1 << 5;
pub(super) const AUTO_STOP: u32 = 1 << 2;
const COUNTED: u32 = 1 << 1;

/// Answer bits of the commands that the model knows: type, CRC check, index check.
fn answer(index: u8) -> u32 {
    match index {
        0 => 0,
        2 | 9 => 0b0_1001,
        41 => 0b0_0010,
        7 | 12 => 0b1_1011,
        3 | 6 | 8 | 13 | 16 | 17 | 18 | 24 | 25 | 55 => 0b1_1010,
        _ => panic!("CMD{index} is not in this model"),
    }
}

/// A command as it was written.
#[derive(Clone, Copy)]
pub(super) struct Word(pub(super) u32);

impl Word {
    pub(super) const fn index(self) -> u8 {
        (self.0 >> 24 & 0x3F) as u8
    }

    pub(super) const fn has(self, bits: u32) -> bool {
        self.0 & bits != 0
    }

    pub(super) const fn is_busy(self) -> bool {
        self.0 >> 16 & 3 == 3
    }

    /// Panics on a word that does not fit its command.
    pub(super) fn check(self, blocks: u32) {
        let index = self.index();
        assert_eq!(self.0 & 0xC0C0_FFC8, 0, "CMD{index}: reserved bits, or DMA");
        assert_eq!(self.0 >> 16 & 0x1F, answer(index), "CMD{index}: answer");
        let moves = matches!(index, 17 | 18 | 24 | 25);
        assert_eq!(self.has(DATA), moves, "CMD{index}: data");
        if moves {
            self.check_data(index, blocks);
        }
    }

    fn check_data(self, index: u8, blocks: u32) {
        assert_eq!(self.has(READ), index < 20, "CMD{index}: direction");
        let many = matches!(index, 18 | 25);
        for bit in [MULTI, COUNTED, AUTO_STOP] {
            assert_eq!(self.has(bit), many, "CMD{index}: mode {:#x}", self.0);
        }
        assert_eq!(blocks & 0xFFFF, BLOCK as u32, "CMD{index}: block size");
        assert_ne!(blocks >> 16, 0, "CMD{index}: block count");
    }
}

/// The response registers. A long answer lacks its CRC, the lowest byte.
pub(super) fn response(reply: Reply) -> [u32; 4] {
    match reply {
        Reply::Silence => [0; 4],
        Reply::Short(word) => [word, 0, 0, 0],
        Reply::Long(bits) => [0, 32, 64, 96].map(|at| (bits >> 8 >> at) as u32),
    }
}
