//! RAM that is spoken for: by whom, and what that means for the map.

use arrayvec::ArrayString;
use hal::PhysRange;

/// Name of a range in the boot report, cut off where it is longer.
pub type Name = ArrayString<32>;

/// How a claim treats its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// Not for us, but harmless to have mapped. May overlap other claims.
    Reserved,
    /// Not for us, and not to be mapped at all.
    NoMap,
    /// Set aside by the tree for us, to be adopted ([`MemoryMap::adopt`](super::MemoryMap::adopt)):
    /// until then as if reserved.
    Offered,
    /// Put there by the loader: image, initial RAM disk, device tree. Must not overlap its like.
    Loaded,
    /// Put there by the loader and mapped elsewhere: the image itself.
    Image,
    /// Set aside by [`MemoryMap::carve`](super::MemoryMap::carve).
    Carved,
    /// Set aside by [`MemoryMap::carve_uncached`](super::MemoryMap::carve_uncached): not part of the
    /// linear map.
    Uncached,
}

/// RAM that is spoken for.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who wants it.
    pub name: &'a str,
    /// The bytes, not necessarily whole pages, not necessarily in a bank.
    pub range: PhysRange,
    /// What that means.
    pub kind: ClaimKind,
}

/// A line of the boot report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Who has it.
    pub name: Name,
    /// What they have.
    pub range: PhysRange,
    /// Why.
    pub kind: ClaimKind,
}

/// `text` as a name, cut off at a whole letter.
pub(super) fn shortened(text: &str) -> Name {
    let mut name = Name::new();
    for letter in text.chars() {
        if name.try_push(letter).is_err() {
            break;
        }
    }
    name
}
