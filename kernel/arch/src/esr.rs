//! `ESR_EL1` in words: what kind of exception, and why an access failed.
//!
//! Pure. Source: Arm Architecture Reference Manual, "ESR_EL1, Exception Syndrome Register".

use core::fmt;

/// A value of `ESR_EL1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Esr(u64);

/// Exception class (`ESR_EL1.EC`), as far as a kernel without EL0 meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Undefined instruction, or no other class fits.
    Unknown,
    /// FP or SIMD instruction while it is disabled.
    FpDisabled,
    /// Execution with `PSTATE.IL` set.
    IllegalState,
    /// `svc`.
    Svc,
    /// Access to a system register that is trapped.
    SystemRegister,
    /// Instruction fetch failed.
    InstructionAbort,
    /// Branch to an address that is not a multiple of 4.
    PcAlignment,
    /// Load, store or cache maintenance failed.
    DataAbort,
    /// Access through a stack pointer that is not a multiple of 16.
    SpAlignment,
    /// Asynchronous error, for instance a store that nothing on the bus answered.
    SError,
    /// `brk`.
    Brk,
    /// Any other class, by number.
    Other(u8),
}

/// Fault status (`ISS.DFSC` or `IFSC`): why an access failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultStatus {
    /// The address does not fit; level of the table.
    AddressSize(u8),
    /// Nothing is mapped there; level of the table.
    Translation(u8),
    /// The access flag is clear; level of the table.
    AccessFlag(u8),
    /// Mapped, but not for this kind of access; level of the table.
    Permission(u8),
    /// The bus reported an error.
    External,
    /// The bus reported an error during a walk; level of the table.
    ExternalOnWalk(u8),
    /// Unaligned access to Device memory or by an instruction that cannot.
    Alignment,
    /// Two TLB entries for one address: break-before-make was violated.
    TlbConflict,
    /// Exclusive access to memory that does not support it (not Normal write-back).
    UnsupportedExclusive,
    /// Any other status, by number.
    Other(u8),
}

/// What kind of access failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// An instruction fetch.
    Fetch,
    /// A load.
    Load,
    /// A store.
    Store,
    /// Cache maintenance.
    Maintenance,
}

/// Details of an instruction or data abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// Why.
    pub status: FaultStatus,
    /// Of what.
    pub attempt: Attempt,
    /// `FAR_EL1` holds the address.
    pub address_valid: bool,
}

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
        match self.ec() {
            0x00 => Class::Unknown,
            0x07 => Class::FpDisabled,
            0x0E => Class::IllegalState,
            0x15 => Class::Svc,
            0x18 => Class::SystemRegister,
            0x20 | 0x21 => Class::InstructionAbort,
            0x22 => Class::PcAlignment,
            0x24 | 0x25 => Class::DataAbort,
            0x26 => Class::SpAlignment,
            0x2F => Class::SError,
            0x3C => Class::Brk,
            other => Class::Other(other),
        }
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

impl FaultStatus {
    const fn decode(code: u8) -> Self {
        let level = code & 3;
        match code {
            0x00..=0x03 => Self::AddressSize(level),
            0x04..=0x07 => Self::Translation(level),
            0x08..=0x0B => Self::AccessFlag(level),
            0x0C..=0x0F => Self::Permission(level),
            0x10 => Self::External,
            0x14..=0x17 => Self::ExternalOnWalk(level),
            0x21 => Self::Alignment,
            0x30 => Self::TlbConflict,
            0x35 => Self::UnsupportedExclusive,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "undefined instruction",
            Self::FpDisabled => "FP or SIMD instruction while disabled",
            Self::IllegalState => "illegal execution state",
            Self::Svc => "svc",
            Self::SystemRegister => "trapped system register access",
            Self::InstructionAbort => "instruction abort",
            Self::PcAlignment => "misaligned PC",
            Self::DataAbort => "data abort",
            Self::SpAlignment => "misaligned SP",
            Self::SError => "SError",
            Self::Brk => "brk",
            Self::Other(ec) => return write!(f, "exception class {ec:#04x}"),
        })
    }
}

impl fmt::Display for FaultStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressSize(level) => write!(f, "address size fault, level {level}"),
            Self::Translation(level) => write!(f, "translation fault, level {level}"),
            Self::AccessFlag(level) => write!(f, "access flag fault, level {level}"),
            Self::Permission(level) => write!(f, "permission fault, level {level}"),
            Self::External => f.write_str("external abort"),
            Self::ExternalOnWalk(level) => write!(f, "external abort on walk, level {level}"),
            Self::Alignment => f.write_str("alignment fault"),
            Self::TlbConflict => f.write_str("TLB conflict"),
            Self::UnsupportedExclusive => f.write_str("unsupported exclusive access"),
            Self::Other(code) => write!(f, "fault status {code:#04x}"),
        }
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempt = match self.attempt {
            Attempt::Fetch => "fetch",
            Attempt::Load => "load",
            Attempt::Store => "store",
            Attempt::Maintenance => "cache maintenance",
        };
        write!(f, "{attempt}, {}", self.status)
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
