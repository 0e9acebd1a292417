//! What the plugin and the emulator must agree on: the interface, and the arguments that
//! `cargo xtask oracle` starts the plugin with.

use crate::CORES;
use crate::windows::Windows;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The plugin interface that is known: QEMU 10.0's. Later ones add a parameter to every callback.
pub const INTERFACE: i32 = 4;

/// An emulator as it tells of itself.
#[derive(Clone, Copy, Debug)]
pub struct Emulator<'a> {
    /// The oldest interface that it has.
    pub oldest: i32,
    /// Its own.
    pub current: i32,
    /// The architecture that it emulates.
    pub target: &'a str,
    /// Whole machines, and not programs.
    pub system: bool,
    /// Cores of the machine.
    pub cores: i32,
}

/// Why it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It has other interfaces.
    Interface {
        /// The oldest.
        oldest: i32,
        /// Its own.
        current: i32,
    },
    /// It emulates something else.
    Target(String),
    /// The machine has more cores than are followed.
    Cores(i32),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface { oldest, current } => write!(
                f,
                "this QEMU has plugin interface {current} (from {oldest} on), the oracle knows \
                 {INTERFACE} alone: QEMU 10.0"
            ),
            Self::Target(target) => {
                write!(
                    f,
                    "made for qemu-system-aarch64 alone, this one is for {target}"
                )
            }
            Self::Cores(cores) => write!(f, "{cores} cores, at most {CORES} are followed"),
        }
    }
}

impl Emulator<'_> {
    /// Whether the plugin understands it.
    pub fn check(self) -> Result<(), Unfit> {
        let Self {
            oldest, current, ..
        } = self;
        if current != INTERFACE {
            return Err(Unfit::Interface { oldest, current });
        }
        if self.target != "aarch64" || !self.system {
            return Err(Unfit::Target(self.target.to_owned()));
        }
        if self.cores > CORES as i32 {
            return Err(Unfit::Cores(self.cores));
        }
        Ok(())
    }
}

/// What the plugin is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The kernel's windows, as its record has them.
    pub record: Vec<u8>,
    /// The file for what is found.
    pub out: PathBuf,
    /// Tell what happened around each finding.
    pub trace: bool,
}

impl Options {
    /// The value of `-plugin` that loads `plugin` with these options.
    pub fn argument(&self, plugin: &Path) -> OsString {
        let hex: String = self
            .record
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut value = OsString::from("file=");
        value.push(escaped(plugin));
        value.push(format!(",record={hex},out="));
        value.push(escaped(&self.out));
        value.push(if self.trace { ",trace=on" } else { "" });
        value
    }

    /// From the words that the emulator passes on, `key=value` each.
    pub fn parse(words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let (mut record, mut out, mut trace) = (None, None, false);
        for word in words {
            let bytes = word.as_bytes();
            let split = bytes.iter().position(|byte| *byte == b'=');
            let (key, value) = bytes.split_at(split.unwrap_or(bytes.len()));
            let value = value.get(1..).unwrap_or_default();
            match key {
                b"record" => record = Some(unhex(value).ok_or("record= is not hex")?),
                b"out" => out = Some(PathBuf::from(OsStr::from_bytes(value))),
                b"trace" => trace = value == b"on",
                _ => return Err(format!("an argument that nobody knows: {}", word.display())),
            }
        }
        Ok(Self {
            record: record.ok_or("no record of the kernel's windows: record=HEX")?,
            out: out.ok_or("no file for findings: out=PATH")?,
            trace,
        })
    }

    /// The kernel's windows.
    pub fn windows(&self) -> Result<Windows, String> {
        Windows::parse(&self.record).map_err(|error| error.to_string())
    }
}

/// QEMU reads a comma as the end of a value, unless it is doubled.
fn escaped(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_bytes().iter();
    let doubled = bytes.flat_map(|byte| std::iter::repeat_n(*byte, 1 + usize::from(*byte == b',')));
    OsString::from_vec(doubled.collect())
}

fn unhex(hex: &[u8]) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    hex.len()
        .is_multiple_of(2)
        .then(|| hex.chunks(2).map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIT: Emulator<'static> = Emulator {
        oldest: 2,
        current: INTERFACE,
        target: "aarch64",
        system: true,
        cores: 4,
    };

    #[test]
    fn only_the_known_interface_is_taken() {
        assert_eq!(FIT.check(), Ok(()));
        for current in [INTERFACE - 1, INTERFACE + 1] {
            let why = Emulator { current, ..FIT }.check().unwrap_err().to_string();
            assert!(why.contains(&format!("interface {current}")), "{why}");
            assert!(!why.contains('\n'), "{why}");
        }
    }

    #[test]
    fn only_four_cores_of_the_right_kind_are_followed() {
        let target = "x86_64";
        assert!(Emulator { target, ..FIT }.check().is_err());
        assert!(
            Emulator {
                system: false,
                ..FIT
            }
            .check()
            .is_err()
        );
        assert_eq!(Emulator { cores: 8, ..FIT }.check(), Err(Unfit::Cores(8)));
    }

    /// What QEMU does to the value of an option.
    fn words(argument: &OsStr) -> Vec<OsString> {
        let text = argument.to_str().unwrap().replace(",,", "\0");
        let words = text.split(',').map(|word| word.replace('\0', ","));
        words
            .filter(|word| !word.starts_with("file="))
            .map(OsString::from)
            .collect()
    }

    #[test]
    fn what_is_asked_for_arrives() {
        for trace in [false, true] {
            let options = Options {
                record: vec![0, 0xAB, 0xFF],
                out: PathBuf::from("/a,b/c=d"),
                trace,
            };
            let argument = options.argument(Path::new("/x,y/p.so"));
            assert!(argument.to_str().unwrap().starts_with("file=/x,,y/p.so,"));
            assert_eq!(Options::parse(words(&argument).into_iter()), Ok(options));
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let parse = |text: &[&str]| Options::parse(text.iter().map(OsString::from)).unwrap_err();
        assert!(parse(&["out=x"]).contains("record=HEX"));
        assert!(parse(&["record=00"]).contains("out=PATH"));
        assert!(parse(&["record=0g", "out=x"]).contains("not hex"));
        assert!(parse(&["record=000", "out=x"]).contains("not hex"));
        assert!(parse(&["windows=1"]).contains("windows=1"));
    }
}
