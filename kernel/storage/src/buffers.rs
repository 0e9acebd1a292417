//! Where the buffers of requests come from, and how the CPU looks at them afterwards.

use core::ops::Deref;
use hal::buffer::View;
use hal::{DmaBuffer, NoPages, PageSource, Pages, Platform, Zone};

/// Makes buffers, resizes their windows and shows what is in them.
pub trait Buffers {
    /// What the device reads into.
    type Buffer: DmaBuffer;
    /// The CPU's look at a buffer.
    type View<'a>: Deref<Target = [u8]>
    where
        Self: 'a;

    /// A buffer with a window of `bytes` bytes.
    fn alloc(&self, bytes: u64) -> Result<Self::Buffer, NoPages>;

    /// Makes the window the first `bytes` bytes, or gives the buffer back if it has not so many.
    fn resize(&self, buffer: Self::Buffer, bytes: u64) -> Result<Self::Buffer, Self::Buffer>;

    /// The bytes of the window.
    fn bytes<'a>(&'a self, buffer: &'a Self::Buffer) -> Self::View<'a>;
}

/// Pages of one zone.
#[derive(Clone, Copy, Debug)]
pub struct PageBuffers<'p, P, S> {
    /// The machine whose CPU looks.
    pub platform: &'p P,
    /// Where pages come from.
    pub source: S,
    /// Where they lie: [`Zone::High`] makes every device of the low GiB bounce.
    pub zone: Zone,
}

impl<P: Platform, S: PageSource + Copy + Send + 'static> Buffers for PageBuffers<'_, P, S> {
    type Buffer = Pages<S>;
    type View<'a>
        = View<'a, P>
    where
        Self: 'a;

    fn alloc(&self, bytes: u64) -> Result<Pages<S>, NoPages> {
        Pages::alloc(self.source, bytes, self.zone)
    }

    fn resize(&self, buffer: Pages<S>, bytes: u64) -> Result<Pages<S>, Pages<S>> {
        buffer.with_window(0, bytes)
    }

    fn bytes<'a>(&'a self, buffer: &'a Pages<S>) -> View<'a, P> {
        buffer.bytes(self.platform)
    }
}
