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
mod tests {
    use super::super::options::{Level, Options};
    use super::super::state::Forbidden;
    use super::*;
    use hal::RamMap;
    use sim::Machine;

    #[test]
    fn dbg_15_segments_that_a_device_does_not_take() {
        let machine = Machine::default();
        let ram: RamMap<'_> = machine.ram();
        let builder = DmaDevice::builder("d").windows(machine.bus().windows());
        let device = builder
            .segments(4, 4)
            .max_seg_size(0x1000)
            .seg_boundary_mask(0xFFFF);
        let device = device.build(&ram).expect("valid");
        let options = Options {
            level: Level::On,
            entries: 1,
            ..Options::default()
        };
        let checker = Checker::<Machine>::new(&options, Forbidden::new(), || {});
        let checker = checker.expect("memory").expect("on");
        checker.tell(None);
        for (addr, len, cause) in [
            (0xC000_0000, 0x1000, None),
            (0xC000_F000, 0x1000, None),
            (
                0xC000_0000,
                0x1001,
                Some(Cause::Segment {
                    addr: 0xC000_0000,
                    len: 0x1001,
                    max: 0x1000,
                }),
            ),
            (
                0xC000_FFFF,
                2,
                Some(Cause::Boundary {
                    addr: 0xC000_FFFF,
                    len: 2,
                    mask: 0xFFFF,
                }),
            ),
        ] {
            checker.segment(&device, addr, len);
            assert_eq!(checker.finding().map(|finding| finding.cause), cause);
        }
    }
}
