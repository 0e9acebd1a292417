//! Lines and bytes of a range: the arithmetic of cache lines, and nothing else.

use hal::{LINE, PhysAddr, PhysRange};

/// The line at or around `addr`.
pub(crate) fn line_of(addr: PhysAddr) -> PhysAddr {
    addr.align_down(LINE)
}

/// First addresses of the lines that intersect `range`.
pub(crate) fn lines_of(range: PhysRange) -> impl Iterator<Item = PhysAddr> {
    let (first, last) = (line_of(range.start()).get(), range.last().get());
    (first..=last).step_by(LINE as usize).map(PhysAddr::new)
}

/// `range` cut at line borders.
pub(crate) fn pieces_of(range: PhysRange) -> impl Iterator<Item = PhysRange> {
    lines_of(range).filter_map(move |line| whole(line).intersection(range))
}

pub(crate) fn whole(line: PhysAddr) -> PhysRange {
    PhysRange::new(line, LINE).expect("lines lie in banks, which do not wrap")
}

pub(crate) fn bytes(range: PhysRange) -> usize {
    usize::try_from(range.len()).expect("banks fit in memory")
}

pub(crate) fn span(at: PhysAddr, len: usize) -> PhysRange {
    PhysRange::new(at, len as u64).expect("accesses are not empty and stay in a bank")
}

/// Which bytes of `line` lie in `range`, a bit each.
pub(crate) fn mask_of(line: PhysAddr, range: PhysRange) -> u64 {
    let Some(part) = whole(line).intersection(range) else {
        return 0;
    };
    let below = part.start().get() - line.get();
    (u64::MAX >> (LINE - part.len())) << below
}

/// Stretches of one bits in `mask`, lowest first: start and length.
pub(crate) fn runs(mask: u64) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = mask.checked_shr(at).filter(|rest| *rest != 0)?;
        let start = at + rest.trailing_zeros();
        let len = (mask >> start).trailing_ones();
        at = start + len;
        Some((start as usize, len as usize))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, len: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), len).expect("valid")
    }

    #[test]
    fn masks_name_the_bytes_of_a_line_that_a_range_covers() {
        let line = PhysAddr::new(0x1040);
        assert_eq!(mask_of(line, range(0x1000, 0x100)), u64::MAX);
        assert_eq!(mask_of(line, range(0x1042, 3)), 0b11100);
        assert_eq!(mask_of(line, range(0x107F, 9)), 1 << 63);
        assert_eq!(mask_of(line, range(0x1080, 9)), 0);
    }

    #[test]
    fn runs_are_the_stretches_between_views() {
        assert_eq!(runs(u64::MAX).collect::<Vec<_>>(), [(0, 64)]);
        assert_eq!(runs(0).count(), 0);
        assert_eq!(
            runs(0x8000_0000_0000_00F1).collect::<Vec<_>>(),
            [(0, 1), (4, 4), (63, 1)]
        );
    }
}
