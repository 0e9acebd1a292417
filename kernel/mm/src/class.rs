//! Size classes of the heap, and the floor of their alignment.
//!
//! Objects of one class lie side by side in a page. Those of a class of whole cache lines share no
//! line with a neighbour; those of a smaller one may, which is fine as long as the mapping layer can
//! bounce them. Without a bounce pool no such class may exist (KM-5).

use core::alloc::Layout;
use hal::{LINE, PAGE};

/// Bytes of an object of each class.
const SIZES: [usize; CLASSES] = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048];

/// How many classes there are.
pub(crate) const CLASSES: usize = 11;

/// The smallest alignment that an object of the heap has. Decided once, when the heap starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// 8 bytes: objects may share lines, and bounce when a device is to write them.
    Word,
    /// 64 bytes: every object owns its lines. For a kernel without bounce pool.
    Line,
}

impl Floor {
    /// In bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Word => 8,
            Self::Line => LINE as usize,
        }
    }

    /// The floor that goes with having a bounce pool or not.
    pub const fn for_pool(exists: bool) -> Self {
        if exists { Self::Word } else { Self::Line }
    }
}

/// Index of a size class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(u8);

impl Class {
    /// The smallest class whose objects hold `layout` and have at least the alignment `floor`;
    /// `None` if that takes pages.
    pub(crate) fn of(layout: Layout, floor: Floor) -> Option<Self> {
        let align = layout.align().max(floor.bytes());
        let fits = |size: &usize| *size >= layout.size() && size.is_multiple_of(align);
        let index = SIZES.iter().position(fits)?;
        Some(Self(index as u8))
    }

    /// Bytes of one object.
    pub(crate) const fn size(self) -> usize {
        SIZES[self.index()]
    }

    /// Objects in a page.
    pub(crate) const fn per_page(self) -> usize {
        PAGE as usize / self.size()
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(bytes: usize, align: usize, floor: Floor) -> Option<usize> {
        let layout = Layout::from_size_align(bytes, align).expect("valid");
        Class::of(layout, floor).map(Class::size)
    }

    #[test]
    fn km_5_without_a_pool_every_class_is_of_whole_lines() {
        for bytes in 1..=2048 {
            let size = size(bytes, 1, Floor::Line).expect("has a class");
            assert!(
                size >= bytes && size.is_multiple_of(64),
                "{bytes} bytes: class {size}"
            );
        }
        assert_eq!(size(65, 1, Floor::Line), Some(128));
    }

    #[test]
    fn with_a_pool_small_objects_share_lines() {
        assert_eq!(size(1, 1, Floor::Word), Some(8));
        assert_eq!(size(65, 8, Floor::Word), Some(96));
        assert_eq!(size(0, 1, Floor::Word), Some(8));
    }

    #[test]
    fn alignment_beyond_a_class_takes_the_next_that_has_it() {
        assert_eq!(size(65, 64, Floor::Word), Some(128));
        assert_eq!(size(1, 2048, Floor::Word), Some(2048));
        assert_eq!(size(1, 4096, Floor::Word), None);
        assert_eq!(size(2049, 1, Floor::Word), None);
    }

    #[test]
    fn km_5_the_floor_follows_from_the_pool() {
        assert_eq!(Floor::for_pool(true), Floor::Word);
        assert_eq!(Floor::for_pool(false), Floor::Line);
    }
}
