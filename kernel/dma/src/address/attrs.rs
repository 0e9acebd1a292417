//! What a driver that keeps bus addresses alone may say about a mapping (`DMA_ATTR_*`).

use core::ops::BitOr;

/// Attributes of a mapping, joined with `|`. Nothing keeps them: unmap is given the same again
/// (ATTR-6), and [`SKIP_CPU_SYNC`](Self::SKIP_CPU_SYNC) where the CPU does not want the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attrs(pub(super) crate::Attrs);

impl Attrs {
    /// Nothing in particular.
    pub const NONE: Self = Self(crate::Attrs::NONE);
    /// On map: [`sync_single_for_device`](super::ByAddress::sync_single_for_device) follows before the
    /// device is told (ATTR-3). A bounce is allowed. On unmap: that may never have been called, so what
    /// the CPU stored is kept.
    pub const DEFER_SYNC: Self = Self(crate::Attrs::DEFER_SYNC);
    /// On map: a device has the bytes already, so no cache operation, and a bounce is an error (ATTR-2).
    pub const ALREADY_DEVICE_OWNED: Self = Self(crate::Attrs::ALREADY_DEVICE_OWNED);
    /// The field's word for the same (`DMA_ATTR_SKIP_CPU_SYNC`). On unmap: the bytes stay the devices',
    /// or are of no interest; always allowed (ATTR-4).
    pub const SKIP_CPU_SYNC: Self = Self::ALREADY_DEVICE_OWNED;
    /// On map: several devices use the bytes, so a bounce is an error (ATTR-5). All but the first map
    /// say `SHARED | ALREADY_DEVICE_OWNED`, all but the last unmap [`SKIP_CPU_SYNC`](Self::SKIP_CPU_SYNC).
    pub const SHARED: Self = Self(crate::Attrs::SHARED);
    /// On map: an error unless neither a bounce nor cache maintenance is needed.
    pub const REQUIRE_COHERENT: Self = Self(crate::Attrs::REQUIRE_COHERENT);
    /// A refusal is not worth a message. It still is an error.
    pub const NO_WARN: Self = Self(crate::Attrs::NO_WARN);

    /// Are all attributes of `other` among these?
    pub const fn contains(self, other: Self) -> bool {
        self.0.contains(other.0)
    }
}

impl BitOr for Attrs {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
