//! Bus masters that can be told to stop, and what is said of one that does not.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

/// Did an engine stop?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "memory is the CPU's again only after a confirmed halt"]
pub enum Halt {
    /// Yes: it will not touch memory that it was given before.
    Confirmed,
    /// It may still read and write.
    Unconfirmed,
}

/// Tells one engine from all others, for as long as the kernel runs: several may master the bus as
/// one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineId(u32);

impl EngineId {
    /// An identity that no other engine has.
    #[expect(
        clippy::new_without_default,
        reason = "a default is no new thing each time"
    )]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A bus master that can be told to stop. Implemented by each driver's channel.
///
/// # Safety
/// *Implementation*: after `halt` returned [`Halt::Confirmed`], the engine makes no access to any
/// address that it was given before the call, until it is started anew. `id` is always the same for
/// one engine, and that of no other.
pub unsafe trait Engine {
    /// Under whose name memory goes into quarantine.
    fn id(&self) -> EngineId;

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
            "kept in quarantine until it does"
        } else {
            "leaked"
        };
        write!(
            f,
            "{device} did not confirm its halt: {len} bytes are {kept}"
        )
    }
}
