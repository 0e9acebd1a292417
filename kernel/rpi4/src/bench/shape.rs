//! How full a pool is while calls are counted, and with what holes.

use super::fill::{InUse, Source};
use super::{Stand, Trouble};
use dma::DmaDevice;
use dma::swiotlb::SLOT;
use hal::KIB;

/// What is in use.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// So many, one behind the other, each as long as what is counted.
    Contig(u64),
    /// So many of every hundred that fit, the same way.
    Percent(u64),
    /// So many single slots, anywhere.
    Random(u64),
    /// Every other slot.
    Checkerboard,
    /// One slot in each 256 KiB.
    OnePer256K,
    /// All, each as long as what is counted.
    Full,
    /// All but the last.
    HoleAtEnd,
    /// All but the first and the last.
    HolesAtEnds,
}

use Shape::{Checkerboard, Contig, Full, HoleAtEnd, HolesAtEnds, OnePer256K, Percent, Random};

/// The cases, by their names in the table.
const SHAPES: [(&str, Shape); 14] = [
    ("contig", Contig(0)),
    ("contig", Contig(100)),
    ("contig", Contig(1000)),
    ("contig", Percent(50)),
    ("contig", Percent(90)),
    ("full", Full),
    ("one_hole_last", HoleAtEnd),
    ("one_hole_first_and_last", HolesAtEnds),
    // As many as were in use where the others were counted.
    ("random_10pct_used", Random(3185)),
    ("random_50pct_used", Random(16_300)),
    ("random_75pct_used", Random(24_477)),
    ("random_90pct_used", Random(29_379)),
    ("checkerboard", Checkerboard),
    ("one_live_per_256K", OnePer256K),
];

/// The same of a device with an alignment mask, whose runs have few places to start at.
const RARE: [(&str, Shape); 4] = [
    ("rare_contig", Contig(0)),
    ("rare_full", Full),
    ("rare_checkerboard", Checkerboard),
    ("rare_random_90pct", Random(29_379)),
];

/// Counts one case for requests of a device and a size.
type Count = fn(&Stand, &DmaDevice, (&'static str, Shape), u64) -> Result<(), Trouble>;

/// Counts every case, for each of the sizes.
pub(super) fn any_place(stand: &Stand, sizes: &[u64], count: Count) -> Result<(), Trouble> {
    for &size in sizes {
        for case in SHAPES {
            count(stand, &stand.devices.plain, case, size)?;
        }
    }
    Ok(())
}

/// Counts the rare ones, for a page.
pub(super) fn rare_place(stand: &Stand, count: Count) -> Result<(), Trouble> {
    RARE.into_iter()
        .try_for_each(|case| count(stand, &stand.devices.masked, case, hal::PAGE))
}

impl Shape {
    /// Takes slots until it is so. `same` takes runs as long as what is counted, `single` slots.
    pub(super) fn of<'s, S: Source>(
        self,
        same: &'s S,
        single: &'s S,
        capacity: u64,
    ) -> InUse<'s, S> {
        match self {
            Contig(count) => InUse::some(same, count),
            Percent(percent) => InUse::some(same, capacity * percent / 100),
            Random(count) => InUse::all(single).random(count),
            Checkerboard => InUse::all(single).only(|at| at / SLOT % 2 == 1),
            OnePer256K => InUse::all(single).only(|at| at % (256 * KIB) == 0),
            Full => InUse::all(same),
            HoleAtEnd | HolesAtEnds => {
                let all = InUse::all(same);
                let (first, last) = all.ends();
                let both = matches!(self, HolesAtEnds);
                all.only(|at| at != last && !(both && at == first))
            }
        }
    }
}
