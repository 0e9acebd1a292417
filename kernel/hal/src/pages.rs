//! Pages by zone, and a buffer made of them.

#![expect(unsafe_code, reason = "owned pages are looked at and given back")]

use crate::buffer::{View, ViewMut};
use crate::{Access, DmaBuffer, PAGE, PhysRange, Platform, RamRegion};
use core::fmt;
use core::mem::ManuallyDrop;

/// Where pages may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Below the smallest reach of any bus (1 GiB on this chip, from the device tree).
    Dma,
    /// All other RAM, preferred; zone `Dma` when there is none left.
    Normal,
    /// Strictly above zone `Dma`: for those who want to see what happens there.
    High,
}

/// No pages of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPages {
    /// Bytes asked for.
    pub wanted: u64,
    /// Where.
    pub zone: Zone,
    /// Bytes free there, not necessarily in one piece.
    pub free: u64,
}

impl fmt::Display for NoPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, zone, free } = self;
        write!(
            f,
            "no {wanted} contiguous bytes in zone {zone:?} ({free} bytes free)"
        )
    }
}

/// Gives and takes back physically contiguous pages.
///
/// # Safety
/// *Implementation*: `alloc` returns memory that nobody else has, page-aligned, at least `bytes`
/// long, aligned to `align`, inside `zone`, initialised, and in the platform's linear map.
pub unsafe trait PageSource {
    /// `bytes` (rounded up to pages) of contiguous RAM, aligned to `align` (a power of two, at
    /// least a page is used). Contents are unspecified. Not for interrupt handlers.
    fn alloc(&self, bytes: u64, align: u64, zone: Zone) -> Result<RamRegion, NoPages>;

    /// Takes back what `alloc` gave, whole.
    fn free(&self, region: RamRegion);
}

// SAFETY: passes every call on to the source, whose own promise it is.
unsafe impl<S: PageSource + ?Sized> PageSource for &S {
    fn alloc(&self, bytes: u64, align: u64, zone: Zone) -> Result<RamRegion, NoPages> {
        (**self).alloc(bytes, align, zone)
    }

    fn free(&self, region: RamRegion) {
        (**self).free(region);
    }
}

/// Owned pages with a window of bytes in them; given back to their source when dropped.
///
/// The window is what a mapping transfers. The buffer owns whole pages, so it owns every line that
/// its window touches, wherever the window lies.
pub struct Pages<S: PageSource> {
    region: ManuallyDrop<RamRegion>,
    window: PhysRange,
    source: S,
}

impl<S: PageSource> Pages<S> {
    /// `bytes` of contiguous RAM from `source`; the window is their first `bytes` bytes.
    pub fn alloc(source: S, bytes: u64, zone: Zone) -> Result<Self, NoPages> {
        let region = source.alloc(bytes, PAGE, zone)?;
        let refused = NoPages {
            wanted: bytes,
            zone,
            free: 0,
        };
        let Some(window) = region.range().slice(0, bytes) else {
            source.free(region);
            return Err(refused);
        };
        Ok(Self {
            region: ManuallyDrop::new(region),
            window,
            source,
        })
    }

    /// RAM that came from elsewhere as a buffer; `source` gets it in the end. The window is all of it.
    ///
    /// What RAM held when it was first owned is arbitrary, but fixed: it may be read.
    pub fn adopt(region: RamRegion, source: S) -> Self {
        let window = region.range();
        Self {
            region: ManuallyDrop::new(region),
            window,
            source,
        }
    }

    /// Moves the window to `len` bytes at `offset` into the pages. Gives the pages back unchanged
    /// if they are not that long, or `len` is zero.
    pub fn with_window(mut self, offset: u64, len: u64) -> Result<Self, Self> {
        match self.region.range().slice(offset, len) {
            Some(window) => {
                self.window = window;
                Ok(self)
            }
            None => Err(self),
        }
    }

    /// Everything that is owned, whole pages.
    pub fn extent(&self) -> PhysRange {
        self.region.range()
    }

    /// The window's bytes.
    pub fn bytes<'a, P: Platform>(&'a self, platform: &'a P) -> View<'a, P> {
        // SAFETY: the pages are initialised RAM (`PageSource`) and ours alone; no device has them,
        // since a mapping would have taken `self`; `&self` keeps writers out while the view lives.
        unsafe { View::new(platform, self.window, Access::Read) }
    }

    /// The window's bytes, to be changed.
    pub fn bytes_mut<'a, P: Platform>(&'a mut self, platform: &'a P) -> ViewMut<'a, P> {
        // SAFETY: as in `bytes`, and `&mut self` keeps everybody else out.
        unsafe { ViewMut::new(platform, self.window) }
    }
}

// SAFETY: the region is owned and does not change; the window is moved only by `with_window`, which
// takes `self`; it is a slice of the region by construction. Only addresses are kept. The source
// gave initialised memory. Dropping frees, forgetting does not.
unsafe impl<S: PageSource + Send + 'static> DmaBuffer for Pages<S> {
    fn range(&self) -> PhysRange {
        self.window
    }

    fn owned(&self) -> PhysRange {
        self.region.range()
    }
}

impl<S: PageSource> Drop for Pages<S> {
    fn drop(&mut self) {
        // SAFETY: `drop` runs once and nobody uses `region` after it.
        let region = unsafe { ManuallyDrop::take(&mut self.region) };
        self.source.free(region);
    }
}

impl<S: PageSource> fmt::Debug for Pages<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({:?} of {:?})", self.window, self.region.range())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::PhysAddr;
    use core::cell::RefCell;
    use std::{rc::Rc, vec::Vec};

    #[derive(Clone, Default)]
    struct Ledger(Rc<RefCell<Vec<PhysRange>>>);

    // SAFETY: nothing is ever read or written through these regions in the tests below.
    unsafe impl PageSource for Ledger {
        fn alloc(&self, bytes: u64, _: u64, _: Zone) -> Result<RamRegion, NoPages> {
            let range = PhysRange::new(PhysAddr::new(0x4000_0000), bytes.next_multiple_of(PAGE));
            let range = range.map_err(|_| NoPages {
                wanted: bytes,
                zone: Zone::High,
                free: 0,
            })?;
            // SAFETY: the numbers stand for themselves.
            Ok(unsafe { RamRegion::assume_owned(range) })
        }
        fn free(&self, region: RamRegion) {
            self.0.borrow_mut().push(region.range());
        }
    }

    #[test]
    fn dropping_gives_back_the_whole_region_whatever_the_window() {
        let ledger = Ledger::default();
        let pages = Pages::alloc(ledger.clone(), 5000, Zone::High).expect("pages");
        let pages = pages.with_window(4090, 7).expect("inside the two pages");
        drop(pages);
        assert_eq!(ledger.0.borrow()[0].len(), 2 * PAGE);
    }

    #[test]
    fn a_window_outside_the_pages_is_refused_and_nothing_is_lost() {
        let ledger = Ledger::default();
        let pages = Pages::alloc(ledger.clone(), 64, Zone::High).expect("pages");
        let pages = pages.with_window(4095, 2).expect_err("leaves the page");
        let pages = pages.with_window(0, 0).expect_err("empty");
        assert!(ledger.0.borrow().is_empty());
        drop(pages);
        assert_eq!(ledger.0.borrow().len(), 1);
    }
}
