//! What is wrong about a mapping that is made, or left behind.

use super::finding::{Cause, NotForDevices};
use super::live::Live;
use super::state::Checker;
use crate::device::DmaDevice;
use arrayvec::ArrayVec;
use hal::{PhysRange, Platform};

/// OV-3: where the count saturates.
const CROWD: u32 = 7;

impl<P: Platform> Checker<P> {
    /// A mapping was made. `skips` says that it carries the attributes by which a line may be shared.
    pub(super) fn mapped(&self, device: &DmaDevice, live: Live, skips: bool) {
        let mut causes: ArrayVec<Cause, 2> = ArrayVec::new();
        causes.extend(self.memory(device, live.block));
        let full = {
            let mut inner = self.inner.lock();
            if !inner.on {
                return;
            }
            if !skips {
                causes.extend(overlap(&live, inner.list.sharing(&live)));
            }
            let full = inner.list.add(live).is_err();
            if full {
                (inner.on, inner.overflowed) = (false, true);
            }
            full
        };
        self.note(live.device, &causes, live.callers);
        if full {
            (self.kick)();
        }
    }

    fn memory(&self, device: &DmaDevice, block: PhysRange) -> Option<Cause> {
        let mut parts = self.forbidden.iter();
        let found = parts.find(|(part, _)| part.overlaps(block));
        let is = match found {
            Some((_, is)) => *is,
            None if !device.ends_in_ram(block) => NotForDevices::NotRam,
            None => return None,
        };
        Some(Cause::Memory { block, is })
    }

    /// A device goes away: how many mappings it leaves (DBG-17).
    pub(crate) fn removed(&self, device: &DmaDevice) -> u32 {
        let (count, one) = self.inner.lock().list.of(device.id());
        if let Some(one) = one {
            let cause = Cause::Left { count, one };
            self.note(device.name(), &[cause], one.callers);
        }
        count
    }
}

/// What is wrong about lines that others have.
fn overlap(live: &Live, (count, one): (u32, Option<Live>)) -> Option<Cause> {
    let (block, other) = (live.block, one?);
    if count >= CROWD {
        return Some(Cause::Crowd { block, count });
    }
    Some(Cause::Overlap {
        block,
        other: other.block,
        by: other.device,
    })
}
