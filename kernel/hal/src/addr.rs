//! Addresses that cannot be mistaken for one another.
//!
//! Both types are plain 64-bit numbers with checked arithmetic. Zero is an address like any other
//! (RAM starts there on this chip): "no address" is always an `Option` or an error, never a value.

use core::fmt;

macro_rules! address {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(u64);

        impl $name {
            /// The address with this number.
            #[inline]
            pub const fn new(raw: u64) -> Self {
                Self(raw)
            }

            /// The number, for a register, a page table or a message.
            #[inline]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// `self + bytes`, or `None` if that passes the end of the 64-bit space.
            #[inline]
            pub const fn checked_add(self, bytes: u64) -> Option<Self> {
                match self.0.checked_add(bytes) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// Bytes from `origin` up to `self`, or `None` if `origin` is above `self`.
            #[inline]
            pub const fn offset_from(self, origin: Self) -> Option<u64> {
                self.0.checked_sub(origin.0)
            }

            /// The nearest multiple of `align` (a power of two) at or below `self`.
            #[inline]
            pub const fn align_down(self, align: u64) -> Self {
                assert!(align.is_power_of_two());
                Self(self.0 & !(align - 1))
            }

            /// The nearest multiple of `align` (a power of two) at or above `self`, or `None` if
            /// there is none in the 64-bit space.
            #[inline]
            pub const fn align_up(self, align: u64) -> Option<Self> {
                assert!(align.is_power_of_two());
                match self.0.checked_add(align - 1) {
                    Some(sum) => Some(Self(sum & !(align - 1))),
                    None => None,
                }
            }

            /// Is `self` a multiple of `align` (a power of two)?
            #[inline]
            pub const fn is_aligned(self, align: u64) -> bool {
                assert!(align.is_power_of_two());
                self.0 & (align - 1) == 0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, ":{:#x}"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }
    };
}

address! {
    /// An address as a CPU puts it on the bus: RAM or registers, after translation.
    PhysAddr, "phys"
}

address! {
    /// An address as one bus master has to be programmed with it. It means nothing to the CPU and
    /// nothing to a master behind another bus.
    DmaAddr, "dma"
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    #[test]
    fn arithmetic_is_checked_at_the_end_of_the_space() {
        assert_eq!(PhysAddr::new(u64::MAX).checked_add(1), None);
        assert_eq!(PhysAddr::new(u64::MAX).align_up(64), None);
        assert_eq!(PhysAddr::new(1).offset_from(PhysAddr::new(2)), None);
    }

    #[test]
    fn alignment_rounds_both_ways() {
        let addr = DmaAddr::new(0x1041);
        assert_eq!(addr.align_down(0x40).get(), 0x1040);
        assert_eq!(addr.align_up(0x40).map(DmaAddr::get), Some(0x1080));
        assert!(!addr.is_aligned(2) && addr.is_aligned(1));
    }

    #[test]
    fn debug_output_says_which_kind_of_address_it_is() {
        assert_eq!(format!("{:?}", PhysAddr::new(0x1000)), "phys:0x1000");
        assert_eq!(format!("{:?}", DmaAddr::new(0xC000_1000)), "dma:0xc0001000");
    }
}
