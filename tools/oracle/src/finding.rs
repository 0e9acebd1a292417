//! What can be wrong, and where it was seen.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A device reads lines that nobody cleaned.
    DirtyRead,
    /// Dirty lines lie under a device's write: an eviction would write them over it.
    DirtyWrite,
    /// The CPU uses a line that a device wrote and nobody invalidated since.
    StaleLoad,
    /// The CPU touches a buffer that a device owns.
    Touched,
    /// An invalidation drops what the CPU stored.
    DroppedDirty,
    /// The doorbell came before the barrier that completes maintenance.
    Incomplete,
    /// A control block is not in memory when the device fetches it.
    ControlBlock,
    /// No store barrier between what a device is to read and its doorbell.
    NoPublish,
    /// No load barrier between a device's status and what it wrote.
    NoAcquire,
    /// An address outside the master's window, or in a wrong alias of RAM.
    OutsideWindow,
    /// The CPU uses other bytes of a line while a device writes to it.
    SharedLine,
    /// One physical line is reached with two cacheabilities.
    TwoCacheabilities,
    /// The CPU loads from an invalidated line before the barrier, such as for a copy out of a bounce
    /// buffer.
    EarlyCopy,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::DirtyRead,
        Self::DirtyWrite,
        Self::StaleLoad,
        Self::Touched,
        Self::DroppedDirty,
        Self::Incomplete,
        Self::ControlBlock,
        Self::NoPublish,
        Self::NoAcquire,
        Self::OutsideWindow,
        Self::SharedLine,
        Self::TwoCacheabilities,
        Self::EarlyCopy,
    ];

    /// Its name, as in `docs/oracle.md`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DirtyRead => "dirty-read",
            Self::DirtyWrite => "dirty-write",
            Self::StaleLoad => "stale-load",
            Self::Touched => "touched",
            Self::DroppedDirty => "dropped-dirty",
            Self::Incomplete => "incomplete",
            Self::ControlBlock => "control-block",
            Self::NoPublish => "no-publish",
            Self::NoAcquire => "no-acquire",
            Self::OutsideWindow => "outside-window",
            Self::SharedLine => "shared-line",
            Self::TwoCacheabilities => "two-cacheabilities",
            Self::EarlyCopy => "early-copy",
        }
    }

    /// What it means.
    pub const fn text(self) -> &'static str {
        match self {
            Self::DirtyRead => "a device reads lines that nobody cleaned",
            Self::DirtyWrite => "dirty lines lie under a device's write",
            Self::StaleLoad => "the CPU uses a line that a device wrote and nobody invalidated",
            Self::Touched => "the CPU touches a buffer that a device owns",
            Self::DroppedDirty => "an invalidation drops what the CPU stored",
            Self::Incomplete => "a doorbell before the barrier that completes maintenance",
            Self::ControlBlock => "a control block is not in memory when the device fetches it",
            Self::NoPublish => "a doorbell without a store barrier before it",
            Self::NoAcquire => "data used after completion without a load barrier",
            Self::OutsideWindow => "an address outside the master's window or in a wrong alias",
            Self::SharedLine => "the CPU uses other bytes of a line that a device writes to",
            Self::TwoCacheabilities => "one physical line is reached with two cacheabilities",
            Self::EarlyCopy => "the CPU loads before the barrier that completes an invalidation",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whoever reads and writes memory past the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Master {
    /// A channel of the DMA controller.
    Dma(u8),
    /// The VideoCore, by its mailbox.
    Mailbox,
    /// A core that runs with its caches off.
    Core(u8),
}

impl fmt::Display for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dma(channel) => write!(f, "DMA channel {channel}"),
            Self::Mailbox => f.write_str("mailbox"),
            Self::Core(core) => write!(f, "core {core} with its caches off"),
        }
    }
}

/// What a master uses a stretch of memory for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// It says what to do.
    ControlBlock,
    /// It is read.
    Source,
    /// It is written.
    Destination,
    /// A question that becomes the answer.
    Message,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlBlock => "control block",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Message => "message",
        })
    }
}

/// Which core, and which of its instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The core.
    pub core: u8,
    /// Virtual address of the instruction.
    pub pc: u64,
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which rule.
    pub kind: Kind,
    /// The other party, as far as it is known.
    pub master: Option<Master>,
    /// What it uses the memory for.
    pub part: Option<Part>,
    /// Where the buffer or the access starts: physical, or on the bus for [`Kind::OutsideWindow`].
    pub address: u64,
    /// Bytes of the buffer or of the access.
    pub length: u64,
    /// Physical address of the first line concerned.
    pub line: u64,
    /// How many lines are.
    pub lines: u64,
    /// Where the CPU was.
    pub site: Site,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; ", self.kind, self.kind.text())?;
        if let Some(master) = self.master {
            write!(f, "{master}, ")?;
        }
        if let Some(part) = self.part {
            write!(f, "{part} ")?;
        }
        write!(f, "{:#x}+{:#x}, ", self.address, self.length)?;
        match self.lines {
            1 => write!(f, "line {:#x}", self.line),
            lines => write!(f, "{lines} lines from {:#x}", self.line),
        }?;
        write!(f, ", core {}", self.site.core)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_on_the_wire() {
        for kind in Kind::ALL {
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
        }
    }

    #[test]
    fn a_finding_is_one_line() {
        let finding = Finding {
            kind: Kind::DirtyRead,
            master: Some(Master::Dma(2)),
            part: Some(Part::Source),
            address: 0x20_0010,
            length: 0x100,
            line: 0x20_0040,
            lines: 2,
            site: Site { core: 1, pc: 0 },
        };
        let text = finding.to_string();
        assert_eq!(
            text,
            "dirty-read: a device reads lines that nobody cleaned; DMA channel 2, source \
             0x200010+0x100, 2 lines from 0x200040, core 1"
        );
    }
}
