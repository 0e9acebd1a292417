//! What of a [`Handoff`] deserves a line in the boot report: pure, and tested without a board.

use crate::Handoff;
use core::fmt;

/// Something about the start that is not as on a board with the stock firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Started at EL1: what EL2 sets is as the loader left it.
    EnteredAtEl1,
    /// Started at EL3, without firmware: interrupt groups, clocks and pins are at their reset values,
    /// and no loop holds the other cores for the spin table.
    EnteredAtEl3,
    /// MMU or data cache were on at EL2: what the loader wrote may not have reached RAM.
    CachesOnAtEntry {
        /// SCTLR_EL2.
        sctlr_el2: u64,
    },
    /// CNTFRQ_EL0 is zero and only EL3 can set it: time cannot be told.
    NoTimerRate,
    /// Not a Cortex-A72 r0: its errata and its own registers were left alone.
    OtherCore {
        /// MIDR_EL1.
        midr: u64,
    },
    /// CPUECTLR_EL1 and CPUACTLR_EL1 read as zero even after a write: an emulator.
    CoreRegistersAbsent,
    /// CPUECTLR_EL1.SMPEN is clear and only EL3 can be relied on to set it: broadcast cache and TLB
    /// maintenance does not reach this core.
    NotCoherent {
        /// CPUECTLR_EL1.
        cpuectlr: u64,
    },
    /// The remedy of erratum 859971 did not stick.
    ErratumOpen {
        /// CPUACTLR_EL1.
        cpuactlr: u64,
    },
    /// `x0` cannot be a device tree's address: zero, not on 8 bytes, or too close to 1 GiB.
    NoDeviceTree {
        /// x0 at entry.
        x0: u64,
    },
}

const SCTLR_M: u64 = 1 << 0;
const SCTLR_C: u64 = 1 << 2;
const SMPEN: u64 = 1 << 6;
const ERRATUM_859971: u64 = 1 << 32;

