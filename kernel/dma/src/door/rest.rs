//! The CPU's look at memory that a device may have written, and that nobody has synced.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::NonNull;
use core::slice;
use hal::{Access, DmaBuffer, PhysRange, Platform};

/// Room in a buffer of which nothing is known: lines of it may be stale, and change when they are
/// evicted.
pub struct Rest<'f, P: Platform> {
    platform: &'f P,
    /// Where the CPU finds it; None of nothing.
    found: Option<(NonNull<u8>, PhysRange)>,
    buffer: PhantomData<&'f ()>,
}

impl<'f, P: Platform> Rest<'f, P> {
    /// `range` of `buffer`, which is borrowed for as long.
    pub(crate) fn new<B: DmaBuffer>(
        platform: &'f P,
        buffer: &'f B,
        range: Option<PhysRange>,
    ) -> Self {
        debug_assert!(range.is_none_or(|range| buffer.range().contains(range)));
        Self {
            platform,
            found: range.map(|range| (platform.view(range, Access::Read), range)),
            buffer: PhantomData,
        }
    }
}

impl<P: Platform> Deref for Rest<'_, P> {
    type Target = [MaybeUninit<u8>];
    fn deref(&self) -> &[MaybeUninit<u8>] {
        let Some((start, range)) = self.found else {
            return &[];
        };
        let len = usize::try_from(range.len()).expect("a range in the linear map fits in memory");
        // SAFETY: `Platform::view` gave a pointer that is valid for loads of `range` until `end_view`,
        // which only our drop calls. The buffer owns the bytes and stays borrowed, so that nobody stores
        // there; a stale line that goes away changes what is found, which `MaybeUninit` says nothing of.
        unsafe { slice::from_raw_parts(start.as_ptr().cast(), len) }
    }
}

impl<P: Platform> Drop for Rest<'_, P> {
    fn drop(&mut self) {
        if let Some((_, range)) = self.found {
            self.platform.end_view(range, Access::Read);
        }
    }
}
