//! What one control block of a legacy channel asks for.

use crate::model::Range;

/// Bytes of a control block.
pub(super) const LEN: u64 = 32;

/// Transfer information.
const TDMODE: u32 = 1 << 1;
const DEST_INC: u32 = 1 << 4;
const DEST_IGNORE: u32 = 1 << 7;
const SRC_INC: u32 = 1 << 8;
const SRC_IGNORE: u32 = 1 << 11;

/// Source or destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) bus: u64,
    /// Each word has an address of its own.
    pub(super) advances: bool,
    /// Bytes from the end of a row to the start of the next.
    pub(super) stride: i64,
}

/// A control block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ControlBlock {
    pub(super) source: Option<Side>,
    pub(super) dest: Option<Side>,
    row: u64,
    rows: u64,
    pub(super) next: u64,
}

impl ControlBlock {
    pub(super) fn parse(bytes: &[u8; LEN as usize]) -> Self {
        let word = |i: usize| {
            let word = bytes[4 * i..4 * i + 4].try_into();
            u32::from_le_bytes(word.expect("four bytes"))
        };
        let (info, len, strides) = (word(0), word(3), word(4));
        let two = info & TDMODE != 0;
        let side = |bus: u32, ignored: u32, advances: u32, stride: u32| {
            (info & ignored == 0).then(|| Side {
                bus: u64::from(bus),
                advances: info & advances != 0,
                // 16 bits, signed.
                stride: if two {
                    i64::from(stride as u16 as i16)
                } else {
                    0
                },
            })
        };
        Self {
            source: side(word(1), SRC_IGNORE, SRC_INC, strides),
            dest: side(word(2), DEST_IGNORE, DEST_INC, strides >> 16),
            row: u64::from(if two { len & 0xFFFF } else { len & 0x3FFF_FFFF }),
            // The field has one less than the number of rows.
            rows: if two {
                u64::from(len >> 16 & 0x3FFF) + 1
            } else {
                1
            },
            next: u64::from(word(5)),
        }
    }

    /// The stretches on the bus that a side uses, those that touch put together.
    pub(super) fn stretches(&self, side: Side) -> Vec<Range> {
        let len = if side.advances { self.row } else { 4 };
        if self.row == 0 {
            return Vec::new();
        }
        let step = side.stride + if side.advances { self.row as i64 } else { 0 };
        let mut all: Vec<Range> = Vec::new();
        for row in 0..self.rows as i64 {
            let start = side.bus.wrapping_add_signed(row * step);
            match all.last_mut() {
                Some(last) if last.start + last.len == start => last.len += len,
                Some(last) if last.start == start && last.len == len => {}
                _ => all.push(Range::new(start, len)),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(words: [u32; 6]) -> ControlBlock {
        let mut bytes = [0; 32];
        for (word, place) in words.iter().zip(bytes.chunks_exact_mut(4)) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        ControlBlock::parse(&bytes)
    }

    #[test]
    fn a_linear_copy_has_one_stretch_on_each_side() {
        let block = block([
            SRC_INC | DEST_INC,
            0xC020_0000,
            0xC030_0000,
            0x1_0004,
            0,
            0xC010_0020,
        ]);
        assert_eq!(
            block.stretches(block.source.unwrap()),
            [Range::new(0xC020_0000, 0x1_0004)]
        );
        assert_eq!(
            block.stretches(block.dest.unwrap()),
            [Range::new(0xC030_0000, 0x1_0004)]
        );
        assert_eq!(block.next, 0xC010_0020);
    }

    #[test]
    fn a_port_is_one_word_and_an_ignored_side_is_none() {
        let block = block([DEST_INC | SRC_IGNORE, 0, 0xC030_0000, 8, 0, 0]);
        assert_eq!(block.source, None);
        let port = Side {
            bus: 0x7E30_0020,
            advances: false,
            stride: 0,
        };
        assert_eq!(block.stretches(port), [Range::new(0x7E30_0020, 4)]);
    }

    #[test]
    fn rows_are_apart_by_their_stride() {
        // Three rows of 16 bytes; the source skips 48 after each, the destination none.
        let words = [
            TDMODE | SRC_INC | DEST_INC,
            0xC020_0000,
            0xC030_0000,
            2 << 16 | 16,
            48,
            0,
        ];
        let block = block(words);
        assert_eq!(
            block.stretches(block.source.unwrap()),
            [0, 64, 128].map(|at| Range::new(0xC020_0000 + at, 16))
        );
        assert_eq!(
            block.stretches(block.dest.unwrap()),
            [Range::new(0xC030_0000, 48)]
        );
    }

    #[test]
    fn a_stride_may_lead_back() {
        let back = u32::from(-16i16 as u16);
        let block = block([TDMODE | SRC_INC, 0xC020_0000, 0, 1 << 16 | 16, back, 0]);
        assert_eq!(
            block.stretches(block.source.unwrap()),
            [Range::new(0xC020_0000, 16)]
        );
    }
}
