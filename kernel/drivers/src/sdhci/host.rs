//! The controller itself: reset, clock, power, waits.
//!
//! Stores cross into the SD clock's domain, and one that follows too soon is lost: each but those to
//! the data port is followed by a pause of four SD clock periods. All waits end by the clock.
//!
//! Context: thread. Waits spin: no interrupt of the controller is used, since its line is shared
//! with a second controller.

use super::error::{SdError, Wait};
use super::registers::{
    ALL_EVENTS, CLOCKS, CONTROL, Clocks, Control, ERRORS, EVENTS, Events, INTERRUPTS, RECORDED,
};
use crate::reg::Reg;
use hal::{Clock, Mmio};
use tock_registers::fields::FieldValue;
use tock_registers::{LocalRegisterCopy, RegisterLongName};

/// Identification takes 400 kHz at most; below 200 kHz the controller hangs.
pub(crate) const SLOW_HZ: u32 = 400_000;
/// The default speed of every card.
pub(crate) const FAST_HZ: u32 = 25_000_000;
/// Periods of the SD clock between two stores.
const SPACING: u64 = 4;
/// Time for what the controller does on its own.
const PATIENCE_US: u64 = 100_000;
/// The longest data time-out that is defined: 2^27 periods.
const TIMEOUT: u32 = 0xE;

/// A controller and the clock that its waits end by.
pub struct Host<'k, M, K: ?Sized> {
    io: M,
    clock: &'k K,
    base_hz: u32,
    /// Ticks between two stores.
    spacing: u64,
    /// The clock word without resets, to be repeated with them.
    clocks: FieldValue<u32, Clocks::Register>,
    /// The command under way, for errors.
    pub(crate) command: u8,
}

/// The divider that makes at most `hz` from `base_hz`: the base is divided by twice this.
fn divider(base_hz: u32, hz: u32) -> Option<u32> {
    let wanted = base_hz.div_ceil(2 * hz).max(1);
    (base_hz >= 2 * SLOW_HZ && wanted <= 0x3FF).then_some(wanted)
}

impl<'k, M: Mmio, K: Clock + ?Sized> Host<'k, M, K> {
    /// The controller behind `io`, fed with `base_hz` (mailbox clock 12 for EMMC2, 1 for EMMC1).
    pub const fn new(io: M, clock: &'k K, base_hz: u32) -> Self {
        Self {
            io,
            clock,
            base_hz,
            spacing: 0,
            clocks: FieldValue::<u32, Clocks::Register>::new(0, 0, 0),
            command: 0,
        }
    }

    /// Resets everything, powers the bus and clocks it slowly.
    pub(crate) fn start(&mut self) -> Result<(), SdError> {
        // Nothing is known of the clock that is left from before: the slowest there may be.
        self.spacing = self.clock.ticks_in(SPACING * 1_000_000 / 200_000);
        self.write(&CLOCKS, Clocks::RESET_ALL::SET);
        self.poll(Wait::Reset, |host| {
            !host.read(&CLOCKS).is_set(Clocks::RESET_ALL)
        })?;
        self.write(&CONTROL, Control::VOLTAGE.val(7) + Control::POWER::SET);
        self.set_clock(SLOW_HZ)?;
        self.set(&RECORDED, ALL_EVENTS);
        self.set(&INTERRUPTS, 0);
        // A millisecond, and 74 periods of the clock, before the first command.
        self.pause(1_000 + 74 * 5);
        Ok(())
    }

    /// Clocks the bus with at most `hz`.
    pub(crate) fn set_clock(&mut self, hz: u32) -> Result<(), SdError> {
        let base_hz = self.base_hz;
        let divider = divider(base_hz, hz).ok_or(SdError::BaseClock { hz: base_hz })?;
        // Off while it changes.
        self.write(&CLOCKS, Clocks::TIMEOUT.val(TIMEOUT));
        let divided = Clocks::DIVIDER_LOW.val(divider & 0xFF)
            + Clocks::DIVIDER_HIGH.val(divider >> 8)
            + Clocks::TIMEOUT.val(TIMEOUT)
            + Clocks::ENABLE::SET;
        self.write(&CLOCKS, divided);
        self.poll(Wait::Clock, |host| {
            host.read(&CLOCKS).is_set(Clocks::STABLE)
        })?;
        self.clocks = divided + Clocks::CARD_ENABLE::SET;
        self.write(&CLOCKS, self.clocks);
        let rate = u64::from(base_hz / (2 * divider)).max(1);
        self.spacing = self.clock.ticks_in((SPACING * 1_000_000).div_ceil(rate));
        Ok(())
    }

