//! What may be lent to a device, and how the CPU looks at it when it is not.

#![expect(
    unsafe_code,
    reason = "slices over memory that a caller vouched for; every block says who owns it"
)]

use crate::{Access, PhysRange, Platform};
use core::ops::{Deref, DerefMut};

/// An owned buffer that a mapping can take over.
///
/// # Safety
/// *Implementation*: `range()` and `owned()` never change while the value lives, moves included.
/// `owned()` contains `range()`; it is RAM that nobody but this value touches, it is initialised,
/// and the value keeps no reference into it (a device may write there while the value exists, so
/// only addresses or raw pointers will do, never `Box` or `&mut`). Forgetting the value leaks the
/// memory and never frees it.
pub unsafe trait DmaBuffer: Send + 'static {
    /// May the CPU look at it while it is mapped and at rest? Not if other devices may be using it
    /// under another mapping.
    const CPU_ACCESS: bool = true;

    /// The bytes to transfer.
    fn range(&self) -> PhysRange;

    /// `range()` and the padding around it that is this buffer's own. A cache line inside it is
    /// shared with nobody; one that sticks out may be (UL-1).
    fn owned(&self) -> PhysRange;
}

/// The CPU's look at RAM, as bytes. Ends the access when dropped.
pub struct View<'p, P: Platform> {
    platform: &'p P,
    range: PhysRange,
    access: Access,
    start: core::ptr::NonNull<u8>,
}

impl<'p, P: Platform> View<'p, P> {
    /// Looks at `range` for `access`.
    ///
    /// # Safety
    /// For as long as the view lives: `range` is initialised RAM that the caller owns or has
    /// borrowed (exclusively under [`Access::Write`]), and no device writes to it (nor reads it,
    /// under `Write`).
    pub unsafe fn new(platform: &'p P, range: PhysRange, access: Access) -> Self {
        let start = platform.view(range, access);
        Self {
            platform,
            range,
            access,
            start,
        }
    }

    /// The physical range that is looked at.
    pub const fn range(&self) -> PhysRange {
        self.range
    }

    /// The bytes, to be changed: `None` under [`Access::Read`].
    pub fn as_mut(&mut self) -> Option<&mut [u8]> {
        if self.access != Access::Write {
            return None;
        }
        // SAFETY: as in `deref`, and under `Access::Write` the pointer is valid for stores and
        // `new`'s caller vouched for exclusive access; `&mut self` excludes other slices of ours.
        Some(unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.len()) })
    }

    fn len(&self) -> usize {
        usize::try_from(self.range.len()).expect("a range in the linear map fits in memory")
    }
}

impl<P: Platform> Deref for View<'_, P> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: `Platform::view` gave a pointer valid for loads of `range` until `end_view`, which
        // only our drop calls; `new`'s caller vouched for initialised memory that nobody writes.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len()) }
    }
}

/// A view that may store as well.
pub struct ViewMut<'p, P: Platform>(View<'p, P>);

impl<'p, P: Platform> ViewMut<'p, P> {
    /// Looks at `range` for loads and stores.
    ///
    /// # Safety
    /// As for [`View::new`] under [`Access::Write`].
    pub unsafe fn new(platform: &'p P, range: PhysRange) -> Self {
        // SAFETY: the caller's promise is the one that `View::new` asks for.
        Self(unsafe { View::new(platform, range, Access::Write) })
    }

    /// The physical range that is looked at.
    pub const fn range(&self) -> PhysRange {
        self.0.range()
    }
}

impl<P: Platform> Deref for ViewMut<'_, P> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<P: Platform> DerefMut for ViewMut<'_, P> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0.as_mut().expect("opened with Access::Write")
    }
}

impl<P: Platform> Drop for View<'_, P> {
    fn drop(&mut self) {
        self.platform.end_view(self.range, self.access);
    }
}
