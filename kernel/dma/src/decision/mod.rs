//! The one decision: direct, bounced or refused (DEC-4). Pure; every path of the layer asks here.
//!
//! A buffer bounces for one of four reasons, asked in this order: the device is bound to a restricted
//! pool, the whole system is told to (`swiotlb=force`), the device does not reach it, or it shares a cache
//! line with bytes that are not its own while the device writes. Whether its lines are its own is told by the buffer's type,
//! never guessed from a length (UL-1). Attributes never change the reason: they say whether a bounce
//! is an error instead (ATTR-2).
//!
//! `outcomes.txt` has the outcome for every combination; a test reads it, `cargo xtask decisions`
//! writes it anew. Crate-private: a driver that could ask would know whether it bounces.

// Numbers alone, thousands of them: nothing for Miri, which takes minutes.
mod plain;
#[cfg(all(test, not(miri)))]
mod table;
#[cfg(test)]
mod tests;

pub(crate) use plain::{Plain, at_once, bounces_at_once};

use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::direction::Dir;
use crate::error::MapError;
use crate::reason::{BounceReason, Policy};
use hal::{DmaAddr, DmaBuffer, LINE, PhysRange};

/// How a buffer reaches its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// As it is, at this address.
    Direct(DmaAddr),
    /// Through the pool.
    Bounce(BounceReason),
}

/// What is to be mapped, as numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// The bytes to transfer.
    pub(crate) block: PhysRange,
    /// The bytes that are the buffer's own.
    pub(crate) owned: PhysRange,
    /// Which way.
    pub(crate) dir: Dir,
    /// What else was said.
    pub(crate) attrs: Attrs,
}

impl Request {
    /// The request that maps `buffer`.
    pub(crate) fn of<B: DmaBuffer>(buffer: &B, dir: Dir, attrs: Attrs) -> Self {
        Self {
            block: buffer.range(),
            owned: buffer.owned(),
            dir,
            attrs,
        }
    }

    /// What the device is given: the length rounded up to its granule. `None` where that passes the
    /// end of the address space.
    pub(crate) fn extent(&self, device: &DmaDevice) -> Option<PhysRange> {
        let len = self
            .block
            .len()
            .checked_next_multiple_of(device.limits().granule)?;
        PhysRange::new(self.block.start(), len).ok()
    }
}

/// Decides how `request` reaches `device`.
#[inline]
pub(crate) fn route(
    device: &DmaDevice,
    policy: Policy,
    request: &Request,
) -> Result<Route, MapError> {
    match at_once(device, policy, request) {
        Some(addr) => Ok(Route::Direct(addr)),
        None => decide(device, policy, request),
    }
}

/// The decision in full.
pub(crate) fn decide(
    device: &DmaDevice,
    policy: Policy,
    request: &Request,
) -> Result<Route, MapError> {
    if request.attrs.contains(Attrs::REQUIRE_COHERENT) && !device.limits().coherent {
        return Err(MapError::NeedsCoherent {
            device: device.name(),
        });
    }
    match direct(device, policy, request) {
        Ok(addr) => Ok(Route::Direct(addr)),
        Err(reason) => bounce(device, policy, request, reason),
    }
}

/// A bounce for `reason`, where one is allowed and possible.
fn bounce(
    device: &DmaDevice,
    policy: Policy,
    request: &Request,
    reason: BounceReason,
) -> Result<Route, MapError> {
    if has_pool(device, policy) && !request.attrs.forbid_bounce() {
        return Ok(Route::Bounce(reason));
    }
    let (block, reach) = (request.block, device.reach().last_reachable());
    Err(if request.attrs.forbid_bounce() {
        MapError::WouldBounce {
            reason,
            block,
            reach,
        }
    } else {
        MapError::NoPool {
            reason,
            block,
            reach,
        }
    })
}

/// Is there something to bounce through: the shared pool, or one that the device is bound to? That is
/// not for the command line to take away (RP-2).
#[inline]
fn has_pool(device: &DmaDevice, policy: Policy) -> bool {
    policy.pool || device.is_restricted()
}

/// The direct address, or the first reason against it.
fn direct(device: &DmaDevice, policy: Policy, request: &Request) -> Result<DmaAddr, BounceReason> {
    if device.is_restricted() {
        return Err(BounceReason::Restricted);
    }
    if policy.force {
        return Err(BounceReason::Forced);
    }
    let extent = request.extent(device).ok_or(BounceReason::Unreachable)?;
    let addr = device
        .reach()
        .reach(extent)
        .ok_or(BounceReason::Unreachable)?;
    if shares_lines(device, request, extent) {
        return Err(BounceReason::SharedLine);
    }
    Ok(addr)
}

/// Would the transfer touch what is not the buffer's own?
fn shares_lines(device: &DmaDevice, request: &Request, extent: PhysRange) -> bool {
    // A rounded-up length is read or written by the device in either direction.
    let touched = if request.dir.device_writes() && !device.limits().coherent {
        extent.round_out(LINE)
    } else if extent == request.block {
        return false;
    } else {
        Some(extent)
    };
    !touched.is_some_and(|touched| request.owned.contains(touched))
}
