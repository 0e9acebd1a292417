//! What of RAM is spoken for before the kernel takes the rest.

use crate::file::File;
use crate::information::Machine;
use boot::Image;
use hal::{PAGE, PhysAddr, PhysRange};
use mm::{Claim, ClaimKind};

/// Everything in RAM that is not for the allocator: what the loader put there, and what the tree
/// reserves.
pub(super) fn all<'a>(
    machine: &'a Machine,
    image: &Image,
    file: File,
) -> impl Iterator<Item = Claim<'a>> + use<'a> {
    let own = [
        Some(claim("parked cores", parking_page(), ClaimKind::Reserved)),
        Some(claim("kernel image", image.phys(), ClaimKind::Image)),
        machine.tree.map(|range| loaded("device tree", range)),
        file.range().map(|range| loaded("initial RAM disk", range)),
    ];
    own.into_iter().flatten().chain(reserved(machine))
}

/// What the tree reserves.
fn reserved(machine: &Machine) -> impl Iterator<Item = Claim<'_>> {
    machine.info.reservations.iter().map(|reservation| {
        let kind = if reservation.no_map {
            ClaimKind::NoMap
        } else if reservation.pool {
            ClaimKind::Offered
        } else {
            ClaimKind::Reserved
        };
        claim(&reservation.name, reservation.range, kind)
    })
}

/// Page 0: the firmware's cores wait there for their release (words at D8 to F0).
fn parking_page() -> PhysRange {
    PhysRange::new(PhysAddr::new(0), PAGE).expect("a page")
}

fn loaded(name: &str, range: PhysRange) -> Claim<'_> {
    claim(name, range, ClaimKind::Loaded)
}

fn claim(name: &str, range: PhysRange, kind: ClaimKind) -> Claim<'_> {
    Claim { name, range, kind }
}
