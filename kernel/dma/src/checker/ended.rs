//! What is wrong about a call for a mapping that there is, or is not: its end, a sync, its segments.

use super::finding::Cause;
use super::live::{CALLERS, Call, EXACT, Live};
use super::state::Checker;
use crate::device::{DeviceId, DmaDevice};
use crate::direction::Dir;
use crate::guard::Overrun;
use arrayvec::ArrayVec;
use hal::{DmaAddr, Platform};

impl<P: Platform> Checker<P> {
    /// A mapping was ended.
    pub(super) fn unmapped(
        &self,
        device: &DmaDevice,
        (bus, len): (u64, u64),
        dir: Dir,
        call: Call,
    ) {
        let points = |live: &Live| {
            u32::from(live.len == len) + u32::from(live.dir == dir) + u32::from(live.call == call)
        };
        let taken = {
            let mut inner = self.inner.lock();
            if !inner.on {
                return;
            }
            inner.list.take(device.id(), bus, points)
        };
        let Some(live) = taken else {
            let unknown = Cause::Unknown { addr: bus, len };
            let cause = if bus == u64::MAX {
                Cause::Sentinel
            } else {
                unknown
            };
            return self.note(device.name(), &[cause], [0; CALLERS]);
        };
        if points(&live) == EXACT {
            return;
        }
        let addr = bus;
        let (mapped, was, by) = (live.len, live.dir, live.call);
        let length = (mapped != len).then_some(Cause::Length { addr, mapped, len });
        let other = (was != dir).then_some(Cause::Direction {
            addr,
            mapped: was,
            dir,
        });
        let kind = (by != call).then_some(Cause::Call {
            addr,
            mapped: by,
            call,
        });
        let causes: ArrayVec<Cause, 3> = [length, other, kind].into_iter().flatten().collect();
        self.note(device.name(), &causes, live.callers);
    }

    /// A part was synced.
    pub(super) fn synced(&self, device: &DmaDevice, (bus, len): (u64, u64), dir: Dir) {
        let found = {
            let inner = self.inner.lock();
            if !inner.on || len == 0 {
                return;
            }
            let fits = |live: &Live| bus - live.bus + len <= live.len && agree(live.dir, dir);
            inner.list.holding(device.id(), bus, fits)
        };
        let (cause, callers) = match found {
            None => (
                Cause::OutOfRange {
                    addr: bus,
                    len,
                    mapped: 0,
                },
                [0; CALLERS],
            ),
            Some(live) if len > live.len - (bus - live.bus) => {
                let mapped = live.len - (bus - live.bus);
                (
                    Cause::OutOfRange {
                        addr: bus,
                        len,
                        mapped,
                    },
                    live.callers,
                )
            }
            Some(live) if !agree(live.dir, dir) => {
                let mapped = live.dir;
                (
                    Cause::Direction {
                        addr: bus,
                        mapped,
                        dir,
                    },
                    live.callers,
                )
            }
            Some(_) => return,
        };
        self.note(device.name(), &[cause], callers);
    }

    /// A device wrote where nothing of its own is; `of` leads to the mapping, if there is one.
    pub(crate) fn overran(
        &self,
        device: &'static str,
        of: Option<(DeviceId, DmaAddr)>,
        overrun: Overrun,
    ) {
        let mapped = |(id, bus): (DeviceId, DmaAddr)| {
            self.inner.lock().list.holding(id, bus.get(), |_| true)
        };
        let callers = of
            .and_then(mapped)
            .map_or([0; CALLERS], |live| live.callers);
        self.note(device, &[Cause::Overran(overrun)], callers);
    }

    /// A segment goes to a device.
    pub(super) fn segment(&self, device: &DmaDevice, addr: u64, len: u64) {
        let (max, mask) = (
            device.limits().max_seg_size,
            device.limits().seg_boundary_mask,
        );
        let long = (len > max).then_some(Cause::Segment { addr, len, max });
        let crosses = addr & !mask != (addr + (len - 1)) & !mask;
        let crosses = crosses.then_some(Cause::Boundary { addr, len, mask });
        let causes: ArrayVec<Cause, 2> = [long, crosses].into_iter().flatten().collect();
        self.note(device.name(), &causes, [0; CALLERS]);
    }
}

/// May a part be synced in this direction? What goes both ways may be synced either way (DBG-10).
fn agree(mapped: Dir, dir: Dir) -> bool {
    mapped == dir || mapped == Dir::Bidirectional
}

#[cfg(test)]
mod tests;
