//! How a buffer is lent: decided in `decision`, done here.

use crate::attrs::Attrs;
use crate::bounce::NotAtOnce;
use crate::decision::{Request, Route, at_once, bounces_at_once, decide};
use crate::device::DmaDevice;
use crate::direction::{Direction, Fill};
use crate::door;
use crate::error::{MapError, Refused};
use crate::guard::Cover;
use crate::held::{Held, Lines, Place};
use crate::layer::Dma;
use crate::linux;
use crate::mapping::Mapping;
use crate::reason::BounceReason;
use crate::stand_in::StandIn;
use crate::sync::Link;
use crate::trace::Kind;
use hal::{DmaAddr, DmaBuffer, PageSource, Pages, PhysRange, Platform};

impl<P: Platform> Dma<P> {
    /// Lends `buffer` to `device`. The buffer comes back from [`Mapping::unmap`], or with the reason
    /// if it cannot be lent.
    ///
    /// Context: any; waits for the pool's lock alone.
    pub fn map<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        buffer: B,
        direction: D,
    ) -> Result<Mapping<'d, P, B, D>, Refused<B>> {
        const { assert!(B::CPU_ACCESS, "shared buffers go through `map_shared`") }
        // The value was only needed to name the type.
        let _ = direction;
        // The CPU has had it until now.
        self.lend(device, buffer, Attrs::NONE)
    }

    /// As [`map`](Self::map), with attributes.
    pub fn map_attrs<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        buffer: B,
        direction: D,
        attrs: Attrs,
    ) -> Result<Mapping<'d, P, B, D>, Refused<B>> {
        const { assert!(B::CPU_ACCESS, "shared buffers go through `map_shared`") }
        let _ = direction;
        self.lend(device, buffer, attrs)
    }

    /// Lends `len` bytes at `offset` of `pages` (`dma_map_page`). The pages own all their lines.
    pub fn map_page<'d, S: PageSource + Send + 'static, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        pages: Pages<S>,
        (offset, len): (u64, u64),
        direction: D,
    ) -> Result<Mapping<'d, P, Pages<S>, D>, Refused<Pages<S>>> {
        match pages.with_window(offset, len) {
            Ok(window) => self.map(device, window, direction),
            Err(buffer) => {
                let pages = buffer.extent();
                let error = MapError::OutsidePages { offset, len, pages };
                let error = self.refuse(device, error, Attrs::NONE);
                Err(Refused { error, buffer })
            }
        }
    }

    /// Lends a buffer that the CPU had.
    // Always: `map` has no attributes, which answers half of what is asked.
    #[inline(always)]
    fn lend<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        buffer: B,
        attrs: Attrs,
    ) -> Result<Mapping<'d, P, B, D>, Refused<B>> {
        let request = Request::of(&buffer, D::DIR, attrs);
        if self.is_checked() {
            return self.lend_as(device, buffer, attrs, Lines::Dirty);
        }
        // Nearly every buffer goes this way, and nothing on it calls or searches.
        if let Some(bus) = at_once(device, self.policy(), &request) {
            let machine = self.platform();
            let place = direct(machine, device, &request, (request.block, Lines::Dirty));
            let held = Held::new(buffer, place, bus);
            Link { dma: self, device }.trace::<B, D>(Kind::Map, &held);
            return Ok(Mapping::new(self, device, held));
        }
        if let Some(reason) = bounces_at_once(device, self.policy(), &request) {
            let lent = match self.cell_len(device, &request) {
                Some(len) => self.by_cell::<_, D>(device, &buffer, len, reason),
                None => self.by_slots::<_, D>(device, &buffer, &request, reason),
            };
            match lent {
                Ok((stand_in, bus)) => {
                    let held = Held::new(buffer, Place::Bounced(stand_in), bus);
                    Link { dma: self, device }.trace::<B, D>(Kind::Bounce, &held);
                    return Ok(Mapping::new(self, device, held));
                }
                Err(NotAtOnce::Full(full)) => {
                    let error = self.refuse_full(device, full, attrs);
                    return Err(Refused { error, buffer });
                }
                Err(NotAtOnce::Look) => {}
            }
        }
        self.lend_as(device, buffer, attrs, Lines::Dirty)
    }

    /// Lends a buffer whose caches are in the state `lines`, by the decision in full.
    #[inline(never)]
    pub(crate) fn lend_as<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        buffer: B,
        attrs: Attrs,
        lines: Lines,
    ) -> Result<Mapping<'d, P, B, D>, Refused<B>> {
        let request = Request::of(&buffer, D::DIR, attrs);
        match self.place::<_, D>(device, &buffer, &request, lines) {
            Ok((place, bus)) => {
                let held = Held::new(buffer, place, bus);
                let kind = match held.place {
                    Place::Direct(..) => Kind::Map,
                    Place::Bounced(_) => Kind::Bounce,
                };
                Link { dma: self, device }.note::<B, D>(kind, &held);
                Ok(Mapping::new(self, device, held))
            }
            Err(error) => Err(Refused {
                error: self.refuse(device, error, attrs),
                buffer,
            }),
        }
    }

    fn place<B: DmaBuffer, D: Direction>(
        &self,
        device: &DmaDevice,
        buffer: &B,
        request: &Request,
        lines: Lines,
    ) -> Result<(Place, DmaAddr), MapError> {
        match decide(device, self.policy(), request)? {
            Route::Direct(bus) => Ok((self.place_direct(device, request, lines), bus)),
            Route::Bounce(reason) => {
                let (slots, bus) = self.stand_in_for(device, request, reason)?;
                let place = self.fill_in::<B, D>(device, buffer, (request, reason), slots);
                Ok((place, bus))
            }
        }
    }

    /// A buffer where it lies, as was decided.
    pub(crate) fn place_direct(
        &self,
        device: &DmaDevice,
        request: &Request,
        lines: Lines,
    ) -> Place {
        let extent = request.extent(device);
        let extent = extent.expect("a direct route has an extent");
        direct(&self.told(), device, request, (extent, lines))
    }

    /// Fills what stands in for a buffer, as was decided.
    #[inline]
    pub(crate) fn fill_in<B: DmaBuffer, D: Direction>(
        &self,
        device: &DmaDevice,
        buffer: &B,
        (request, reason): (&Request, BounceReason),
        slots: StandIn,
    ) -> Place {
        // Whoever has the checker has whole slots, and wants to be told.
        match self.cover(device) {
            Cover::Lines => {
                fill::<_, _, D>(self.platform(), device, buffer, &slots, Cover::Lines);
            }
            Cover::Slots => fill_all::<_, _, D>(&self.told(), device, buffer, &slots),
        }
        let counters = &device.counters;
        counters.mapped_bounced::<P>(reason, &slots, request.block.len());
        Place::Bounced(slots)
    }

    /// Cleans what the device is about to see (CM-1) and waits for it (CM-7).
    pub(crate) fn clean(&self, device: &DmaDevice, extent: PhysRange) {
        clean(&self.told(), device, extent);
    }
}

