//! The exception class: what kind of exception was taken.

use core::fmt;

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

impl Class {
    /// The class with number `ec`. Aborts have two: the lower one is for those taken from EL0.
    pub(super) const fn decode(ec: u8) -> Self {
        match ec {
            0x00 => Self::Unknown,
            0x07 => Self::FpDisabled,
            0x0E => Self::IllegalState,
            0x15 => Self::Svc,
            0x18 => Self::SystemRegister,
            0x20 | 0x21 => Self::InstructionAbort,
            0x22 => Self::PcAlignment,
            0x24 | 0x25 => Self::DataAbort,
            0x26 => Self::SpAlignment,
            0x2F => Self::SError,
            0x3C => Self::Brk,
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
