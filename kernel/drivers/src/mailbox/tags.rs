//! The questions of this kernel.

use super::message::ROOM;
use super::question::{Question, TagError};
use super::told::{Celsius, Hertz, Part, Power, Text, Throttling};

/// Names a clock of the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockId(pub u32);

impl ClockId {
    /// The Arasan SD controller.
    pub const EMMC1: Self = Self(1);
    /// The PL011 UARTs.
    pub const UART: Self = Self(2);
    /// The A72 cores.
    pub const ARM: Self = Self(3);
    /// The VideoCore and most of the chip.
    pub const CORE: Self = Self(4);
    /// The controller of the card slot.
    pub const EMMC2: Self = Self(12);
}

/// Names what the firmware can power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerId(pub u32);

impl PowerId {
    /// The SD controller.
    pub const SD: Self = Self(0);
    /// UART0.
    pub const UART0: Self = Self(1);
    /// The USB host.
    pub const USB: Self = Self(3);
}

/// Declares a question of no words and the part of `value` that answers it.
macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident: $tag:literal, $words:literal, $type:ty, $read:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Question for $name {
            type Value = $type;
            const TAG: u32 = $tag;
            const LEAST: usize = $words;

            fn read(&self, value: &[u32], _: usize) -> Result<$type, TagError> {
                let read: fn(&[u32]) -> $type = $read;
                Ok(read(value))
            }
        }
    )*};
}

plain! {
    /// When the firmware was built, in seconds since 1970.
    FirmwareRevision: 0x0000_0001, 1, u32, |value| value[0];
    /// The board's revision code.
    BoardRevision: 0x0001_0002, 1, u32, |value| value[0];
    /// The ARM's part of the low GiB.
    ArmMemory: 0x0001_0005, 2, Part, Part::of;
    /// The VideoCore's part of the low GiB.
    VideoCoreMemory: 0x0001_0006, 2, Part, Part::of;
    /// DMA channels that the firmware leaves to the ARM: a bit mask.
    DmaChannels: 0x0006_0001, 1, u32, |value| value[0];
    /// What held the clocks down, now or since boot. Asking clears nothing.
    Throttled: 0x0003_0046, 1, Throttling, |value| Throttling(value[0]);
    // The number of the sensor comes first: there is one, number 0.
    /// How warm the chip is.
    Temperature: 0x0003_0006, 2, Celsius, |value| Celsius(value[1]);
    /// From where on the chip slows down.
    TemperatureLimit: 0x0003_000A, 2, Celsius, |value| Celsius(value[1]);
}

/// A clock's rate.
#[derive(Clone, Copy, Debug)]
pub struct ClockRate(pub ClockId);

impl Question for ClockRate {
    type Value = Hertz;
    const TAG: u32 = 0x0003_0002;
    const LEAST: usize = 2;

    fn write(&self, value: &mut [u32]) {
        value[0] = self.0.0;
    }

    fn read(&self, value: &[u32], _: usize) -> Result<Hertz, TagError> {
        about(Self::TAG, self.0.0, value[0])?;
        Ok(Hertz(value[1]))
    }
}

/// Whether something has power.
#[derive(Clone, Copy, Debug)]
pub struct PowerState(pub PowerId);

impl Question for PowerState {
    type Value = Power;
    const TAG: u32 = 0x0002_0001;
    const LEAST: usize = 2;

    fn write(&self, value: &mut [u32]) {
        value[0] = self.0.0;
    }

    fn read(&self, value: &[u32], _: usize) -> Result<Power, TagError> {
        about(Self::TAG, self.0.0, value[0])?;
        Ok(Power::of(value[1]))
    }
}

/// The command line.
#[derive(Clone, Copy, Debug)]
pub struct CommandLine;

impl Question for CommandLine {
    type Value = Text;
    const TAG: u32 = 0x0005_0001;
    const LEAST: usize = 0;
    const ROOM: usize = ROOM;

    fn read(&self, value: &[u32], len: usize) -> Result<Text, TagError> {
        Ok(Text::new(value, len))
    }
}

/// Is the answer about what was asked?
fn about(tag: u32, asked: u32, told: u32) -> Result<(), TagError> {
    if asked == told {
        Ok(())
    } else {
        Err(TagError::Other { tag, asked, told })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_about_another_clock_or_device_is_an_error() {
        let other = |tag| {
            let (asked, told) = (3, 4);
            TagError::Other { tag, asked, told }
        };
        let rate = ClockRate(ClockId::ARM).read(&[4, 100], 8);
        assert_eq!(rate, Err(other(0x0003_0002)));
        let state = PowerState(PowerId::USB).read(&[4, 1], 8);
        assert_eq!(state, Err(other(0x0002_0001)));
    }

    #[test]
    fn words_of_answers_are_read_from_their_places() {
        let vc = VideoCoreMemory.read(&[0x3C00_0000, 0x400_0000], 8);
        let (base, len) = (0x3C00_0000, 0x400_0000);
        assert_eq!(vc, Ok(Part { base, len }));
        assert_eq!(Temperature.read(&[0, 48_700], 8), Ok(Celsius(48_700)));
        let rate = ClockRate(ClockId::CORE).read(&[4, 500_000_000], 8);
        assert_eq!(rate, Ok(Hertz(500_000_000)));
    }
}
