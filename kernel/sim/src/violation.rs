//! Rules whose breach leaves no trace in the data.

use crate::BusError;
use hal::{CpuId, PhysAddr, PhysRange};
use std::fmt;

/// Who touched memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Code on a core.
    Cpu,
    /// A bus master.
    Device,
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A doorbell was rung while stores to RAM were not ordered before it: `publish` or `complete`
    /// is missing.
    NotPublished {
        /// The core that rang.
        cpu: CpuId,
        /// The latest store.
        store: PhysAddr,
    },
    /// The CPU loaded what a device wrote, after it read the device's status but with no `acquire`
    /// (or `complete`) in between.
    NotAcquired {
        /// The line that was loaded.
        line: PhysAddr,
    },
    /// `invalidate` of a part of a line.
    PartialInvalidate {
        /// The range as it was given.
        range: PhysRange,
    },
    /// A line was invalidated while a view on it was open.
    InvalidateUnderView {
        /// The line.
        line: PhysAddr,
    },
    /// RAM that nobody owns was touched.
    FreeRam {
        /// By whom.
        who: Who,
        /// Which bytes.
        range: PhysRange,
    },
    /// The CPU loaded, stored or maintained uncached memory by the cached view, which it does not have.
    CachedAccess {
        /// The line.
        line: PhysAddr,
    },
    /// The CPU used the uncached window for memory that is cacheable.
    UncachedAccess {
        /// Which bytes.
        range: PhysRange,
    },
    /// A device used an address at which its bus shows no RAM.
    Bus(BusError),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPublished { cpu, store } => write!(
                f,
                "doorbell by core {} before its store at {store} was published",
                cpu.index()
            ),
            Self::NotAcquired { line } => {
                write!(
                    f,
                    "load of device data at {line} without acquire after the status read"
                )
            }
            Self::PartialInvalidate { range } => {
                write!(f, "invalidate of partial lines: {range}")
            }
            Self::InvalidateUnderView { line } => {
                write!(f, "line {line} invalidated while the CPU looks at it")
            }
            Self::FreeRam { who, range } => write!(
                f,
                "{who:?} touches RAM that nobody owns: {range} (PageSource::alloc or Machine::take gives it)"
            ),
            Self::CachedAccess { line } => {
                write!(f, "line {line} of uncached memory used by the cached view")
            }
            Self::UncachedAccess { range } => {
                write!(f, "cacheable memory used by the uncached window: {range}")
            }
            Self::Bus(error) => error.fmt(f),
        }
    }
}
