//! The checker as one value: the list, the findings, and what the image told it.

use super::finding::{Cause, Finding, NotForDevices};
use super::live::{CALLERS, Call, EXACT, List, Live};
use super::options::{Level, Name, Options};
use super::report::Reports;
use crate::device::DmaDevice;
use crate::direction::Dir;
use arrayvec::ArrayVec;
use core::fmt;
use hal::{IrqLock, PhysRange, Platform, Rank};

/// Parts of the image that are no devices' business.
const FORBIDDEN: usize = 24;
/// OV-3: where the count saturates.
const CROWD: u32 = 7;

/// Memory that no driver may map, as the image knows it: text, read-only data, stacks.
pub type Forbidden = ArrayVec<(PhysRange, NotForDevices), FORBIDDEN>;

/// Where the checker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Does it check?
    pub on: bool,
    /// Live mappings that it remembers.
    pub live: u32,
    /// The most that ever were.
    pub most: u32,
    /// Those that it could remember.
    pub entries: u32,
    /// Wrong uses so far.
    pub errors: u64,
    /// Findings that will still be told.
    pub num_errors: u32,
    /// Will all be?
    pub all_errors: bool,
}

/// There is no memory for the list: the checker stays off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory {
    /// Entries asked for.
    pub entries: u32,
}

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries;
        write!(
            f,
            "no memory for {entries} live mappings: dma_debug is off, try a lower dma_debug_entries="
        )
    }
}

/// The checker. Made by the image, and handed to the layer ([`Dma::check_with`](crate::Dma::check_with)).
pub struct Checker<P: Platform> {
    inner: IrqLock<Inner, P>,
    forbidden: Forbidden,
    /// Told that findings wait.
    kick: fn(),
}

struct Inner {
    list: List,
    reports: Reports,
    on: bool,
    /// The line about a full list is still to be told.
    overflowed: bool,
}

impl<P: Platform> Checker<P> {
    /// A checker as `options` want it, or none for [`Level::Off`]. `kick` is called when something waits
    /// to be told, in any context and with no lock of the layer held.
    ///
    /// Context: thread; allocates.
    pub fn new(
        options: &Options,
        forbidden: Forbidden,
        kick: fn(),
    ) -> Result<Option<Self>, NoMemory> {
        if options.level == Level::Off {
            return Ok(None);
        }
        let entries = options.entries;
        let list = List::with_capacity(entries).map_err(|_| NoMemory { entries })?;
        let inner = Inner {
            list,
            reports: Reports::new(options.driver),
            on: true,
            overflowed: false,
        };
        Ok(Some(Self {
            inner: IrqLock::new(Rank::Layer, "live mappings", inner),
            forbidden,
            kick,
        }))
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        let inner = self.inner.lock();
        Status {
            on: inner.on,
            live: inner.list.used(),
            most: inner.list.most,
            entries: inner.list.capacity(),
            errors: inner.reports.errors,
            num_errors: inner.reports.num_errors,
            all_errors: inner.reports.all_errors,
        }
    }

    /// Off, for good (DM-4).
    pub fn turn_off(&self) {
        self.inner.lock().on = false;
    }

    /// Tells so many more findings; all, for `None`.
    pub fn tell(&self, findings: Option<u32>) {
        let mut inner = self.inner.lock();
        inner.reports.all_errors = findings.is_none();
        inner.reports.num_errors = findings.unwrap_or(0);
    }

    /// Tells findings of this device alone, or of all.
    pub fn only(&self, driver: &str) {
        let name = Name::from(driver).ok();
        self.inner.lock().reports.driver = name.filter(|name| !name.is_empty());
    }

    /// The oldest finding that waits.
    pub fn finding(&self) -> Option<Finding> {
        self.inner.lock().reports.take()
    }

    /// Did the list overflow since this was asked last? Then the checker is off.
    pub fn overflow(&self) -> bool {
        core::mem::take(&mut self.inner.lock().overflowed)
    }

    /// Entry `at` of the list, for reports: some are empty.
    pub fn live(&self, at: u32) -> Option<Live> {
        self.inner.lock().list.get(at)
    }

    /// Notes findings, one by one, and tells that they wait.
    fn note(&self, device: &'static str, causes: &[Cause], callers: [u64; CALLERS]) {
        let mut told = false;
        for cause in causes {
            let finding = Finding {
                device,
                cause: *cause,
                callers,
            };
            told |= self.inner.lock().reports.note(finding);
        }
        if told {
            (self.kick)();
        }
    }

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

/// May a part be synced in this direction? What goes both ways may be synced either way (DBG-10).
fn agree(mapped: Dir, dir: Dir) -> bool {
    mapped == dir || mapped == Dir::Bidirectional
}

#[cfg(test)]
mod tests {
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
