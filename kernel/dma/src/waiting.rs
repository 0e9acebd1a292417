//! A map that waits for bounce buffers instead of being refused, as a plain future.
//!
//! [`Dma::map_async`] says what [`Dma::map`] would, but where that is "later" it waits until there are
//! slots for it: first come, first served, device by device in turn (`swiotlb::waiting`). What never
//! fits fails at once. Any executor will do: the future asks for nothing but to be polled again when it
//! was woken, and may be dropped at any time, which gives back what was put aside for it.
//!
//! Who waits holds no slots; who holds slots and waits for more of them may wait for itself. A buffer
//! that needs none, or has a cell that its device reserved, does not wait for those who do.

extern crate alloc;

use crate::attrs::Attrs;
use crate::decision::{Request, Route, decide};
use crate::device::DmaDevice;
use crate::direction::Direction;
use crate::error::{MapError, Refused};
use crate::held::{Held, Lines, Place};
use crate::layer::Dma;
use crate::mapping::Mapping;
use crate::reason::BounceReason;
use crate::stand_in::StandIn;
use crate::swiotlb::{Denied, Grants, Pool, Served, Slots, Ticket, Want};
use crate::sync::Link;
use crate::trace::Kind;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use hal::{DmaAddr, DmaBuffer, Platform};

/// A buffer on its way to a device, waiting for slots if it must.
///
/// Dropping it drops the buffer, which was not lent.
#[must_use = "a future does nothing unless it is polled"]
pub struct MapFuture<'d, P: Platform, B: DmaBuffer, D: Direction> {
    link: Link<'d, P>,
    attrs: Attrs,
    /// None once it was lent, or refused.
    buffer: Option<B>,
    /// While it waits.
    ticket: Option<Ticket>,
    /// When it began to, in microseconds.
    since: Option<u64>,
    direction: PhantomData<D>,
}

/// Where a buffer is lent from, or that it is not yet.
enum Lent {
    Now(Place, DmaAddr),
    Later(Ticket),
}

impl<P: Platform> Dma<P> {
    /// Has maps wait for slots ([`map_async`](Self::map_async)), served by [`grant`](Self::grant).
    pub fn with_waiting(mut self, grants: &'static dyn Grants) -> Self {
        self.grants = Some(grants);
        self.pools_mut().for_each(|pool| pool.serve_by(grants));
        self
    }

    /// Gives slots to those who wait for some, as far as there are any; the pool grows for them.
    ///
    /// Context: interrupts on, no lock held; allocates where the pool grows. Wakes with no lock held.
    pub fn grant(&self) {
        self.pools().for_each(|pool| pool.grant());
    }

    /// Lends `buffer` to `device` as [`map`](Self::map) does, but waits where that is refused for now.
    /// Without [`with_waiting`](Self::with_waiting), it is refused.
    ///
    /// Context of a poll: any; with interrupts on, and no lock held, it may grow the pool. It allocates
    /// where more wait than ever before.
    pub fn map_async<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        buffer: B,
        direction: D,
    ) -> MapFuture<'d, P, B, D> {
        self.map_attrs_async(device, buffer, direction, Attrs::NONE)
    }

    /// As [`map_async`](Self::map_async), with attributes.
    pub fn map_attrs_async<'d, B: DmaBuffer, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        buffer: B,
        direction: D,
        attrs: Attrs,
    ) -> MapFuture<'d, P, B, D> {
        const { assert!(B::CPU_ACCESS, "shared buffers never bounce: `map_shared`") }
        let _ = direction;
        MapFuture {
            link: Link { dma: self, device },
            attrs,
            buffer: Some(buffer),
            ticket: None,
            since: None,
            direction: PhantomData,
        }
    }
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> Future for MapFuture<'d, P, B, D> {
    type Output = Result<Mapping<'d, P, B, D>, Refused<B>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (link, attrs) = (this.link, this.attrs);
        let buffer = this.buffer.take();
        let buffer = buffer.expect("a future is not polled again once it is done");
        let request = Request::of(&buffer, D::DIR, attrs);
        let lent = match this.ticket.take() {
            None => link.begin::<B, D>(&buffer, &request, context.waker()),
            Some(ticket) => link.look::<B, D>(&buffer, &request, ticket, context.waker()),
        };
        Poll::Ready(match lent {
            Ok(Lent::Later(ticket)) => {
                (this.buffer, this.ticket) = (Some(buffer), Some(ticket));
                this.since.get_or_insert_with(|| link.micros());
                return Poll::Pending;
            }
            Ok(Lent::Now(place, bus)) => {
                link.count_wait(this.since);
                Ok(link.lend::<B, D>(Held::new(buffer, place, bus)))
            }
            Err(error) => Err(Refused {
                error: link.dma.refuse(link.device, error, attrs),
                buffer,
            }),
        })
    }
}

impl<'d, P: Platform> Link<'d, P> {
    /// The time in microseconds, by the clock of those who serve.
    fn micros(self) -> u64 {
        self.dma.grants.map_or(0, |grants| grants.micros())
    }

    /// Counts a wait that is over.
    fn count_wait(self, since: Option<u64>) {
        if let Some(since) = since {
            let micros = self.micros().saturating_sub(since);
            self.device.counters.waited::<P>(micros);
        }
    }

