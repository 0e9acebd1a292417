//! The instructions that the oracle follows, told by their words (Arm ARM, C4 "A64 Instruction Set
//! Encoding" and C5.3 "A64 system instructions for cache maintenance").

/// What an instruction means to the oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// One of the loads and stores: the emulator tells what it accesses.
    LoadStore,
    /// A cache operation on the line of the address in register `rt`.
    Line {
        /// The operation.
        op: LineOp,
        /// Number of the register; 31 is zero.
        rt: u8,
    },
    /// A cache operation by set and way; whether it drops without writing back.
    SetWay {
        /// `dc isw`.
        drops: bool,
    },
    /// A barrier.
    Barrier(Barrier),
    /// Register `rt` goes into `SCTLR_EL1`, which switches MMU and caches.
    Sctlr {
        /// Number of the register; 31 is zero.
        rt: u8,
    },
    /// Anything else.
    Other,
}

/// A cache operation on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineOp {
    /// `dc cvac`: written back to the point of coherency.
    Clean,
    /// `dc civac`: written back, then dropped.
    CleanInvalidate,
    /// `dc ivac`: dropped.
    Invalidate,
    /// `dc zva`: 64 bytes of zero are stored.
    Zero,
}

/// A barrier, by what it does for devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Barrier {
    /// `dsb`: it also waits until maintenance is complete, if it waits for loads and stores.
    pub completes: bool,
    /// Earlier loads before later accesses.
    pub loads: bool,
    /// Earlier stores before later stores.
    pub stores: bool,
}

/// Tells what `word` is.
pub const fn decode(word: u32) -> Instruction {
    let rt = (word & 31) as u8;
    if word >> 25 & 0b101 == 0b100 {
        return Instruction::LoadStore;
    }
    match word & !31 {
        0xD50B_7A20 => line(LineOp::Clean, rt),
        0xD50B_7E20 => line(LineOp::CleanInvalidate, rt),
        0xD508_7620 => line(LineOp::Invalidate, rt),
        0xD50B_7420 => line(LineOp::Zero, rt),
        0xD508_7640 => Instruction::SetWay { drops: true },
        0xD508_7A40 | 0xD508_7E40 => Instruction::SetWay { drops: false },
        0xD518_1000 => Instruction::Sctlr { rt },
        _ => barrier(word),
    }
}

const fn line(op: LineOp, rt: u8) -> Instruction {
    Instruction::Line { op, rt }
}

/// Only the outer shareable domain and the full system have devices in them.
const fn barrier(word: u32) -> Instruction {
    let completes = match word & 0xFFFF_F0FF {
        0xD503_309F => true,
        0xD503_30BF => false,
        _ => return Instruction::Other,
    };
    let (domain, kind) = (word >> 10 & 3, word >> 8 & 3);
    let devices = matches!(domain, 0 | 3);
    let (loads, stores) = (devices && kind & 1 != 0, devices && kind & 2 != 0);
    Instruction::Barrier(Barrier {
        completes: completes && loads && stores,
        loads,
        stores,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ordering(completes: bool, loads: bool, stores: bool) -> Instruction {
        Instruction::Barrier(Barrier {
            completes,
            loads,
            stores,
        })
    }

    #[test]
    fn maintenance_to_the_point_of_coherency_is_known_with_its_register() {
        assert_eq!(decode(0xD50B_7A23), line(LineOp::Clean, 3));
        assert_eq!(decode(0xD50B_7E20), line(LineOp::CleanInvalidate, 0));
        assert_eq!(decode(0xD508_763F), line(LineOp::Invalidate, 31));
        assert_eq!(decode(0xD50B_7429), line(LineOp::Zero, 9));
        assert_eq!(decode(0xD508_7642), Instruction::SetWay { drops: true });
        assert_eq!(decode(0xD508_7E41), Instruction::SetWay { drops: false });
    }

    #[test]
    fn maintenance_to_the_point_of_unification_does_nothing_for_a_device() {
        assert_eq!(decode(0xD50B_7B20), Instruction::Other, "dc cvau, x0");
    }

    #[test]
    fn barriers_order_what_they_say_and_only_if_devices_are_in_their_domain() {
        assert_eq!(decode(0xD503_3F9F), ordering(true, true, true), "dsb sy");
        assert_eq!(decode(0xD503_339F), ordering(true, true, true), "dsb osh");
        assert_eq!(decode(0xD503_3E9F), ordering(false, false, true), "dsb st");
        assert_eq!(
            decode(0xD503_32BF),
            ordering(false, false, true),
            "dmb oshst"
        );
        assert_eq!(
            decode(0xD503_31BF),
            ordering(false, true, false),
            "dmb oshld"
        );
        assert_eq!(decode(0xD503_3FBF), ordering(false, true, true), "dmb sy");
        assert_eq!(
            decode(0xD503_3B9F),
            ordering(false, false, false),
            "dsb ish"
        );
        assert_eq!(decode(0xD503_3FDF), Instruction::Other, "isb");
    }

    #[test]
    fn loads_and_stores_of_every_group_are_asked_about() {
        let known = |word| decode(word) == Instruction::LoadStore;
        assert!(known(0xF940_0041), "ldr x1, [x2]");
        assert!(known(0x3900_0041), "strb w1, [x2]");
        assert!(known(0xA9BF_7BFD), "stp x29, x30, [sp, #-16]!");
        assert!(known(0xC85F_7C41), "ldxr x1, [x2]");
        assert!(known(0x4C9F_2000), "st1 {{v0.16b-v3.16b}}, [x0], #64");
        assert!(!known(0x9100_0041), "add x1, x2, #0");
        assert!(!known(0xD503_201F), "nop");
    }

    #[test]
    fn the_switch_of_el1_is_watched() {
        assert_eq!(decode(0xD518_1005), Instruction::Sctlr { rt: 5 });
        assert_eq!(decode(0xD51C_1005), Instruction::Other, "EL2's is not");
    }
}
