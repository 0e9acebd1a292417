//! What an exception saved: every general register and the state to return to.
//!
//! The layout is shared with `exception/vectors.s`. FP registers are not in it: only the copy
//! routines use them, and those save what they use.

use crate::esr::Esr;
use core::fmt;

/// Registers of the interrupted code. Changing one changes what `eret` restores.
///
/// `vectors.s` knows the offsets; they are tested below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Frame {
    /// `x0` to `x30`.
    pub x: [u64; 31],
    /// `SP_EL0`, the stack pointer of threads.
    pub sp_el0: u64,
    /// Where the exception returns to.
    pub elr: u64,
    /// The state it returns to.
    pub spsr: u64,
    /// The syndrome; of meaning for synchronous exceptions and SError alone.
    pub esr: u64,
    /// The faulting address; of meaning for aborts alone.
    pub far: u64,
    /// A frame record (`x29`, `elr`), so that a backtrace walks from the handler into the
    /// interrupted code.
    pub record: [u64; 2],
    /// Stack pointer in use when the exception came (`SP_EL0` or `SP_EL1`). Not restored.
    pub sp: u64,
    /// Entry of the vector table, 0 to 15.
    pub vector: u64,
}

impl Frame {
    /// The syndrome.
    pub const fn syndrome(&self) -> Esr {
        Esr::new(self.esr)
    }
}

impl fmt::Display for Frame {
    /// Lines of four registers, with no line end after the last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, value) in self.x.iter().enumerate() {
            let end = if i % 4 == 3 { "\n" } else { "" };
            write!(f, " x{i:<2} {value:016x}{end}")?;
        }
        writeln!(f, " sp  {:016x}", self.sp)?;
        writeln!(
            f,
            " elr {:016x} far {:016x} esr {:08x}",
            self.elr, self.far, self.esr
        )?;
        write!(f, " spsr {:08x} ({})", self.spsr, Spsr(self.spsr))
    }
}

/// A saved processor state, for printing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spsr(pub u64);

impl Spsr {
    /// The interrupt masks D, A, I and F, in their place in the register.
    pub const MASKS: u64 = 0xF << 6;
    /// Mode EL1 on `SP_EL0`: that of threads.
    pub const EL1T: u64 = 0b0100;

    fn flags(self, f: &mut fmt::Formatter<'_>, names: &str, top: u32) -> fmt::Result {
        for (i, name) in (0u32..).zip(names.chars()) {
            let set = self.0 >> (top - i) & 1 == 1;
            write!(f, "{}", if set { name } else { '-' })?;
        }
        Ok(())
    }
}

impl fmt::Display for Spsr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stack = if self.0 & 1 == 1 { 'h' } else { 't' };
        write!(f, "EL{}{stack}, flags ", self.0 >> 2 & 3)?;
        self.flags(f, "NZCV", 31)?;
        f.write_str(", masked ")?;
        self.flags(f, "DAIF", 9)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use core::mem::{offset_of, size_of};
    use std::{format, string::ToString};

    #[test]
    fn the_layout_is_the_one_the_vectors_use() {
        assert_eq!(size_of::<Frame>(), 320);
        assert_eq!(offset_of!(Frame, sp_el0), 31 * 8);
        assert_eq!(offset_of!(Frame, elr), 256);
        assert_eq!(offset_of!(Frame, esr), 272);
        assert_eq!(offset_of!(Frame, record), 288);
        assert_eq!(offset_of!(Frame, sp), 304);
        assert_eq!(offset_of!(Frame, vector), 312);
    }

    #[test]
    fn every_register_appears_once_with_its_value() {
        let mut frame = Frame::default();
        for (i, x) in (0u64..).zip(frame.x.iter_mut()) {
            *x = 0xABC0_0000 + i;
        }
        let text = frame.to_string();
        for i in 0..31 {
            let wanted = format!("x{i:<2} 00000000abc0{i:04x}");
            assert_eq!(text.matches(&wanted).count(), 1, "{wanted} in\n{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 88), "{text}");
    }

    #[test]
    fn the_saved_state_is_decoded() {
        assert_eq!(
            Spsr(0x6000_03C4).to_string(),
            "EL1t, flags -ZC-, masked DAIF"
        );
        assert_eq!(
            Spsr(0x8000_0085).to_string(),
            "EL1h, flags N---, masked --I-"
        );
    }
}
