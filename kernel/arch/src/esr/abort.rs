//! An instruction or data abort: which access failed, and why.

use super::fault::FaultStatus;
use core::fmt;

/// What kind of access failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// An instruction fetch.
    Fetch,
    /// A load.
    Load,
    /// A store.
    Store,
    /// Cache maintenance.
    Maintenance,
}

/// Details of an instruction or data abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// Why.
    pub status: FaultStatus,
    /// Of what.
    pub attempt: Attempt,
    /// `FAR_EL1` holds the address.
    pub address_valid: bool,
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempt = match self.attempt {
            Attempt::Fetch => "fetch",
            Attempt::Load => "load",
            Attempt::Store => "store",
            Attempt::Maintenance => "cache maintenance",
        };
        write!(f, "{attempt}, {}", self.status)
    }
}