/// Fills what stands in for `buffer`.
#[inline]
pub(crate) fn fill<Q: Platform, B: DmaBuffer, D: Direction>(
    machine: &Q,
    device: &DmaDevice,
    buffer: &B,
    slots: &StandIn,
    cover: Cover,
) {
    match D::FILL {
        Fill::Copy => door::fill(machine, device, buffer, slots, cover),
        Fill::Scrub => {
            door::scrub(machine, device, slots, cover);
            device.counters.scrubbed::<Q>(buffer.range().len());
        }
    }
}

/// The same, and all that is around it in its slots.
#[cold]
#[inline(never)]
fn fill_all<Q: Platform, B: DmaBuffer, D: Direction>(
    machine: &Q,
    device: &DmaDevice,
    buffer: &B,
    slots: &StandIn,
) {
    fill::<_, _, D>(machine, device, buffer, slots, Cover::Slots);
}

/// Shows a buffer to its device where it lies, unless that may wait.
#[inline]
fn direct<Q: Platform>(
    machine: &Q,
    device: &DmaDevice,
    request: &Request,
    (extent, lines): (PhysRange, Lines),
) -> Place {
    count_direct::<Q>(device, request);
    let may_wait = Attrs::DEFER_SYNC | Attrs::ALREADY_DEVICE_OWNED;
    if lines != Lines::Dirty || request.attrs.overlaps(may_wait) {
        return Place::Direct(extent, lines);
    }
    clean(machine, device, extent);
    Place::Direct(extent, Lines::InStep)
}

/// Cleans what a device is about to see, by a machine that tells of it or does not.
#[inline]
pub(crate) fn clean<Q: Platform>(machine: &Q, device: &DmaDevice, extent: PhysRange) {
    if !device.limits().coherent {
        machine.clean(extent);
        machine.complete();
    }
}

/// Counts what is mapped as it lies.
#[inline]
pub(crate) fn count_direct<P: Platform>(device: &DmaDevice, request: &Request) {
    let len = request.block.len();
    let spared = !device.limits().coherent && linux::bounces_for_a_line(len, request.dir);
    device.counters.mapped_direct::<P>(len, spared);
}
