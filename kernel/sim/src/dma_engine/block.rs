//! Control blocks: what is legal in one, and the order of its moves. No machine, no channel.

use super::registers as reg;

/// Largest transfer of a lite channel: 64 KiB less a word.
const LITE_MAX: u32 = 65_532;

/// The six words that mean something, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) info: u32,
    pub(crate) source: u32,
    pub(crate) dest: u32,
    pub(crate) length: u32,
    pub(crate) stride: u32,
    pub(crate) next: u32,
}

impl Block {
    /// Checks the 32 bytes that were fetched. The error says what the chip does not define.
    pub(crate) fn parse(bytes: &[u8], lite: bool) -> Result<Self, &'static str> {
        let word = |i: usize| u32::from_le_bytes(std::array::from_fn(|b| bytes[4 * i + b]));
        let block = Self {
            info: word(0),
            source: word(1),
            dest: word(2),
            length: word(3),
            stride: word(4),
            next: word(5),
        };
        refuse(
            word(6) != 0 || word(7) != 0,
            "the last two words of a control block must be zero",
        )?;
        block.check_words()?;
        block.check_length(lite)?;
        if lite {
            block.check_lite().map(|()| block)
        } else {
            Ok(block)
        }
    }

    /// Is one of the bits in `mask` set in the transfer information?
    pub(crate) const fn has(&self, mask: u32) -> bool {
        self.info & mask != 0
    }

    fn check_words(&self) -> Result<(), &'static str> {
        refuse(self.has(reg::TI_RESERVED), "reserved bits set in TI")?;
        refuse(
            self.next & 31 != 0,
            "next control block not 32-byte aligned",
        )?;
        refuse(self.length >> 30 != 0, "reserved bits set in TXFR_LEN")
    }

    fn check_length(&self, lite: bool) -> Result<(), &'static str> {
        refuse(self.row_bytes() == 0, "length 0")?;
        refuse(
            !self.row_bytes().is_multiple_of(4),
            "length is not a multiple of 4",
        )?;
        refuse(
            lite && self.length > LITE_MAX,
            "longer than a lite channel can move",
        )
    }

    fn check_lite(&self) -> Result<(), &'static str> {
        refuse(
            self.has(reg::TI_TDMODE) || self.stride != 0,
            "2D mode on a lite channel",
        )?;
        let ignore = reg::TI_SRC_IGNORE | reg::TI_DEST_IGNORE;
        refuse(self.has(ignore), "IGNORE on a lite channel")?;
        let most = if self.has(reg::TI_SRC_WIDTH128) { 0 } else { 3 };
        let burst = self.info >> reg::TI_BURST_SHIFT & 0xF;
        refuse(
            burst > most,
            "burst longer than a lite channel's buffer: stalls the bus",
        )
    }

    const fn row_bytes(&self) -> u32 {
        if self.has(reg::TI_TDMODE) {
            self.length & 0xFFFF
        } else {
            self.length
        }
    }

    /// The first move.
    pub(crate) const fn start(&self) -> Cursor {
        let rows = if self.has(reg::TI_TDMODE) {
            self.length >> 16
        } else {
            0
        };
        Cursor {
            source: self.source,
            dest: self.dest,
            left: self.row_bytes(),
            rows,
        }
    }
}

fn refuse(bad: bool, why: &'static str) -> Result<(), &'static str> {
    if bad { Err(why) } else { Ok(()) }
}

/// Where the next word comes from and goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) source: u32,
    pub(crate) dest: u32,
    /// Bytes left in this row.
    left: u32,
    /// Rows left behind this one.
    rows: u32,
}

impl Cursor {
    /// What is left, as TXFR_LEN shows it.
    pub(crate) const fn length(self) -> u32 {
        self.rows << 16 | self.left
    }

    /// Moves on by a word; `None` behind the last.
    pub(crate) const fn advance(mut self, block: &Block) -> Option<Self> {
        if block.has(reg::TI_SRC_INC) {
            self.source = self.source.wrapping_add(4);
        }
        if block.has(reg::TI_DEST_INC) {
            self.dest = self.dest.wrapping_add(4);
        }
        self.left -= 4;
        match (self.left, self.rows) {
            (0, 0) => None,
            (0, _) => Some(self.next_row(block)),
            _ => Some(self),
        }
    }

    const fn next_row(self, block: &Block) -> Self {
        // Both halves are signed 16-bit numbers.
        let (source, dest) = (block.stride as u16 as i16, (block.stride >> 16) as i16);
        Self {
            source: self.source.wrapping_add_signed(source as i32),
            dest: self.dest.wrapping_add_signed(dest as i32),
            left: block.row_bytes(),
            rows: self.rows - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(words: [u32; 8]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn moves(block: &Block) -> Vec<(u32, u32)> {
        let mut at = Some(block.start());
        std::iter::from_fn(|| {
            let cursor = at?;
            at = cursor.advance(block);
            Some((cursor.source, cursor.dest))
        })
        .collect()
    }

    #[test]
    fn words_move_in_order_and_only_incremented_sides_advance() {
        let block = [reg::TI_SRC_INC, 0x100, 0x200, 8, 0, 0, 0, 0];
        let block = Block::parse(&bytes(block), false).expect("legal");
        assert_eq!(moves(&block), [(0x100, 0x200), (0x104, 0x200)]);
    }

    #[test]
    fn two_dimensions_are_rows_plus_one_with_signed_strides_behind_each() {
        let info = reg::TI_SRC_INC | reg::TI_DEST_INC | reg::TI_TDMODE;
        let stride = 8 << 16 | 0xFFFC;
        let block = [info, 0x100, 0x200, 1 << 16 | 4, stride, 0, 0, 0];
        let block = Block::parse(&bytes(block), false).expect("legal");
        assert_eq!(moves(&block), [(0x100, 0x200), (0x100, 0x20C)]);
    }

    #[test]
    fn what_the_chip_does_not_define_is_refused() {
        let legal = [0, 0x100, 0x200, 64, 0, 0, 0, 0];
        let wide = reg::TI_SRC_WIDTH128 | 1 << reg::TI_BURST_SHIFT;
        let cases: [(usize, u32, bool, &str); 13] = [
            (0, 1 << 2, false, "reserved bits set in TI"),
            (0, 1 << 27, false, "reserved bits set in TI"),
            (3, 0, false, "length 0"),
            (3, 66, false, "not a multiple of 4"),
            (3, 1 << 30 | 4, false, "TXFR_LEN"),
            (5, 16, false, "32-byte aligned"),
            (6, 1, false, "last two words"),
            (7, 1, false, "last two words"),
            (3, 65_536, true, "longer than a lite"),
            (0, reg::TI_TDMODE, true, "2D mode on a lite"),
            (0, reg::TI_SRC_IGNORE, true, "IGNORE on a lite"),
            (0, 4 << reg::TI_BURST_SHIFT, true, "burst"),
            (0, wide, true, "burst"),
        ];
        assert!(Block::parse(&bytes(legal), true).is_ok());
        for (index, word, lite, why) in cases {
            let mut words = legal;
            words[index] = word;
            let refused = Block::parse(&bytes(words), lite).expect_err(why);
            assert!(refused.contains(why), "{refused}");
        }
    }
}