    fn lend<B: DmaBuffer, D: Direction>(self, held: Held<B>) -> Mapping<'d, P, B, D> {
        let kind = match held.place {
            Place::Direct(..) => Kind::Map,
            Place::Bounced(_) => Kind::Bounce,
        };
        self.note::<B, D>(kind, &held);
        Mapping::new(self.dma, self.device, held)
    }

    /// Lends at once, or begins to wait.
    fn begin<B: DmaBuffer, D: Direction>(
        self,
        buffer: &B,
        request: &Request,
        waker: &Waker,
    ) -> Result<Lent, MapError> {
        let reason = match decide(self.device, self.dma.policy(), request)? {
            Route::Direct(bus) => {
                let place = self.dma.place_direct(self.device, request, Lines::Dirty);
                return Ok(Lent::Now(place, bus));
            }
            Route::Bounce(reason) => reason,
        };
        let taken = match self.dma.pool_of(self.device) {
            // Others were first.
            Some(pool) if pool.is_waited_for() => self.own(request, reason)?,
            _ => match self.dma.stand_in_for(self.device, request, reason) {
                Err(error) if error.is_transient() => Err(error),
                taken => Ok(taken?),
            },
        };
        match taken {
            Ok(taken) => Ok(self.filled::<B, D>(buffer, request, reason, taken)),
            Err(error) => self.queue_up::<B, D>(buffer, request, (reason, error), waker),
        }
    }

    /// What stands in that is nobody's but the device's, or why that is nothing.
    fn own(
        self,
        request: &Request,
        reason: BounceReason,
    ) -> Result<Result<(StandIn, DmaAddr), MapError>, MapError> {
        let (dma, device) = (self.dma, self.device);
        if let Some((run, bus)) = dma.cells_for(device, request) {
            return Ok(Ok((StandIn::Cells(run), bus)));
        }
        let (pool, layout, len) = dma.layout_for(device, request, reason)?;
        match pool.alloc_private(device.terms(), &layout, len) {
            Some(slots) => Ok(Ok(self.admit(slots)?)),
            None => Ok(Err(dma.denied(
                Denied::Full(pool.full(layout.slots)),
                device.pool_number(),
            ))),
        }
    }

    /// Slots that were taken, with their place on the bus.
    fn admit(self, slots: Slots) -> Result<(StandIn, DmaAddr), MapError> {
        let pool = self.pool();
        let (slots, bus) = self.dma.admit(self.device, pool, slots)?;
        Ok((StandIn::Slots(slots), bus))
    }

    fn filled<B: DmaBuffer, D: Direction>(
        self,
        buffer: &B,
        request: &Request,
        reason: BounceReason,
        (stand_in, bus): (StandIn, DmaAddr),
    ) -> Lent {
        let place = self
            .dma
            .fill_in::<B, D>(self.device, buffer, (request, reason), stand_in);
        Lent::Now(place, bus)
    }

    /// Begins to wait; without anybody who serves, `error` stands.
    fn queue_up<B: DmaBuffer, D: Direction>(
        self,
        buffer: &B,
        request: &Request,
        (reason, error): (BounceReason, MapError),
        waker: &Waker,
    ) -> Result<Lent, MapError> {
        let (pool, layout, len) = self.dma.layout_for(self.device, request, reason)?;
        let want = Want {
            terms: Arc::clone(self.device.terms()),
            layout,
            len,
        };
        let Ok(ticket) = pool.wait(want, waker) else {
            return Err(error);
        };
        self.look::<B, D>(buffer, request, ticket, waker)
    }

    /// What the device waits for.
    fn pool(self) -> &'d Pool<P> {
        let pool = self.dma.pool_of(self.device);
        pool.expect("who waits, waits for a pool")
    }

    /// Takes what was put aside, or goes on waiting.
    fn look<B: DmaBuffer, D: Direction>(
        self,
        buffer: &B,
        request: &Request,
        ticket: Ticket,
        waker: &Waker,
    ) -> Result<Lent, MapError> {
        let slots = match self.pool().look(ticket, waker) {
            Served::NotYet(ticket) => return Ok(Lent::Later(ticket)),
            Served::Granted(slots) => slots,
        };
        let reason = match decide(self.device, self.dma.policy(), request) {
            Ok(Route::Bounce(reason)) => reason,
            _ => unreachable!("the same request bounced before"),
        };
        let taken = self.admit(slots)?;
        Ok(self.filled::<B, D>(buffer, request, reason, taken))
    }
}

/// Nothing is pinned: a buffer may be moved, and its bytes stay where they are.
impl<P: Platform, B: DmaBuffer, D: Direction> Unpin for MapFuture<'_, P, B, D> {}

impl<P: Platform, B: DmaBuffer, D: Direction> Drop for MapFuture<'_, P, B, D> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.link.pool().leave(ticket);
        }
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction> fmt::Debug for MapFuture<'_, P, B, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits = if self.ticket.is_some() {
            "waits"
        } else {
            "is new"
        };
        write!(
            f,
            "MapFuture({:?} for {} {waits})",
            D::DIR,
            self.link.device.name()
        )
    }
}
