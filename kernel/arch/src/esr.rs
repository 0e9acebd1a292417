//! `ESR_EL1` in words: what kind of exception, and why an access failed.
//!
//! Pure: tables of numbers from the manual, and their names. The class says what kind of exception it
//! was ([`Class`]); the rest of the register (the syndrome) means something else for each class, and
//! is read for aborts alone ([`Abort`]).
//!
//! Source: Arm Architecture Reference Manual, "ESR_EL1, Exception Syndrome Register".

mod abort;
mod class;
mod fault;

use core::fmt;

pub use abort::{Abort, Attempt};
pub use class::Class;
pub use fault::FaultStatus;

/// A value of `ESR_EL1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Esr(u64);

const fn bit(value: u64, n: u32) -> bool {
    (value >> n) & 1 == 1
}

impl Esr {
    /// The register's value.
    pub const fn new(raw: u64) -> Self {
        Self(raw)
    }

    /// The number.
    pub const fn raw(self) -> u64 {
        self.0
    }

    const fn ec(self) -> u8 {
        (self.0 >> 26 & 0x3F) as u8
    }

    /// The exception class.
    pub const fn class(self) -> Class {
        Class::decode(self.ec())
    }

    /// Details, if the class is an abort.
    pub const fn abort(self) -> Option<Abort> {
        let attempt = match self.class() {
            Class::InstructionAbort => Attempt::Fetch,
            Class::DataAbort if bit(self.0, 8) => Attempt::Maintenance,
            Class::DataAbort if bit(self.0, 6) => Attempt::Store,
            Class::DataAbort => Attempt::Load,
            _ => return None,
        };
        Some(Abort {
            status: FaultStatus::decode((self.0 & 0x3F) as u8),
            attempt,
            address_valid: !bit(self.0, 10),
        })
    }
}

impl fmt::Display for Esr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.class())?;
        match self.abort() {
            Some(abort) => write!(f, " ({abort})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_store_to_an_unmapped_page_is_told_from_one_to_read_only_memory() {
        // Both as QEMU reports them for EL1.
        let unmapped = Esr::new(0x9600_0047);
        let read_only = Esr::new(0x9600_004F);
        assert_eq!(
            unmapped.to_string(),
            "data abort (store, translation fault, level 3)"
        );
        assert_eq!(
            read_only.to_string(),
            "data abort (store, permission fault, level 3)"
        );
    }

    #[test]
    fn a_fetch_is_never_called_a_store() {
        // Bit 6 is reserved in the syndrome of a fetch.
        let fetch = Esr::new(0x8600_004E).abort().expect("an instruction abort");
        assert_eq!(fetch.attempt, Attempt::Fetch);
        assert_eq!(fetch.status, FaultStatus::Permission(2));
    }

    #[test]
    fn cache_maintenance_is_not_called_a_store() {
        // WnR is set for it too.
        let maintenance = Esr::new(0x9600_0146).abort().expect("a data abort");
        assert_eq!(maintenance.attempt, Attempt::Maintenance);
    }

    #[test]
    fn far_is_not_trusted_when_the_syndrome_says_so() {
        let walk = Esr::new(0x9600_0410).abort().expect("a data abort");
        assert!(!walk.address_valid);
        assert_eq!(walk.status, FaultStatus::External);
    }

    #[test]
    fn only_aborts_have_abort_details() {
        for (raw, class) in [
            (0, Class::Unknown),
            (0x1FE0_0000, Class::FpDisabled),
            (0xF200_0001, Class::Brk),
            (0xBF00_0002, Class::SError),
            (0x9A00_0000, Class::SpAlignment),
        ] {
            assert_eq!(
                (Esr::new(raw).class(), Esr::new(raw).abort()),
                (class, None)
            );
        }
    }

    #[test]
    fn what_has_no_name_keeps_its_number() {
        assert_eq!(Esr::new(0x3F << 26).to_string(), "exception class 0x3f");
        let odd = Esr::new(0x9600_0000 | 0x3E).abort().expect("a data abort");
        assert_eq!(odd.status.to_string(), "fault status 0x3e");
    }
}
