//! Time that only moves forward.

/// A monotonic clock. Callable anywhere; only `wait_until` waits.
pub trait Clock: Sync {
    /// Ticks since some moment before the kernel started. Never goes back.
    fn ticks(&self) -> u64;

    /// Ticks per second: 54 MHz on the board, 62.5 MHz in the emulator, read at boot.
    fn hz(&self) -> u64;

    /// Microseconds since that moment.
    fn micros(&self) -> u64 {
        // 128 bits: ticks * 10^6 passes 64 bits after some days.
        let micros = u128::from(self.ticks()) * 1_000_000 / u128::from(self.hz().max(1));
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    /// Ticks that `micros` microseconds take, rounded up.
    fn ticks_in(&self, micros: u64) -> u64 {
        let ticks = (u128::from(micros) * u128::from(self.hz())).div_ceil(1_000_000);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// Waits until `done` says so or `deadline` (in ticks) has passed, and returns what `done` said
    /// last. Polls here; a machine that can sleep until its next interrupt overrides it. Not for
    /// handlers.
    fn wait_until(&self, deadline: u64, done: &mut dyn FnMut() -> bool) -> bool {
        loop {
            if done() {
                return true;
            }
            if self.ticks() >= deadline {
                return done();
            }
            core::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u64, u64);
    impl Clock for Fixed {
        fn ticks(&self) -> u64 {
            self.0
        }
        fn hz(&self) -> u64 {
            self.1
        }
    }

    #[test]
    fn micros_survive_years_of_ticks_and_a_clock_that_reports_no_rate() {
        assert_eq!(Fixed(54_000_000, 54_000_000).micros(), 1_000_000);
        let ten_years = 54_000_000 * 60 * 60 * 24 * 3650;
        assert_eq!(
            Fixed(ten_years, 54_000_000).micros(),
            60 * 60 * 24 * 3650 * 1_000_000
        );
        assert_eq!(Fixed(1, 0).micros(), 1_000_000);
    }
}
