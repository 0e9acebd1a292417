//! What answers come to: values that say themselves in words.

use super::message::ROOM;
use core::fmt;

/// A rate in hertz. 0: the clock stands, or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hertz(pub u32);

impl fmt::Display for Hertz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MEGA: u32 = 1_000_000;
        match (self.0 / MEGA, self.0 % MEGA) {
            (0, hz) => write!(f, "{hz} Hz"),
            (mega, 0) => write!(f, "{mega} MHz"),
            (mega, rest) => write!(f, "{mega}.{:03} MHz", rest / 1_000),
        }
    }
}

/// A temperature, in thousandths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Celsius(pub u32);

impl fmt::Display for Celsius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} C", self.0 / 1_000, self.0 % 1_000 / 100)
    }
}

/// A part of the low GiB, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it begins, as the ARM sees it.
    pub base: u32,
    /// How long it is.
    pub len: u32,
}

impl Part {
    pub(super) fn of(value: &[u32]) -> Self {
        let (base, len) = (value[0], value[1]);
        Self { base, len }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB from {:#010x}", self.len >> 20, self.base)
    }
}

/// Whether something has power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// It has.
    On,
    /// It has not.
    Off,
    /// There is no such thing.
    Absent,
}

impl Power {
    pub(super) const fn of(state: u32) -> Self {
        match state & 0b11 {
            0b00 => Self::Off,
            0b01 => Self::On,
            _ => Self::Absent,
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Absent => "no such device",
        })
    }
}

/// What holds the clocks down: the firmware's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttling(pub u32);

impl Throttling {
    /// What does so now.
    pub const fn now(self) -> Causes {
        Causes(self.0 & 0xF)
    }

    /// What did so at some time since boot.
    pub const fn since_boot(self) -> Causes {
        Causes(self.0 >> 16 & 0xF)
    }
}

/// Causes of low clocks, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Causes(u32);

const CAUSES: [&str; 4] = [
    "under-voltage",
    "frequency capped",
    "throttled",
    "soft temperature limit",
];

impl fmt::Display for Causes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("nothing");
        }
        let set = (0..).zip(CAUSES).filter(|(bit, _)| self.0 >> bit & 1 == 1);
        for (i, (_, cause)) in set.enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{cause}")?;
        }
        Ok(())
    }
}

/// Characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; ROOM * 4],
    len: usize,
}

impl Text {
    /// The first `len` bytes of `words`, as far as there is room.
    pub(super) fn new(words: &[u32], len: usize) -> Self {
        let mut bytes = [0; ROOM * 4];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let len = len.min(bytes.len());
        Self { bytes, len }
    }

    /// The characters, with the zero that may end them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn rates_and_temperatures_are_told_in_units() {
        let rates = [0, 400_000, 54_000_000, 500_000_992].map(|hz| Hertz(hz).to_string());
        assert_eq!(rates, ["0 Hz", "400000 Hz", "54 MHz", "500.000 MHz"]);
        assert_eq!(Celsius(48_712).to_string(), "48.7 C");
        assert_eq!(Celsius(0).to_string(), "0.0 C");
    }

    #[test]
    fn throttling_is_told_by_its_causes_now_and_since_boot() {
        let told = |bits| {
            let throttling = Throttling(bits);
            let (now, since_boot) = (throttling.now(), throttling.since_boot());
            (now.to_string(), since_boot.to_string())
        };
        assert_eq!(told(0), ("nothing".into(), "nothing".into()));
        let (now, since_boot) = told(0x000A_0005);
        assert_eq!(now, "under-voltage, throttled");
        assert_eq!(since_boot, "frequency capped, soft temperature limit");
    }

    #[test]
    fn power_is_on_off_or_not_there() {
        let told = [0, 1, 2, 3].map(|state| Power::of(state).to_string());
        assert_eq!(told, ["off", "on", "no such device", "no such device"]);
    }
}
