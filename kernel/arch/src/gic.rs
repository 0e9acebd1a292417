//! The GIC-400 (GICv2) behind [`IrqChip`].
//!
//! On the board the kernel is non-secure and the firmware has put all interrupts into group 1; in
//! the emulator there is no security extension. Bit 0 of both control registers enables our
//! interrupts in either case, and writes to the groups are ignored or make no difference.
//!
//! The distributor is shared by all cores and locked; acknowledging and ending are per core and are
//! not. Source: ARM GICv2 architecture specification; BCM2711 ARM Peripherals, 6.

#![expect(unsafe_code, reason = "the foreign driver takes bare addresses")]

use crate::board::Board;
use crate::irq::{Acknowledged, IrqChip, IrqError, IrqId};
use crate::mmio::MmioRegion;
use arm_gic_driver::IntId;
use arm_gic_driver::v2::{Ack, CpuInterfaceTarget, Gic, TargetList, TrapOp, Trigger};
use core::fmt;
use hal::{Cpu, CpuId, IrqLock, Platform, Rank};

/// Why the controller cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GicError {
    /// A register block is shorter than a GIC-400's.
    ShortBlock {
        /// Its bytes.
        len: usize,
        /// The bytes that are used.
        wanted: usize,
    },
    /// The calling core's own bit in the target registers is not what its number says.
    UnexpectedTarget {
        /// The core that asked.
        core: CpuId,
        /// The mask that the controller shows it.
        mask: u8,
    },
}

impl fmt::Display for GicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortBlock { len, wanted } => {
                write!(f, "GIC registers of {len:#x} bytes, {wanted:#x} are wanted")
            }
            Self::UnexpectedTarget { core, mask } => {
                write!(
                    f,
                    "GIC shows target mask {mask:#04x} to core {}",
                    core.index()
                )
            }
        }
    }
}

/// Bytes of the distributor's registers.
const DISTRIBUTOR: usize = 0x1000;
/// `GICD_SGIR`: raises an interrupt on the cores in bits 16-23.
const SGIR: usize = 0xF00;
/// Bytes of the CPU interface's registers, `GICC_DIR` (in a page of its own) included.
const INTERFACE: usize = 0x1004;

/// An interrupt controller with its distributor on.
pub struct Gic400 {
    // Lock order: innermost. Whoever brings a device up may enable its interrupt under its lock.
    gic: IrqLock<Gic, Board>,
    core: TrapOp,
    end: u32,
    send: *mut u32,
}

// SAFETY: `send` is a register that takes single stores from any core at any time; the rest is
// locked or constant.
unsafe impl Send for Gic400 {}
// SAFETY: as above.
unsafe impl Sync for Gic400 {}

impl Gic400 {
    /// Takes over the controller: everything disabled, nothing pending, shared interrupts go to the
    /// calling core. Takes the register blocks of distributor and CPU interface.
    pub fn new(distributor: MmioRegion, interface: MmioRegion) -> Result<Self, GicError> {
        for (block, wanted) in [(&distributor, DISTRIBUTOR), (&interface, INTERFACE)] {
            let len = block.size();
            if len < wanted {
                return Err(GicError::ShortBlock { len, wanted });
            }
        }
        let (gicd, gicc) = (distributor.base().into(), interface.base().into());
        // SAFETY: both regions were vouched for as mapped registers when they were made, and are
        // ours now. That they are a GIC's, the caller read in the device tree.
        let mut gic = unsafe { Gic::new(gicd, gicc, None) };
        let mask = gic.cpu_interface().current_cpu_target();
        let core = Board::cpu_id();
        if mask.as_u8() != target(core).as_u8() {
            return Err(GicError::UnexpectedTarget {
                core,
                mask: mask.as_u8(),
            });
        }
        gic.init(CpuInterfaceTarget::Explicit(mask));
        let (end, trap_operations) = (gic.max_intid(), gic.cpu_interface().trap_operations());
        Ok(Self {
            gic: IrqLock::new(Rank::Innermost, "interrupt distributor", gic),
            core: trap_operations,
            end: end.min(IrqId::END),
            send: core::ptr::with_exposed_provenance_mut(distributor.base() + SGIR),
        })
    }

    /// The driver asserts on numbers that the controller lacks; we refuse them first.
    fn check(&self, id: IrqId) -> Result<IntId, IrqError> {
        if id.get() >= self.end {
            return Err(IrqError::NoSuchIrq { id, end: self.end });
        }
        // SAFETY: the number was compared with the controller's own.
        Ok(unsafe { IntId::raw(id.get()) })
    }
}

/// Target bit of a core: interface n belongs to core n on this chip.
fn target(core: CpuId) -> TargetList {
    TargetList::from_raw(1 << core.index())
}

impl IrqChip for Gic400 {
    fn init_core(&self) {
        self.gic.lock().cpu_interface().init_current_cpu();
    }

    fn enable(&self, id: IrqId, priority: u8, core: CpuId) -> Result<(), IrqError> {
        let int = self.check(id)?;
        if id.is_private() && core != Board::cpu_id() {
            return Err(IrqError::OtherCore { id, target: core });
        }
        let gic = self.gic.lock();
        gic.set_irq_enable(int, false);
        gic.set_priority(int, priority);
        if !id.is_private() {
            // Before it can become pending: a pending interrupt without a target is lost.
            gic.set_target_cpu(int, target(core));
            gic.set_cfg(int, Trigger::Level);
        }
        gic.set_irq_enable(int, true);
        Ok(())
    }

    fn disable(&self, id: IrqId) -> Result<(), IrqError> {
        let int = self.check(id)?;
        self.gic.lock().set_irq_enable(int, false);
        Ok(())
    }

    fn acknowledge(&self) -> Option<Acknowledged> {
        let ack = self.core.ack();
        let number = match ack {
            Ack::SGI { intid, .. } | Ack::Other(intid) => intid.to_u32(),
        };
        Some(Acknowledged::new(IrqId::new(number)?, ack.into()))
    }

    fn end(&self, irq: Acknowledged) {
        self.core.eoi(irq.token().into());
    }

    fn send(&self, id: IrqId, target: CpuId) -> Result<(), IrqError> {
        if !id.is_between_cores() {
            return Err(IrqError::NotBetweenCores { id });
        }
        Board.complete(); // stays: between cores, before an interrupt to one
        // SAFETY: `new` took the distributor's registers, which stay mapped; the register only
        // raises interrupts, and one store does all.
        unsafe {
            self.send
                .write_volatile(1 << (16 + target.index()) | id.get())
        };
        Ok(())
    }
}
