//! How each element of a list reaches the device: as it lies, through the pool, or in parts. Pure:
//! numbers in, parts out; nothing is taken, copied or cleaned.

use super::cut::{first_run, granule};
use crate::attrs::Attrs;
use crate::decision::{Request, Route, route};
use crate::device::DmaDevice;
use crate::direction::Dir;
use crate::error::MapError;
use crate::reason::Policy;
use crate::swiotlb::{Layout, NeverFits, SLOT, room_at};
use hal::{DmaBuffer, LINE, PhysAddr, PhysRange};

/// A stretch of an element with a route of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which element.
    pub(crate) element: usize,
    /// Its bytes.
    pub(crate) block: PhysRange,
    /// The same, rounded up to the device's granule.
    pub(crate) extent: PhysRange,
    /// How the device gets them.
    pub(crate) route: Route,
}

impl Part {
    /// The first `len` bytes, which are not all, and the others.
    pub(super) fn cut(self, len: u64) -> (Self, Self) {
        let first = self.block.slice(0, len).expect("inside the part");
        let behind = |range: PhysRange| {
            range
                .slice(len, range.len() - len)
                .expect("inside the part")
        };
        let (block, extent) = (behind(self.block), behind(self.extent));
        let rest = Self {
            block,
            extent,
            ..self
        };
        let (block, extent) = (first, first);
        (
            Self {
                block,
                extent,
                ..self
            },
            rest,
        )
    }
}

/// What does not change from one element to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) device: &'a DmaDevice,
    pub(super) policy: Policy,
    /// Slots of the longest run that the pool could ever have, if there is a pool.
    pub(super) capacity: Option<u32>,
    pub(super) dir: Dir,
    pub(super) attrs: Attrs,
    /// More segments than elements are permitted: an element may become several pieces.
    pub(super) split: bool,
    /// Edges may bounce alone.
    pub(super) edges: bool,
}

/// Head, middle and tail, each with its route; an edge may be missing.
pub(super) type EdgeRoutes = [Option<(PhysRange, Route)>; 3];

/// What to do with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// All of it the same way, and as one.
    Whole(Route),
    /// Through the pool, in several runs.
    Runs(Route),
    /// The lines at its ends for themselves.
    Edges(EdgeRoutes),
}

/// A block, cut at its first and its last line boundary. One of the three may be all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edges {
    pub(super) head: Option<PhysRange>,
    pub(super) middle: Option<PhysRange>,
    pub(super) tail: Option<PhysRange>,
}

impl Edges {
    /// Whole lines are `middle`; what is before and behind them, `head` and `tail`. Nothing of it is
    /// ever empty: where there is no whole line there is no middle.
    pub(super) fn of(block: PhysRange) -> Self {
        let Some(middle) = block.round_in(LINE) else {
            return Self::without_middle(block);
        };
        Self {
            head: PhysRange::between(block.start(), middle.start()).ok(),
            middle: Some(middle),
            tail: PhysRange::between(middle.end(), block.end()).ok(),
        }
    }

    fn without_middle(block: PhysRange) -> Self {
        let cut = block.end().align_down(LINE);
        let (head, tail) = if cut <= block.start() {
            (Some(block), None)
        } else {
            let part = |start, end| PhysRange::between(start, end).ok();
            (part(block.start(), cut), part(cut, block.end()))
        };
        Self {
            head,
            middle: None,
            tail,
        }
    }
}

