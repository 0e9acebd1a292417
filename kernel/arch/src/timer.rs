//! The generic timer: time, delays, deadlines, and sleep until something happens.
//!
//! Time is `CNTVCT_EL0`. There are two comparators per core: the virtual one
//! ([`Timer::IRQ`]) is the kernel's, armed for its deadlines and handled like any interrupt; the
//! physical one ([`Timer::WAKE_IRQ`]) only ends the sleep of `wait_until`, and is disarmed again
//! before interrupts are on, so that no handler ever sees it.
//!
//! `boot` has set `CNTVOFF_EL2` to 0 and opened the physical timer to EL1 (`CNTHCTL_EL2`).

use crate::board::Board;
use crate::irq::{IrqChip, IrqError, IrqId};
use aarch64_cpu::registers::{
    CNTFRQ_EL0, CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, CNTVCT_EL0,
};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use hal::{Clock, Cpu, Irq, MAX_CPUS};
use tock_registers::interfaces::{Readable, Writeable};

/// The generic timer of the calling core.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

/// Cores whose sleep [`Timer::WAKE_IRQ`] can end. Each core uses its own entry.
static MAY_SLEEP: [AtomicBool; MAX_CPUS] = [const { AtomicBool::new(false) }; MAX_CPUS];

impl Clock for Timer {
    #[inline]
    fn ticks(&self) -> u64 {
        // The counter may be read ahead of earlier instructions, so time would seem to go back.
        crate::cpu::isb();
        CNTVCT_EL0.get()
    }

    fn hz(&self) -> u64 {
        CNTFRQ_EL0.get()
    }

    /// Sleeps between looks, after [`Timer::enable_sleep`]; spins before.
    ///
    /// `done` looks at what an interrupt handler changes, and runs with interrupts masked. No
    /// wake-up is lost: between the look and the sleep nothing can be handled, and a pending interrupt
    /// ends the sleep although it is masked; it is handled before the next look. Where the caller
    /// has interrupts masked they stay so: this then spins while one is pending, and still ends in
    /// time.
    fn wait_until(&self, deadline: u64, done: &mut dyn FnMut() -> bool) -> bool {
        let before = Board::mask();
        let result = loop {
            if done() {
                break true;
            }
            if self.ticks() >= deadline {
                break done();
            }
            sleep_until(deadline);
            Board::restore(before);
            // What is pending is taken here at the latest, not after the next `mask`.
            crate::cpu::isb();
            _ = Board::mask();
        };
        Board::restore(before);
        result
    }
}

impl Timer {
    /// Interrupt of deadlines armed by [`arm`](Self::arm).
    pub const IRQ: IrqId = IrqId::private(11).expect("a private interrupt");
    /// Interrupt that ends the sleep of `wait_until`; it is never delivered.
    pub const WAKE_IRQ: IrqId = IrqId::private(14).expect("a private interrupt");

    /// Lets `wait_until` sleep on this core, once `chip` serves it.
    pub fn enable_sleep(&self, chip: &impl IrqChip) -> Result<(), IrqError> {
        let core = Board::cpu_id();
        CNTP_CTL_EL0.set(0);
        chip.enable(Self::WAKE_IRQ, 0, core)?;
        MAY_SLEEP[core.index()].store(true, Relaxed);
        Ok(())
    }

    /// Requests [`IRQ`](Self::IRQ) on this core at `deadline` (in ticks), at once if it has passed.
    /// It stays pending until [`disarm`](Self::disarm) or another `arm`.
    pub fn arm(&self, deadline: u64) {
        CNTV_CVAL_EL0.set(deadline);
        CNTV_CTL_EL0.write(CNTV_CTL_EL0::ENABLE::SET);
        crate::cpu::isb();
    }

    /// Withdraws this core's request. For the interrupt handler: before it ends the interrupt.
    pub fn disarm(&self) {
        CNTV_CTL_EL0.set(0);
        crate::cpu::isb();
    }

    /// The moment `micros` microseconds from now, in ticks; at the end of time if that is sooner.
    pub fn deadline(&self, micros: u64) -> u64 {
        self.ticks().saturating_add(self.ticks_in(micros))
    }

    /// Spins for `micros` microseconds.
    pub fn delay(&self, micros: u64) {
        let deadline = self.deadline(micros);
        while self.ticks() < deadline {
            crate::cpu::relax();
        }
    }
}

/// Sleeps, interrupts masked, until one is pending or the clock passes `deadline`. Returns
/// at once where nothing could end the sleep.
fn sleep_until(deadline: u64) {
    if !MAY_SLEEP[Board::cpu_id().index()].load(Relaxed) {
        crate::cpu::relax();
        return;
    }
    CNTP_CVAL_EL0.set(deadline);
    CNTP_CTL_EL0.write(CNTP_CTL_EL0::ENABLE::SET);
    crate::cpu::isb();
    crate::cpu::wfi();
    CNTP_CTL_EL0.set(0);
    crate::cpu::isb();
}
