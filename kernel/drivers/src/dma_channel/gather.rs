//! Ends of a copy that are in several places: the segments of a mapped list, fed to control blocks.
//!
//! A control block has one source and one destination, so a chain is cut wherever one of them goes
//! on elsewhere. Segments but the last are whole words (the device's granule sees to it), hence the
//! blocks are.

use super::block::Side;
use core::iter::{Once, once};
use dma::Segment;

/// Bytes of one end that the channel finds in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    base: u32,
    len: u64,
}

impl Run {
    /// A segment, at an address as the channel's registers take it.
    pub(crate) fn of(segment: Segment) -> Self {
        Self {
            base: super::narrow(segment.bus),
            len: segment.len,
        }
    }

    /// All of an end that is in one place: it knows its length elsewhere.
    pub(crate) const fn whole(side: Side) -> Self {
        Self {
            base: side.base(),
            len: u64::MAX,
        }
    }
}

/// One end of a copy, handed out from its start on.
pub(crate) struct Feed<I> {
    side: Side,
    runs: I,
    at: u32,
    left: u64,
}

impl Feed<Once<Run>> {
    /// An end in one place.
    #[cfg(test)]
    pub(super) fn whole(side: Side) -> Self {
        Self::new(side, once(Run::whole(side)))
    }
}

/// The runs of an end in one place.
pub(super) fn one_run(side: Side) -> Once<Run> {
    once(Run::whole(side))
}

impl<I: Iterator<Item = Run>> Feed<I> {
    /// The end that is described by `side` and found at `runs`.
    pub(crate) fn new(side: Side, runs: I) -> Self {
        Self {
            side,
            runs,
            at: 0,
            left: 0,
        }
    }

    /// Its bits of the transfer information.
    pub(crate) fn info(&self) -> u32 {
        self.side.info()
    }

    /// Bytes that the next block may have of it.
    pub(crate) fn ready(&mut self) -> u64 {
        if self.left == 0 {
            let run = self.runs.next();
            let Run { base, len } = run.expect("runs are as long as the copy");
            (self.at, self.left) = (base, len);
        }
        self.left
    }

    /// Where the next `len` bytes are, of those that are ready.
    pub(crate) fn take(&mut self, len: u64) -> u32 {
        let at = self.at;
        self.at = self.side.behind(at, len);
        self.left -= len;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::Chain;
    use super::*;

    const FROM: Side = Side::listed(1 << 8);
    const TO: Side = Side::listed(1 << 4);

    fn runs<const N: usize>(list: [(u32, u64); N]) -> impl Iterator<Item = Run> {
        list.into_iter().map(|(base, len)| Run { base, len })
    }

    fn block(memory: &[u8], i: usize) -> [u32; 6] {
        core::array::from_fn(|word| {
            let at = i * 32 + word * 4;
            let bytes = memory[at..at + 4].try_into();
            u32::from_le_bytes(bytes.expect("four bytes"))
        })
    }

    #[test]
    fn sg_1_a_chain_is_cut_where_either_list_goes_on_elsewhere() {
        let source = Feed::new(FROM, runs([(0xC000_1000, 0x30), (0xC000_2000, 0x50)]));
        let dest = Feed::new(TO, runs([(0xC000_4000, 0x40), (0xC000_6000, 0x40)]));
        let mut memory = [0xFF; 128];
        let chain = Chain::new(0x80, 0x3FFF_FFFC, 4, 2).expect("fits");
        chain.write(&mut memory, 0xC010_0000, (source, dest));
        let go = 1 << 8 | 1 << 4 | 1 << 3;
        let wanted = [
            [go, 0xC000_1000, 0xC000_4000, 0x30, 0, 0xC010_0020],
            [go, 0xC000_2000, 0xC000_4030, 0x10, 0, 0xC010_0040],
            [go | 1, 0xC000_2010, 0xC000_6000, 0x40, 0, 0],
        ];
        assert_eq!([0, 1, 2].map(|i| block(&memory, i)), wanted);
        assert_eq!(block(&memory, 3), [u32::MAX; 6], "not ours to write");
    }

    #[test]
    fn sg_1_a_long_segment_is_cut_at_the_longest_block_and_what_follows_it_is_not_lost() {
        let source = Feed::new(FROM, runs([(0xC000_1000, 0xC0), (0xC000_8000, 0x40)]));
        let dest = Feed::whole(Side::advancing(0xC100_0000, 1 << 4));
        let mut memory = [0; 128];
        let chain = Chain::new(0x100, 0x80, 4, 1).expect("fits");
        chain.write(&mut memory, 0xC010_0000, (source, dest));
        let ends = |i| {
            let [_, from, to, len, ..] = block(&memory, i);
            (from, to, len)
        };
        assert_eq!(ends(0), (0xC000_1000, 0xC100_0000, 0x80));
        assert_eq!(ends(1), (0xC000_1080, 0xC100_0080, 0x40));
        assert_eq!(ends(2), (0xC000_8000, 0xC100_00C0, 0x40));
    }

    #[test]
    fn sg_2_lists_are_provided_for_by_what_they_may_have() {
        assert!(Chain::new(0x80, 0x80, 3, 2).is_ok());
        assert!(Chain::new(0x80, 0x80, 2, 2).is_err());
    }
}
