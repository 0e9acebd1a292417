//! The generic timer: time, delays, deadlines, and sleep until something happens.
//!
//! Time is `CNTVCT_EL0`. There are two comparators per core: the virtual one
//! ([`Timer::IRQ`]) is the kernel's, armed for its deadlines and handled like any interrupt; the
//! physical one ([`Timer::WAKE_IRQ`]) only wakes [`wait_for_interrupt_until`], and is disarmed again
//! before interrupts are on, so that no handler ever sees it.
//!
//! `boot` has set `CNTVOFF_EL2` to 0 and opened the physical timer to EL1 (`CNTHCTL_EL2`).

use crate::board::Board;
use crate::irq::IrqId;
use aarch64_cpu::registers::{
    CNTFRQ_EL0, CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, CNTVCT_EL0,
};
use hal::{Clock, Irq};
use tock_registers::interfaces::{Readable, Writeable};

/// The generic timer of the calling core.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

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
}

impl Timer {
    /// Interrupt of deadlines armed by [`arm`](Self::arm).
    pub const IRQ: IrqId = IrqId::private(11).expect("a private interrupt");
    /// Interrupt that must be enabled at the controller, on each core, for
    /// [`wait_for_interrupt_until`]; it is never delivered.
    pub const WAKE_IRQ: IrqId = IrqId::private(14).expect("a private interrupt");

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

    /// The moment `micros` microseconds from now, in ticks.
    pub fn deadline(&self, micros: u64) -> u64 {
        let ticks = u128::from(micros) * u128::from(self.hz()) / 1_000_000;
        // Rounded up: a delay may be too long, never too short.
        let ticks = u64::try_from(ticks + 1).unwrap_or(u64::MAX);
        self.ticks().saturating_add(ticks)
    }

    /// Spins for `micros` microseconds.
    pub fn delay(&self, micros: u64) {
        let deadline = self.deadline(micros);
        while self.ticks() < deadline {
            core::hint::spin_loop();
        }
    }
}

/// Sleeps until `done` is true or the clock passes `deadline` (in ticks); says whether `done`.
///
/// `done` looks at what an interrupt handler changes, and runs with interrupts masked. No wake-up is
/// lost: between the look and the sleep nothing can be handled, and an interrupt that is pending ends
/// the sleep although it is masked; it is handled before the next look. Where the caller has
/// interrupts masked they stay so: this then spins while one is pending, and still ends in time.
///
/// Not for handlers. [`Timer::WAKE_IRQ`] must be enabled on this core.
pub fn wait_for_interrupt_until(deadline: u64, mut done: impl FnMut() -> bool) -> bool {
    let before = Board::mask();
    let result = loop {
        if done() {
            break true;
        }
        if Timer.ticks() >= deadline {
            break false;
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

/// Sleeps, interrupts masked, until one is pending or the clock passes `deadline`.
fn sleep_until(deadline: u64) {
    CNTP_CVAL_EL0.set(deadline);
    CNTP_CTL_EL0.write(CNTP_CTL_EL0::ENABLE::SET);
    crate::cpu::isb();
    crate::cpu::wfi();
    CNTP_CTL_EL0.set(0);
    crate::cpu::isb();
}
