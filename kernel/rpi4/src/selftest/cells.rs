//! Small objects by uncached cells, through a real channel.

use super::bed::{intact, pattern};
use super::copy::copy;
use super::{Bed, Test, Verdict, attempt, check, fail};
use crate::layer::inspector;
use dma::{Bidirectional, FromDevice, ToDevice};

pub(super) const TESTS: &[Test] = &[(
    "small objects bounce by cells, which come back",
    small_objects,
)];

/// Offsets and lengths: of a cell's every part, and of several cells for the device.
const SHAPES: &[(u64, u64)] = &[(0, 64), (0, 1), (61, 3), (4, 16), (7, 63), (62, 5), (1, 33)];

fn small_objects(bed: &Bed) -> Verdict {
    let Some(before) = bed.used_cells() else {
        return Verdict::Skipped("nothing bounces by cells");
    };
    let counted = inspector().totals(bed.master());
    for &(offset, len) in SHAPES {
        let zone = bed.far_zone();
        let pages = (
            bed.pages(zone, offset, len, pattern),
            bed.pages(zone, 64 - offset % 64, len, |i| !pattern(i)),
        );
        let (Some(source), Some(dest)) = pages else {
            fail!("no pages for {len} bytes");
        };
        let (source, dest) = attempt!(
            copy(bed.first(), (source, ToDevice), (dest, FromDevice)),
            "there"
        );
        check!(
            intact(dest, pattern),
            "{len} bytes at {offset}: the destination is wrong"
        );
        let Some(dest) = bed.pages(zone, 0, len, |i| !pattern(i)) else {
            fail!("no pages for {len} bytes");
        };
        let (_, dest) = attempt!(
            copy(bed.first(), (source, Bidirectional), (dest, Bidirectional)),
            "there again"
        );
        check!(intact(dest, pattern), "{len} bytes both ways: wrong");
    }
    let totals = inspector().totals(bed.master());
    let by_cell = totals.by_cell - counted.by_cell;
    let wanted = 4 * SHAPES.len() as u64;
    check!(by_cell >= wanted, "{by_cell} by cells, {wanted} expected");
    let after = bed.used_cells();
    check!(after == Some(before), "{after:?} in use, {before} before");
    Verdict::Passed
}
