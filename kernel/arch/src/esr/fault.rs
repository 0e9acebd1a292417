//! The fault status: why an access failed.

use core::fmt;

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

impl FaultStatus {
    /// The fault status with number `code`.
    pub(super) const fn decode(code: u8) -> Self {
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
