//! Lines of a trace, read.

use super::super::event::{Event, Kind};
use super::{DIRS, LETTERS, Line, MAINTENANCE, PREFIX, SNOOPS, dir_name};
use crate::attrs::Attrs;
use crate::direction::Dir;
use core::fmt;
use core::str::SplitWhitespace;
use hal::{DmaAddr, DmaWindow, PhysAddr, PhysRange};

/// A line that starts as one of a trace and goes on as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// What was wanted there.
    pub wanted: &'static str,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no line of a trace: {} is wanted", self.wanted)
    }
}

impl<'t> Line<'t> {
    /// Reads a line; `None` if it is none of a trace.
    pub fn parse(text: &'t str) -> Option<Result<Self, BadLine>> {
        let rest = text.trim_end().strip_prefix(PREFIX)?.strip_prefix(' ')?;
        Some(Self::parse_rest(rest))
    }

    fn parse_rest(rest: &'t str) -> Result<Self, BadLine> {
        let mut words = Words(rest.split_whitespace());
        let line = match words.word("what it is")? {
            "begin" => Self::Begin {
                maintenance: words.flag(MAINTENANCE)?,
            },
            "device" => Self::Device {
                device: words.number("a device's number")?,
                name: words.word("a name")?,
                snoops: words.flag(SNOOPS)?,
            },
            "window" => Self::Window {
                device: words.number("a device's number")?,
                window: words.window()?,
            },
            "core" => {
                let core = words.number("a core")?;
                words.literal("lost")?;
                let lost = words.number("a count")?;
                Self::Core { core, lost }
            }
            "end" => Self::End {
                events: words.number("a count")?,
            },
            core => Self::Event {
                core: core.parse().map_err(|_| BadLine { wanted: "a core" })?,
                event: words.event()?,
            },
        };
        words.end()?;
        Ok(line)
    }
}

/// What is left of a line.
struct Words<'t>(SplitWhitespace<'t>);

impl<'t> Words<'t> {
    fn word(&mut self, wanted: &'static str) -> Result<&'t str, BadLine> {
        self.0.next().ok_or(BadLine { wanted })
    }

    fn end(&mut self) -> Result<(), BadLine> {
        let wanted = "the end of the line";
        self.0.next().map_or(Ok(()), |_| Err(BadLine { wanted }))
    }

    /// Is this word there? Nothing else may be.
    fn flag(&mut self, word: &str) -> Result<bool, BadLine> {
        let wanted = "the end of the line";
        match self.0.next() {
            None => Ok(false),
            Some(found) if found == word.trim_start() => Ok(true),
            Some(_) => Err(BadLine { wanted }),
        }
    }

    fn literal(&mut self, wanted: &'static str) -> Result<(), BadLine> {
        let found = self.word(wanted)? == wanted;
        found.then_some(()).ok_or(BadLine { wanted })
    }

    fn number<T: core::str::FromStr>(&mut self, wanted: &'static str) -> Result<T, BadLine> {
        self.word(wanted)?.parse().map_err(|_| BadLine { wanted })
    }

    fn hex(&mut self, wanted: &'static str) -> Result<u64, BadLine> {
        hex(self.word(wanted)?).ok_or(BadLine { wanted })
    }

    /// `0xADDRESS+0xLENGTH`.
    fn block(&mut self) -> Result<(u64, u64), BadLine> {
        let wanted = "an address and a length";
        let (start, len) = self
            .word(wanted)?
            .split_once('+')
            .ok_or(BadLine { wanted })?;
        hex(start).zip(hex(len)).ok_or(BadLine { wanted })
    }

    fn window(&mut self) -> Result<DmaWindow, BadLine> {
        let (start, len) = self.block()?;
        let bus = DmaAddr::new(self.hex("a bus address")?);
        let phys = PhysRange::new(PhysAddr::new(start), len).ok();
        let window = phys.and_then(|phys| DmaWindow::new(phys, bus).ok());
        window.ok_or(BadLine { wanted: "a window" })
    }

    fn kind(&mut self) -> Result<(Kind, bool), BadLine> {
        let wanted = "a kind of event";
        let word = self.word(wanted)?;
        let (name, list) = match word.strip_suffix("-sg") {
            Some(name) => (name, true),
            None => (word, false),
        };
        let kind = Kind::ALL.iter().find(|kind| kind.name() == name);
        kind.map(|kind| (*kind, list)).ok_or(BadLine { wanted })
    }

    fn dir(&mut self) -> Result<Option<Dir>, BadLine> {
        let wanted = "a direction";
        let word = self.word(wanted)?;
        let found = DIRS.into_iter().find(|dir| dir_name(*dir) == word);
        found.ok_or(BadLine { wanted })
    }

    fn attrs(&mut self) -> Result<Attrs, BadLine> {
        let wanted = "attributes";
        let word = self.word(wanted)?;
        if word == "-" {
            return Ok(Attrs::NONE);
        }
        let bit = |letter| LETTERS.iter().position(|known| *known == letter);
        let bits = word
            .chars()
            .try_fold(0, |bits, letter| Some(bits | 1 << bit(letter)?));
        bits.map(Attrs::from_bits).ok_or(BadLine { wanted })
    }

    fn event(&mut self) -> Result<Event, BadLine> {
        let number = self.number("a number")?;
        let wanted = "a stamp";
        let stamp = u64::from_str_radix(self.word(wanted)?, 16).map_err(|_| BadLine { wanted })?;
        let (kind, list) = self.kind()?;
        let (device, dir) = (self.number("a device's number")?, self.dir()?);
        let (addr, len) = self.block()?;
        let attrs = self.attrs()?;
        Ok(Event {
            number,
            stamp,
            kind,
            list,
            device,
            dir,
            attrs,
            addr,
            len,
        })
    }
}

fn hex(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}
