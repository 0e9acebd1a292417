//! A device that wrote where nothing of its own is.

use super::{CANARY, POISON};
use core::fmt;
use hal::PhysAddr;

/// A byte that a device changed and should not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overrun {
    /// Beside a mapping of its own (CP-4).
    Beside {
        /// Bus address of the mapping.
        addr: u64,
        /// Bytes that the device was given.
        len: u64,
        /// Where the byte is, counted from the first of the mapping: negative in front of it.
        at: i64,
        /// What is there now.
        found: u8,
    },
    /// In slots that it had, behind the end of the mapping and before anybody took them again (CP-8).
    Afterwards {
        /// Where the byte is.
        at: PhysAddr,
        /// What is there now.
        found: u8,
    },
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Beside {
                addr,
                len,
                at,
                found,
            } => {
                let place = addr.wrapping_add_signed(at);
                write!(f, "wrote {found:#04x} over {CANARY:#04x} at {place:#x}, ")?;
                match u64::try_from(at) {
                    Ok(at) => write!(f, "{} behind", at - len)?,
                    Err(_) => write!(f, "{} in front of", at.unsigned_abs())?,
                }
                write!(
                    f,
                    " the {len} bytes at {addr:#x}: give it the length that was mapped"
                )
            }
            Self::Afterwards { at, found } => write!(
                f,
                "wrote {found:#04x} over {POISON:#04x} at {at} after its unmap: halt it before that"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn cp_4_an_overrun_tells_both_values_and_the_place() {
        let (addr, len, found) = (0xC000_1000, 100, 0x5A);
        let beside = |at| {
            let told = Overrun::Beside {
                addr,
                len,
                at,
                found,
            };
            told.to_string()
        };
        assert_eq!(
            beside(103),
            "wrote 0x5a over 0xc9 at 0xc0001067, 3 behind the 100 bytes at 0xc0001000: give it the \
             length that was mapped"
        );
        assert!(beside(-4).contains(" at 0xc0000ffc, 4 in front of the 100 bytes "));
    }

    #[test]
    fn cp_8_a_write_after_unmap_tells_both_values_and_the_place() {
        let at = PhysAddr::new(0x1020_0040);
        let told = Overrun::Afterwards { at, found: 0 }.to_string();
        assert!(told.starts_with("wrote 0x00 over 0xd6 at 0x"), "{told}");
    }
}
