//! Control blocks: what a channel reads to know what to move.
//!
//! A block is eight little-endian words on a multiple of 32 bytes: what to do, source, destination,
//! length, stride, the next block's address or 0, and two words of nothing. A copy that is longer
//! than one block may move becomes a chain.

use super::gather::{Feed, Run};
use super::registers::Ti;
use core::fmt;
use hal::LINE;

/// Bytes of a block, and its alignment.
pub const BLOCK: u64 = 32;

/// Bytes that the engine moves at a time: lengths are multiples of it.
pub const GRANULE: u64 = 4;

/// Why a copy cannot be made into a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainError {
    /// More blocks than the channel has memory for.
    TooLong {
        /// Bytes to copy.
        len: u64,
        /// The most that fits.
        max: u64,
    },
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooLong { len, max } = self;
        write!(
            f,
            "{len} bytes do not fit into the channel's chain, which moves {max}"
        )
    }
}

/// One end of a copy as control blocks describe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    base: u32,
    /// Does each word have an address of its own?
    advances: bool,
    /// Its bits of the transfer information.
    info: u32,
}

impl Side {
    /// Memory from `base` on.
    pub(crate) const fn advancing(base: u32, info: u32) -> Self {
        Self {
            base,
            advances: true,
            info,
        }
    }

    /// A register at `base`.
    pub(crate) const fn fixed(base: u32, info: u32) -> Self {
        Self {
            base,
            advances: false,
            info,
        }
    }

    /// Memory whose runs are told apart from this.
    pub(crate) const fn listed(info: u32) -> Self {
        Self::advancing(0, info)
    }

    pub(crate) const fn base(self) -> u32 {
        self.base
    }

    pub(crate) const fn info(self) -> u32 {
        self.info
    }

    /// Where the word `by` bytes behind the one at `addr` is. No sum of 32 bits wraps: a mapping's last
    /// byte has an address.
    pub(crate) const fn behind(self, addr: u32, by: u64) -> u32 {
        if self.advances {
            addr.wrapping_add(by as u32)
        } else {
            addr
        }
    }
}

/// How a copy is cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    len: u64,
    /// Bytes of each block but the last: whole lines, so that every cut falls on one if the start
    /// does.
    step: u64,
}

impl Chain {
    /// A copy of `len` bytes, at most `max_block` each, in at most `blocks` blocks. Either end may be
    /// in several places, so that there are `cuts` more at most.
    pub(crate) fn new(
        len: u64,
        max_block: u64,
        blocks: u64,
        cuts: u64,
    ) -> Result<Self, ChainError> {
        let blocks = blocks.saturating_sub(cuts);
        let step = if len <= max_block {
            len
        } else {
            max_block & !(LINE - 1)
        };
        if len.div_ceil(step) > blocks {
            return Err(ChainError::TooLong {
                len,
                max: step.saturating_mul(blocks),
            });
        }
        Ok(Self { len, step })
    }

    /// Writes the chain into `memory`, which the channel finds at `base`. A block ends where it is as
    /// long as can be, or either end goes on elsewhere.
    pub(crate) fn write<S, T>(
        self,
        memory: &mut [u8],
        base: u32,
        (mut source, mut dest): (Feed<S>, Feed<T>),
    ) where
        S: Iterator<Item = Run>,
        T: Iterator<Item = Run>,
    {
        let common = source.info() | dest.info();
        let mut left = self.len;
        for (i, bytes) in memory.chunks_exact_mut(BLOCK as usize).enumerate() {
            let len = self.step.min(left).min(source.ready()).min(dest.ready());
            left -= len;
            let last = left == 0;
            // Wraps no more than the addresses do: the blocks lie in a mapping as well.
            let next = if last {
                0
            } else {
                base + (i + 1) as u32 * BLOCK as u32
            };
            let words = [
                info(last) | common,
                source.take(len),
                dest.take(len),
                len as u32,
                0,
                next,
            ];
            put(bytes, &words);
            if last {
                return;
            }
        }
        unreachable!("`new` counted the blocks");
    }
}

/// What every block says: the interrupt comes with the last one, when its last write has been
/// answered.
fn info(last: bool) -> u32 {
    let common = Ti::WAIT_RESP::SET;
    if last {
        (common + Ti::INTEN::SET).value
    } else {
        common.value
    }
}

fn put(bytes: &mut [u8], words: &[u32]) {
    bytes.fill(0);
    for (word, place) in words.iter().zip(bytes.chunks_exact_mut(4)) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: Side = Side::advancing(0xC020_0000, 1 << 8);
    const TO: Side = Side::advancing(0xC030_0000, 1 << 4);

    fn words(memory: &[u8], block: usize) -> [u32; 8] {
        let mut words = [0; 8];
        let bytes = &memory[block * 32..block * 32 + 32];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        }
        words
    }

    #[test]
    fn a_short_copy_is_one_block_with_an_interrupt() {
        let mut memory = [0xFF; 64];
        let chain = Chain::new(100, 0x3FFF_FFFC, 2, 0).expect("fits");
        chain.write(
            &mut memory,
            0xC010_0000,
            (Feed::whole(FROM), Feed::whole(TO)),
        );
        let info = 1 << 8 | 1 << 4 | 1 << 3 | 1;
        assert_eq!(
            words(&memory, 0),
            [info, 0xC020_0000, 0xC030_0000, 100, 0, 0, 0, 0]
        );
        assert_eq!(
            words(&memory, 1),
            [u32::MAX; 8],
            "the second block was not ours to write"
        );
    }

    #[test]
    fn a_long_copy_is_a_chain_that_ends_and_interrupts_once() {
        let mut memory = [0; 96];
        let chain = Chain::new(0x2_0004, 0xFFFC, 3, 0).expect("fits");
        chain.write(
            &mut memory,
            0xC010_0000,
            (Feed::whole(FROM), Feed::whole(TO)),
        );
        let (go, last) = (1 << 8 | 1 << 4 | 1 << 3, 1 << 8 | 1 << 4 | 1 << 3 | 1);
        let step = 0xFFC0;
        assert_eq!(
            words(&memory, 0)[..6],
            [go, 0xC020_0000, 0xC030_0000, step, 0, 0xC010_0020]
        );
        assert_eq!(
            words(&memory, 1)[..6],
            [go, 0xC020_FFC0, 0xC030_FFC0, step, 0, 0xC010_0040]
        );
        assert_eq!(
            words(&memory, 2)[..6],
            [last, 0xC021_FF80, 0xC031_FF80, 0x84, 0, 0]
        );
    }

    #[test]
    fn every_block_of_a_chain_reads_a_register_at_the_same_address() {
        let mut memory = [0; 64];
        let chain = Chain::new(0x1_0000, 0xFFFC, 2, 0).expect("fits");
        let port = Side::fixed(0x7E30_0020, 11 << 16 | 1 << 10);
        chain.write(
            &mut memory,
            0xC010_0000,
            (Feed::whole(port), Feed::whole(TO)),
        );
        let info = 11 << 16 | 1 << 10 | 1 << 4 | 1 << 3;
        assert_eq!(words(&memory, 0)[..3], [info, 0x7E30_0020, 0xC030_0000]);
        assert_eq!(words(&memory, 1)[..3], [info | 1, 0x7E30_0020, 0xC030_FFC0]);
    }

    #[test]
    fn a_chain_that_does_not_fit_says_what_would() {
        let error = Chain::new(0x2_0000, 0xFFFC, 2, 0).err();
        assert_eq!(
            error,
            Some(ChainError::TooLong {
                len: 0x2_0000,
                max: 0x1_FF80
            })
        );
    }
}
