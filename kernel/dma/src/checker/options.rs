//! `dma_debug=off|on|trace`, `dma_debug_entries=<count>`, `dma_debug_driver=<name>`.
//!
//! Off unless asked for: a list of live mappings costs a lock and a search for each call, which no
//! shipped image should pay. Nonsense never stops a boot: the value is ignored, and [`Nonsense`] says so.

use arrayvec::ArrayString;
use core::fmt;

/// How much is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Nothing; for good (DM-4).
    #[default]
    Off,
    /// Every call, against the list of live mappings.
    On,
    /// The same, and copies, cache maintenance and barriers join the trace.
    Trace,
}

/// Live mappings that are remembered unless something else is asked for (DM-2).
pub const ENTRIES: u32 = 65536;
/// The most that may be asked for: some 150 bytes each.
const MOST: u32 = 1 << 20;
/// Letters of a device's name.
pub(crate) type Name = ArrayString<32>;

/// What the checker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How much.
    pub level: Level,
    /// Live mappings that are remembered.
    pub entries: u32,
    /// Only findings about this device are told; they are counted all the same.
    pub(crate) driver: Option<Name>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: Level::Off,
            entries: ENTRIES,
            driver: None,
        }
    }
}

/// A value that was not taken as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonsense<'a> {
    /// `dma_debug=` is none of the three.
    Level(&'a str),
    /// `dma_debug_entries=` is no number that can be.
    Entries(&'a str),
    /// `dma_debug_driver=` is longer than any name.
    Driver(&'a str),
}

impl fmt::Display for Nonsense<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(value) => {
                write!(f, "dma_debug=: ignored \"{value}\" (want off, on or trace)")
            }
            Self::Entries(value) => write!(
                f,
                "dma_debug_entries=: ignored \"{value}\", using {ENTRIES} (want 1 to {MOST})"
            ),
            Self::Driver(value) => write!(
                f,
                "dma_debug_driver=: ignored \"{value}\" (no name of a device is that long)"
            ),
        }
    }
}

impl Options {
    /// Takes what stands behind `dma_debug=`.
    pub fn level<'a>(&mut self, value: &'a str) -> Result<(), Nonsense<'a>> {
        self.level = match value {
            "off" => Level::Off,
            "on" => Level::On,
            "trace" => Level::Trace,
            _ => return Err(Nonsense::Level(value)),
        };
        Ok(())
    }

    /// Takes what stands behind `dma_debug_entries=`.
    pub fn entries<'a>(&mut self, value: &'a str) -> Result<(), Nonsense<'a>> {
        let entries = value.parse().ok().filter(|n| (1..=MOST).contains(n));
        self.entries = entries.ok_or(Nonsense::Entries(value))?;
        Ok(())
    }

    /// Takes what stands behind `dma_debug_driver=`; nothing means all.
    pub fn driver<'a>(&mut self, value: &'a str) -> Result<(), Nonsense<'a>> {
        let name = Name::from(value).map_err(|_| Nonsense::Driver(value))?;
        self.driver = (!name.is_empty()).then_some(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_options_are_those_of_the_field() {
        let mut options = Options::default();
        assert_eq!((options.level, options.entries), (Level::Off, 65536));
        for (value, level) in [
            ("on", Level::On),
            ("trace", Level::Trace),
            ("off", Level::Off),
        ] {
            assert_eq!(options.level(value), Ok(()));
            assert_eq!(options.level, level);
        }
        assert_eq!(options.entries("100"), Ok(()));
        assert_eq!(options.entries, 100);
        assert_eq!(options.driver("emmc2"), Ok(()));
        assert_eq!(options.driver.as_deref(), Some("emmc2"));
        assert_eq!(options.driver(""), Ok(()));
        assert_eq!(options.driver, None);
    }

    #[test]
    fn nonsense_is_named_and_changes_nothing() {
        let mut options = Options::default();
        let before = options;
        for value in ["", "ON", "1", "on,trace"] {
            let why = options.level(value).expect_err(value).to_string();
            assert!(why.contains(&std::format!("\"{value}\"")) && why.contains("want off"));
        }
        for value in ["", "0", "-1", "1048577", "99999999999", "many"] {
            let why = options.entries(value).expect_err(value).to_string();
            assert!(why.contains("using 65536 (want 1 to 1048576)"), "{why}");
        }
        let long = "x".repeat(33);
        assert_eq!(options.driver(&long), Err(Nonsense::Driver(&long)));
        assert_eq!(options, before);
    }
}
