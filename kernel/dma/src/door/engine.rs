//! Bus masters that can be told to stop, and what is said of one that does not.

use core::fmt;

/// Did an engine stop?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "memory is the CPU's again only after a confirmed halt"]
pub enum Halt {
    /// Yes: it will not touch memory that it was given before.
    Confirmed,
    /// It may still read and write.
    Unconfirmed,
}

/// A bus master that can be told to stop. Implemented by each driver's channel.
///
/// # Safety
/// *Implementation*: after `halt` returned [`Halt::Confirmed`], the engine makes no access to any
/// address that it was given before the call, until it is started anew.
pub unsafe trait Engine {
    /// Stops the engine if it runs, within a bounded time. Callable anywhere, repeatedly.
    fn halt(&self) -> Halt;
}

/// The engine did not confirm its halt: the memory is in quarantine, or leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The device that may still use the memory.
    pub device: &'static str,
    /// Bytes that were lent to it.
    pub len: u64,
    /// Whether a record was free. If not, the memory is lost until the next boot.
    pub recorded: bool,
}

impl fmt::Display for Quarantined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            device,
            len,
            recorded,
        } = self;
        let kept = if *recorded {
            "kept in quarantine until the device is reset"
        } else {
            "leaked"
        };
        write!(
            f,
            "{device} did not confirm its halt: {len} bytes are {kept}"
        )
    }
}
