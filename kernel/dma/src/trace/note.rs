//! Where calls leave their events: a line each.

use super::event::{Kind, Tag};
use crate::attrs::Attrs;
use crate::checker::{Call, Seen};
use crate::direction::Direction;
use crate::held::{Held, Lines, Place};
use crate::layer::Dma;
use crate::sg::HeldSg;
use crate::span::Span;
use crate::sync::Link;
use hal::{DmaBuffer, Platform};

/// An event that may be recorded later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted {
    tag: Tag,
    addr: u64,
    len: u64,
}

impl<P: Platform> Dma<P> {
    #[inline(always)]
    pub(crate) fn note(&self, Noted { tag, addr, len }: Noted) {
        self.trace().note::<P>(tag, addr, len);
    }
}

impl<P: Platform> Link<'_, P> {
    #[inline(always)]
    fn tag<B: DmaBuffer, D: Direction>(&self, kind: Kind) -> Tag {
        let attrs = if B::CPU_ACCESS {
            Attrs::NONE
        } else {
            Attrs::SHARED
        };
        Tag::new(kind, D::DIR, self.device.id().number()).attrs(attrs)
    }

    /// Counts the end of a mapping.
    #[inline(always)]
    fn count_end(&self, kind: Kind) {
        if kind.ends() {
            self.device.counters.ended::<P>();
        }
    }

    /// What is told of a mapping as a whole.
    #[inline(always)]
    pub(crate) fn event<B: DmaBuffer, D: Direction>(&self, kind: Kind, held: &Held<B>) -> Noted {
        Noted {
            tag: self.tag::<B, D>(kind),
            addr: held.bus.get(),
            len: held.place.extent().len(),
        }
    }

    /// Leaves an event of a mapping as a whole where no checker asks for it: on ways that call nothing.
    #[inline(always)]
    pub(crate) fn trace<B: DmaBuffer, D: Direction>(&self, kind: Kind, held: &Held<B>) {
        debug_assert!(!self.dma.is_checked());
        self.count_end(kind);
        self.dma.note(self.event::<B, D>(kind, held));
    }

    /// Leaves an event of a mapping as a whole.
    #[inline(always)]
    pub(crate) fn note<B: DmaBuffer, D: Direction>(&self, kind: Kind, held: &Held<B>) {
        self.count_end(kind);
        self.dma.note(self.event::<B, D>(kind, held));
        self.dma.show_checker(kind, self.device, || Seen {
            call: Call::Single,
            dir: D::DIR,
            addr: held.bus.get(),
            len: held.buffer.range().len(),
            memory: Some((held.buffer.range(), held.place.extent())),
            shares: !B::CPU_ACCESS || self.device.limits().coherent,
            skips: matches!(held.place, Place::Direct(_, Lines::Stale(_))),
        });
    }

    /// Leaves an event of a part of a mapping.
    #[inline(always)]
    pub(crate) fn note_part<B: DmaBuffer, D: Direction>(
        &self,
        kind: Kind,
        held: &Held<B>,
        span: Span,
    ) {
        self.dma.note(Noted {
            tag: self.tag::<B, D>(kind),
            addr: held.bus.get().wrapping_add(span.offset()),
            len: span.len(),
        });
    }

    /// What is told of a list as a whole.
    pub(crate) fn event_sg<B: DmaBuffer, D: Direction>(
        &self,
        kind: Kind,
        held: &HeldSg<B>,
    ) -> Noted {
        let pieces = held.pieces();
        Noted {
            tag: self.tag::<B, D>(kind).list(),
            addr: pieces.first().map_or(0, |piece| piece.bus().get()),
            len: pieces.iter().map(|piece| piece.device_side().len()).sum(),
        }
    }

    /// Leaves an event of a list as a whole.
    pub(crate) fn note_sg<B: DmaBuffer, D: Direction>(&self, kind: Kind, held: &HeldSg<B>) {
        self.dma.note(self.event_sg::<B, D>(kind, held));
        for piece in held.pieces() {
            self.count_end(kind);
            self.dma.show_checker(kind, self.device, || Seen {
                call: Call::List,
                dir: D::DIR,
                addr: piece.bus().get(),
                len: piece.block().len(),
                memory: Some((piece.block(), piece.device_side())),
                shares: !B::CPU_ACCESS || self.device.limits().coherent,
                skips: matches!(held.table.lines_of(piece), Lines::Stale(_)),
            });
        }
    }

    /// Leaves an event of a part of a list, by the list's address.
    pub(crate) fn note_part_sg<B: DmaBuffer, D: Direction>(
        &self,
        kind: Kind,
        held: &HeldSg<B>,
        span: Span,
    ) {
        let (event, len) = (self.event_sg::<B, D>(kind, held), span.len());
        self.dma.note(Noted { len, ..event });
    }
}