impl Handoff {
    /// What to report, most serious first within each area. Empty on a board with stock firmware.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + use<> {
        [
            self.level(),
            self.caches(),
            self.timer(),
            self.core(),
            self.tree(),
        ]
        .into_iter()
        .flatten()
    }

    /// Is the core one whose own registers the entry knows (Cortex-A72 r0)?
    pub const fn is_a72_r0(&self) -> bool {
        self.midr & 0xFFF0_FFF0 == 0x4100_D080
    }

    const fn level(&self) -> Option<Finding> {
        match self.entry_el {
            1 => Some(Finding::EnteredAtEl1),
            3 => Some(Finding::EnteredAtEl3),
            _ => None,
        }
    }

    const fn caches(&self) -> Option<Finding> {
        let sctlr_el2 = self.sctlr_el2;
        // EL2's register means nothing when the loader ran at EL3.
        let on = self.entry_el == 2 && sctlr_el2 & (SCTLR_M | SCTLR_C) != 0;
        if on {
            Some(Finding::CachesOnAtEntry { sctlr_el2 })
        } else {
            None
        }
    }

    const fn timer(&self) -> Option<Finding> {
        if self.cntfrq == 0 {
            Some(Finding::NoTimerRate)
        } else {
            None
        }
    }

    const fn core(&self) -> Option<Finding> {
        let Self {
            midr,
            cpuectlr,
            cpuactlr,
            ..
        } = *self;
        if !self.is_a72_r0() {
            Some(Finding::OtherCore { midr })
        } else if self.entry_el == 1 {
            None // The registers were not read.
        } else if cpuectlr == 0 && cpuactlr == 0 {
            Some(Finding::CoreRegistersAbsent)
        } else if cpuectlr & SMPEN == 0 {
            Some(Finding::NotCoherent { cpuectlr })
        } else if cpuactlr & ERRATUM_859971 == 0 {
            Some(Finding::ErratumOpen { cpuactlr })
        } else {
            None
        }
    }

    const fn tree(&self) -> Option<Finding> {
        if self.fdt == 0 {
            Some(Finding::NoDeviceTree { x0: self.x0 })
        } else {
            None
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnteredAtEl1 => write!(f, "entered at EL1: EL2 is as the loader left it"),
            Self::EnteredAtEl3 => write!(f, "entered at EL3: no firmware has set up the chip"),
            Self::CachesOnAtEntry { sctlr_el2 } => {
                write!(
                    f,
                    "entered with MMU or data cache on (SCTLR_EL2 {sctlr_el2:#x})"
                )
            }
            Self::NoTimerRate => write!(f, "CNTFRQ_EL0 is 0: the timer has no known rate"),
            Self::OtherCore { midr } => {
                write!(
                    f,
                    "MIDR_EL1 {midr:#x} is not a Cortex-A72 r0: no errata applied"
                )
            }
            Self::CoreRegistersAbsent => {
                write!(f, "CPUECTLR_EL1 and CPUACTLR_EL1 read as zero: an emulator")
            }
            Self::NotCoherent { cpuectlr } => {
                write!(
                    f,
                    "SMPEN is clear (CPUECTLR_EL1 {cpuectlr:#x}): the core is not coherent"
                )
            }
            Self::ErratumOpen { cpuactlr } => {
                write!(f, "erratum 859971 is open (CPUACTLR_EL1 {cpuactlr:#x})")
            }
            Self::NoDeviceTree { x0 } => write!(f, "x0 {x0:#x} cannot be a device tree"),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{vec, vec::Vec};

    /// A board with the stock firmware.
    const BOARD: Handoff = Handoff {
        x0: 0x2EFF_2000,
        fdt: 0xFFFF_FFFF_E01F_2000,
        load: 0x20_0000,
        entry_el: 2,
        sctlr_el2: 0x30C5_0830,
        hcr_el2: 0,
        cpuectlr: 0x40,
        l2ctlr: 0x0300_0022,
        cpuactlr_found: 0,
        cpuactlr: 1 << 32,
        midr: 0x410F_D083,
        mpidr: 0x8000_0000,
        cntfrq: 54_000_000,
        ctr: 0x8444_C004,
        mmfr0: 0x1124,
    };

    fn findings(handoff: Handoff) -> Vec<Finding> {
        handoff.findings().collect()
    }

    #[test]
    fn a_board_with_stock_firmware_gives_nothing_to_report() {
        assert_eq!(findings(BOARD), vec![]);
    }

    #[test]
    fn the_level_of_entry_is_reported_unless_it_is_el2() {
        let at = |entry_el| findings(Handoff { entry_el, ..BOARD });
        assert_eq!(at(3), vec![Finding::EnteredAtEl3]);
        assert_eq!(at(1), vec![Finding::EnteredAtEl1]);
    }

    #[test]
    fn caches_left_on_are_reported_for_each_bit() {
        for bit in [SCTLR_M, SCTLR_C] {
            let sctlr_el2 = BOARD.sctlr_el2 | bit;
            let found = findings(Handoff { sctlr_el2, ..BOARD });
            assert_eq!(found, vec![Finding::CachesOnAtEntry { sctlr_el2 }]);
        }
    }

    #[test]
    fn el2_caches_mean_nothing_when_the_loader_ran_at_el3() {
        let found = findings(Handoff {
            sctlr_el2: SCTLR_M,
            entry_el: 3,
            ..BOARD
        });
        assert_eq!(found, vec![Finding::EnteredAtEl3]);
    }

    #[test]
    fn a_timer_without_rate_is_reported() {
        assert_eq!(
            findings(Handoff { cntfrq: 0, ..BOARD }),
            vec![Finding::NoTimerRate]
        );
    }

    #[test]
    fn what_only_el3_sets_is_checked_on_the_core() {
        let core = |cpuectlr, cpuactlr| {
            findings(Handoff {
                cpuectlr,
                cpuactlr,
                ..BOARD
            })
        };
        assert_eq!(core(0, 0), vec![Finding::CoreRegistersAbsent]);
        assert_eq!(
            core(0x1B, 1 << 32),
            vec![Finding::NotCoherent { cpuectlr: 0x1B }]
        );
        assert_eq!(core(0, 1 << 32), vec![Finding::NotCoherent { cpuectlr: 0 }]);
        assert_eq!(core(0x40, 0), vec![Finding::ErratumOpen { cpuactlr: 0 }]);
    }

    #[test]
    fn registers_that_were_not_read_are_not_judged() {
        let other = Handoff {
            midr: 0x410F_D034,
            cpuectlr: 0,
            cpuactlr: 0,
            ..BOARD
        };
        assert_eq!(
            findings(other),
            vec![Finding::OtherCore { midr: 0x410F_D034 }]
        );
        let el1 = Handoff {
            entry_el: 1,
            cpuectlr: 0,
            cpuactlr: 0,
            ..BOARD
        };
        assert_eq!(findings(el1), vec![Finding::EnteredAtEl1]);
    }

    #[test]
    fn a_missing_tree_is_reported_with_x0() {
        let found = findings(Handoff {
            x0: 0x101,
            fdt: 0,
            ..BOARD
        });
        assert_eq!(found, vec![Finding::NoDeviceTree { x0: 0x101 }]);
    }
}
