//! Time that only moves forward.

/// A monotonic clock. Callable anywhere, never waits.
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
