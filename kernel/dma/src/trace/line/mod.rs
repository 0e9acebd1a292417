//! A trace as text: written by the kernel, read by `cargo xtask replay`.
//!
//! ```text
//! trace begin                                     a dump starts; `maintenance` behind it: it has all of that
//! trace device 2 dma                              events name a device by its number; `snoops` behind it: it does
//! trace window 2 0x0+0x3c000000 0xc0000000        where it finds RAM: physical block, bus address
//! trace core 0 lost 1234                          older events of this core are gone
//! trace 0 1235 4a3b2c1d launch 2 to 0xc0001000+0x100 -
//!       |    |    |      |     | |       |       |   attributes: d c n o s, or none
//!       |    |    |      |     | |       |       length
//!       |    |    |      |     | |       address
//!       |    |    |      |     | direction: to, from, both, or none
//!       |    |    |      |     device
//!       |    |    |      kind, `-sg` behind it for a list
//!       |    |    stamp
//!       core and number
//! trace end 57                                    so many events were told
//! ```
//!
//! Lines that do not start with `trace ` belong to somebody else.

mod parse;
#[cfg(test)]
mod tests;

pub use parse::BadLine;

use super::event::Event;
use crate::direction::Dir;
use core::fmt;
use hal::DmaWindow;

/// A line of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    /// A dump starts.
    Begin {
        /// All maintenance is in it (`dma_debug=trace`).
        maintenance: bool,
    },
    /// The name of a device.
    Device {
        /// Its number.
        device: u16,
        /// Its name.
        name: &'t str,
        /// It looks into the caches.
        snoops: bool,
    },
    /// A window of a device onto RAM. One without any sees RAM at its own address.
    Window {
        /// The device's number.
        device: u16,
        /// The window.
        window: DmaWindow,
    },
    /// A core's events follow.
    Core {
        /// The core.
        core: usize,
        /// How many older ones are gone.
        lost: u64,
    },
    /// An event.
    Event {
        /// Whose.
        core: usize,
        /// What.
        event: Event,
    },
    /// The dump ends.
    End {
        /// Events that were told.
        events: u64,
    },
}

/// What stands before each line.
const PREFIX: &str = "trace";
/// What may stand behind a line.
const MAINTENANCE: &str = " maintenance";
const SNOOPS: &str = " snoops";

const fn flag(set: bool, word: &'static str) -> &'static str {
    if set { word } else { "" }
}

/// Letters of the attributes, the lowest bit first.
const LETTERS: [char; 5] = ['d', 'c', 'n', 'o', 's'];

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin { maintenance } => {
                write!(f, "{PREFIX} begin{}", flag(*maintenance, MAINTENANCE))
            }
            Self::Device {
                device,
                name,
                snoops,
            } => write!(
                f,
                "{PREFIX} device {device} {name}{}",
                flag(*snoops, SNOOPS)
            ),
            Self::Window { device, window } => {
                let (phys, bus) = (window.phys(), window.bus().get());
                let (start, len) = (phys.start().get(), phys.len());
                write!(f, "{PREFIX} window {device} {start:#x}+{len:#x} {bus:#x}")
            }
            Self::Core { core, lost } => write!(f, "{PREFIX} core {core} lost {lost}"),
            Self::Event { core, event } => write!(f, "{PREFIX} {core} {event}"),
            Self::End { events } => write!(f, "{PREFIX} end {events}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            stamp,
            device,
            ..
        } = self;
        let (kind, list) = (self.kind.name(), if self.list { "-sg" } else { "" });
        let (dir, addr, len) = (dir_name(self.dir), self.addr, self.len);
        write!(
            f,
            "{number} {stamp:x} {kind}{list} {device} {dir} {addr:#x}+{len:#x} "
        )?;
        let bits = self.attrs.bits();
        if bits == 0 {
            return f.write_str("-");
        }
        let mut set = LETTERS
            .iter()
            .enumerate()
            .filter(|(bit, _)| bits >> bit & 1 != 0);
        set.try_for_each(|(_, letter)| write!(f, "{letter}"))
    }
}

const DIRS: [Option<Dir>; 4] = [
    None,
    Some(Dir::ToDevice),
    Some(Dir::FromDevice),
    Some(Dir::Bidirectional),
];

pub(super) const fn dir_name(dir: Option<Dir>) -> &'static str {
    match dir {
        None => "-",
        Some(Dir::ToDevice) => "to",
        Some(Dir::FromDevice) => "from",
        Some(Dir::Bidirectional) => "both",
    }
}
