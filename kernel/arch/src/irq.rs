//! Interrupts by number, and the controller behind a trait.

use core::fmt;
use hal::CpuId;

/// Number of an interrupt: 0-15 between cores, 16-31 private to a core, from 32 on shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IrqId(u16);

impl IrqId {
    /// First of the shared interrupts (SPI).
    pub const FIRST_SHARED: u32 = 32;
    /// Numbers below are raised by software (SGI).
    const FIRST_PRIVATE: u32 = 16;
    /// First number that is no interrupt: 1020-1023 are answers with a special meaning.
    pub const END: u32 = 1020;

    /// Interrupt `id`, or `None` if it is not below 1020.
    pub const fn new(id: u32) -> Option<Self> {
        if id < Self::END {
            Some(Self(id as u16))
        } else {
            None
        }
    }

    /// Shared interrupt `n` (GIC number 32 + n), as a device tree counts them.
    pub const fn shared(n: u32) -> Option<Self> {
        match n.checked_add(Self::FIRST_SHARED) {
            Some(id) => Self::new(id),
            None => None,
        }
    }

    /// Private interrupt `n` (GIC number 16 + n), as a device tree counts them.
    pub const fn private(n: u32) -> Option<Self> {
        if n < 16 { Self::new(16 + n) } else { None }
    }

    /// Interrupt `n` between cores, below 16.
    pub const fn between_cores(n: u32) -> Option<Self> {
        if n < Self::FIRST_PRIVATE {
            Self::new(n)
        } else {
            None
        }
    }

    /// Is it one that cores send each other?
    pub const fn is_between_cores(self) -> bool {
        self.get() < Self::FIRST_PRIVATE
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0 as u32
    }

    /// Does each core have an interrupt of its own by this number?
    pub const fn is_private(self) -> bool {
        self.get() < Self::FIRST_SHARED
    }
}

impl fmt::Display for IrqId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "irq {}", self.0)
    }
}

/// Why a controller refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IrqError {
    /// The controller has fewer interrupts.
    NoSuchIrq {
        /// What was asked for.
        id: IrqId,
        /// First number that does not exist.
        end: u32,
    },
    /// A private interrupt can be set up by its own core alone.
    OtherCore {
        /// What was asked for.
        id: IrqId,
        /// The core it was asked for.
        target: CpuId,
    },
    /// Software cannot raise it.
    NotBetweenCores {
        /// What was asked for.
        id: IrqId,
    },
}

impl fmt::Display for IrqError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchIrq { id, end } => write!(f, "{id} does not exist: {end} is the first"),
            Self::OtherCore { id, target } => {
                write!(f, "{id} of core {} is private to it", target.index())
            }
            Self::NotBetweenCores { id } => write!(f, "{id} cannot be sent: 0 to 15 can"),
        }
    }
}

/// An interrupt that was acknowledged and waits for [`IrqChip::end`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "until it is ended, no interrupt of its priority or below arrives on this core"]
pub struct Acknowledged {
    id: IrqId,
    token: u32,
}

impl Acknowledged {
    /// What a controller read when it acknowledged `id`; `token` is what it must write to end it.
    pub const fn new(id: IrqId, token: u32) -> Self {
        Self { id, token }
    }

    /// Which interrupt.
    pub const fn id(&self) -> IrqId {
        self.id
    }

    /// What the controller needs to end it.
    pub const fn token(&self) -> u32 {
        self.token
    }
}

/// An interrupt controller. Every call is legal in a handler and with interrupts off.
pub trait IrqChip: Sync {
    /// Lets the calling core receive interrupts. Once per core.
    fn init_core(&self);

    /// Sends `id` (level-triggered) to `target` with `priority` (0 is the most urgent).
    fn enable(&self, id: IrqId, priority: u8, target: CpuId) -> Result<(), IrqError>;

    /// Stops `id`; a private one for the calling core.
    fn disable(&self, id: IrqId) -> Result<(), IrqError>;

    /// Takes the most urgent pending interrupt of the calling core; `None` if there is none (any
    /// more).
    fn acknowledge(&self) -> Option<Acknowledged>;

    /// Ends an interrupt on the core that acknowledged it.
    fn end(&self, irq: Acknowledged);

    /// Raises `id`, one of those between cores, on `target`, after this core's earlier stores.
    /// Takes no lock: a core that panics must get through.
    fn send(&self, id: IrqId, target: CpuId) -> Result<(), IrqError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_answers_are_no_interrupts() {
        assert_eq!(IrqId::new(1019).map(IrqId::get), Some(1019));
        assert!((1020..=1024).all(|id| IrqId::new(id).is_none()));
        assert_eq!(IrqId::new(u32::MAX), None);
    }

    #[test]
    fn sixteen_interrupts_are_between_cores() {
        let last = IrqId::between_cores(15);
        assert_eq!(last.map(IrqId::is_between_cores), Some(true));
        assert_eq!(IrqId::between_cores(16), None);
        assert_eq!(IrqId::private(0).map(IrqId::is_between_cores), Some(false));
    }

    #[test]
    fn device_tree_numbers_count_from_their_kind() {
        assert_eq!(IrqId::shared(80).map(IrqId::get), Some(112));
        assert_eq!(IrqId::private(11).map(IrqId::get), Some(27));
        assert_eq!(IrqId::private(16), None);
        assert_eq!(IrqId::shared(u32::MAX), None);
    }
}