impl Terms<'_> {
    /// Decides about one element.
    pub(super) fn shape<B: DmaBuffer>(&self, buffer: &B) -> Result<Shape, MapError> {
        let request = Request::of(buffer, self.dir, self.attrs);
        let route = route(self.device, self.policy, &request)?;
        Ok(match (route, self.capacity) {
            (Route::Bounce(_), Some(capacity)) => match self.edges_of(&request)? {
                Some(parts) => Shape::Edges(parts),
                None if self.is_cut(&request, capacity)? => Shape::Runs(route),
                None => Shape::Whole(route),
            },
            _ => Shape::Whole(route),
        })
    }

    /// Bytes of the longest run that stands in for what starts at `start`.
    fn room_at(&self, start: PhysAddr, capacity: u32) -> u64 {
        let limits = self.device.limits();
        room_at(start, limits, capacity).min(limits.max_seg_size)
    }

    /// Is a block that bounces cut into several runs? An error where it has to fit as a whole and does not
    /// (SG-9).
    fn is_cut(&self, request: &Request, capacity: u32) -> Result<bool, MapError> {
        let (limits, start, len) = (
            self.device.limits(),
            request.block.start(),
            request.block.len(),
        );
        let room = self.room_at(start, capacity);
        if self.split && len > room && first_run(start, room, limits) > 0 {
            return Ok(true);
        }
        let device_len = request.extent(self.device).map_or(len, PhysRange::len);
        match Layout::new(start, device_len, limits, 0, capacity) {
            Ok(_) => Ok(false),
            Err(NeverFits { max }) => Err(MapError::TooLong { len, max }),
        }
    }

    /// What segments but the last are multiples of.
    pub(super) fn granule(&self) -> u64 {
        granule(self.device.limits())
    }

    /// The three parts of a block that would go as it lies but for the lines at its ends.
    fn edges_of(&self, request: &Request) -> Result<Option<EdgeRoutes>, MapError> {
        let Edges { head, middle, tail } = Edges::of(request.block);
        let fits = head.is_none_or(|head| head.len().is_multiple_of(self.granule()));
        // What fits into a slot takes one slot as a whole, and two by its edges.
        let worth = self.edges && self.split && request.block.len() > SLOT;
        let (Some(middle), true, true) = (middle, worth, fits) else {
            return Ok(None);
        };
        let direct = self.route_of(request, middle)?;
        if !matches!(direct, Route::Direct(_)) {
            return Ok(None);
        }
        let edge = |edge: Option<PhysRange>| match edge {
            Some(block) => self
                .route_of(request, block)
                .map(|route| Some((block, route))),
            None => Ok(None),
        };
        Ok(Some([edge(head)?, Some((middle, direct)), edge(tail)?]))
    }

    /// The decision about a part of an element.
    fn route_of(&self, whole: &Request, block: PhysRange) -> Result<Route, MapError> {
        route(self.device, self.policy, &Request { block, ..*whole })
    }

    /// The parts of an element of this shape, in order.
    pub(super) fn parts<B: DmaBuffer, E>(
        &self,
        (element, buffer): (usize, &B),
        shape: Shape,
        mut each: impl FnMut(Part) -> Result<(), E>,
    ) -> Result<(), E> {
        let request = Request::of(buffer, self.dir, self.attrs);
        let mut part = |block, route| {
            let extent = Request { block, ..request }.extent(self.device);
            each(Part {
                element,
                block,
                extent: extent.unwrap_or(block),
                route,
            })
        };
        match shape {
            // Of a direct route there is one.
            Shape::Whole(route) => part(request.block, route),
            Shape::Runs(route) => self.runs(request.block, |block| part(block, route)),
            Shape::Edges(parts) => parts
                .into_iter()
                .flatten()
                .try_for_each(|(block, route)| part(block, route)),
        }
    }

    /// Cuts `block` into runs, each as long as there may be one (AL-2).
    fn runs<E>(
        &self,
        block: PhysRange,
        mut each: impl FnMut(PhysRange) -> Result<(), E>,
    ) -> Result<(), E> {
        let (limits, capacity) = (self.device.limits(), self.capacity.unwrap_or(0));
        let mut rest = Some(block);
        while let Some(block) = rest {
            let (start, len) = (block.start(), block.len());
            let room = self.room_at(start, capacity);
            // Where no cut is right, the walk has to end all the same: the list is refused then.
            let run = first_run(start, room, limits).max(1);
            let run = if len <= room { len } else { run.min(len) };
            each(block.slice(0, run).expect("inside the block"))?;
            rest = block.slice(run, len - run);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(start: u64, end: u64) -> PhysRange {
        PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).expect("valid")
    }

    #[test]
    fn sg_4_edges_with_and_without_a_middle() {
        let edges = |start, end| Edges::of(range(start, end));
        let (some, none) = (|start, end| Some(range(start, end)), None);
        let of = |head, middle, tail| Edges { head, middle, tail };
        assert_eq!(
            edges(0x1010, 0x10D0),
            of(
                some(0x1010, 0x1040),
                some(0x1040, 0x10C0),
                some(0x10C0, 0x10D0)
            )
        );
        assert_eq!(
            edges(0x1010, 0x1050),
            of(some(0x1010, 0x1040), none, some(0x1040, 0x1050)),
            "empty middle"
        );
        assert_eq!(
            edges(0x1010, 0x1020),
            of(some(0x1010, 0x1020), none, none),
            "inside one line"
        );
        assert_eq!(
            edges(0x1000, 0x1080),
            of(none, some(0x1000, 0x1080), none),
            "whole lines"
        );
    }

    proptest! {
        #[test]
        fn sg_4_edges_cover_a_block_byte_by_byte(start in 0u64..300, len in 1u64..300) {
            let block = range(start, start + len);
            let Edges { head, middle, tail } = Edges::of(block);
            let holds = |part: Option<PhysRange>, at| {
                part.is_some_and(|part| part.contains_addr(PhysAddr::new(at)))
            };
            for at in start..start + len {
                let line = at / 64 * 64;
                let whole = line >= start && line + 64 <= start + len;
                let found = [head, middle, tail].map(|part| holds(part, at));
                prop_assert_eq!(found.iter().filter(|f| **f).count(), 1);
                prop_assert_eq!(holds(middle, at), whole);
            }
            for edge in [head, tail].into_iter().flatten() {
                let lines = edge.round_out(64).expect("low");
                prop_assert_eq!(lines.len(), 64, "an edge lies in one line");
            }
        }
    }
}