    /// Four data lines from now on.
    pub(crate) fn widen(&mut self) {
        let power = Control::VOLTAGE.val(7) + Control::POWER::SET;
        self.write(&CONTROL, power + Control::FOUR_BITS::SET);
    }

    /// Brings both lines back after an error, and forgets what was recorded.
    pub(crate) fn reset_lines(&mut self) -> Result<(), SdError> {
        let resets = Clocks::RESET_CMD::SET + Clocks::RESET_DAT::SET;
        self.write(&CLOCKS, self.clocks + resets);
        self.poll(Wait::Reset, |host| {
            let clocks = host.read(&CLOCKS);
            !clocks.is_set(Clocks::RESET_CMD) && !clocks.is_set(Clocks::RESET_DAT)
        })?;
        self.set(&EVENTS, ALL_EVENTS);
        Ok(())
    }

    /// Waits for one of `wanted` and clears it. Any error that was recorded comes first.
    pub(crate) fn event(
        &mut self,
        wait: Wait,
        wanted: FieldValue<u32, Events::Register>,
        patience_us: u64,
    ) -> Result<(), SdError> {
        let mut errors = 0;
        self.poll_for(wait, patience_us, |host| {
            let events = host.read(&EVENTS).get();
            errors = events & ERRORS;
            errors != 0 || events & wanted.value != 0
        })?;
        if errors != 0 {
            let (command, events) = (self.command, errors);
            return Err(SdError::Line { command, events });
        }
        self.write(&EVENTS, wanted);
        Ok(())
    }

    /// Errors recorded so far.
    pub(crate) fn errors(&mut self) -> u32 {
        self.read(&EVENTS).get() & ERRORS
    }

    pub(crate) fn poll(
        &mut self,
        wait: Wait,
        done: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), SdError> {
        self.poll_for(wait, PATIENCE_US, done)
    }

    /// Spins until `done`, for `patience_us` microseconds at most.
    pub(crate) fn poll_for(
        &mut self,
        wait: Wait,
        patience_us: u64,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), SdError> {
        let deadline = self.deadline(patience_us);
        while !done(self) {
            // Once more after the deadline: the look before may be older than it.
            if self.clock.ticks() >= deadline && !done(self) {
                return Err(SdError::TimedOut {
                    wait,
                    after_us: patience_us,
                    command: self.command,
                });
            }
            core::hint::spin_loop();
        }
        Ok(())
    }

    pub(crate) fn clock(&self) -> &'k K {
        self.clock
    }

    fn deadline(&self, micros: u64) -> u64 {
        self.clock
            .ticks()
            .saturating_add(self.clock.ticks_in(micros))
    }

    pub(crate) fn pause(&self, micros: u64) {
        self.pause_ticks(self.clock.ticks_in(micros));
    }

    fn pause_ticks(&self, ticks: u64) {
        let deadline = self.clock.ticks().saturating_add(ticks);
        while self.clock.ticks() < deadline {
            core::hint::spin_loop();
        }
    }

    pub(crate) fn read<R: RegisterLongName>(&mut self, reg: &Reg<R>) -> LocalRegisterCopy<u32, R> {
        reg.read(&mut self.io)
    }

    pub(crate) fn write<R: RegisterLongName>(&mut self, reg: &Reg<R>, value: FieldValue<u32, R>) {
        self.set(reg, value.value);
    }

    /// A store and the pause behind it.
    pub(crate) fn set<R: RegisterLongName>(&mut self, reg: &Reg<R>, word: u32) {
        reg.set(&mut self.io, word);
        self.pause_ticks(self.spacing);
    }

    /// The registers, for the data port: stores there need no pause.
    pub(crate) fn io(&mut self) -> &mut M {
        &mut self.io
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divider_stays_at_or_below_the_rate() {
        for base in [800_000, 50_000_000, 100_000_000, 200_000_000, 250_000_000] {
            for hz in [SLOW_HZ, FAST_HZ] {
                let divider = divider(base, hz).expect("in range");
                assert!(base / (2 * divider) <= hz);
            }
            let slow = base / (2 * divider(base, SLOW_HZ).expect("in range"));
            assert!(slow >= 200_000, "{slow} Hz hangs the controller");
        }
        assert_eq!(divider(200_000_000, SLOW_HZ), Some(250));
        assert_eq!(divider(200_000_000, FAST_HZ), Some(4));
    }

    #[test]
    fn a_base_clock_out_of_the_dividers_range_has_none() {
        assert_eq!(divider(0, SLOW_HZ), None);
        assert_eq!(divider(1_000_000_000, SLOW_HZ), None);
    }
}
