//! The one decision: direct or bounced (DEC-4). Pure; every path of the layer asks here.
//!
//! A buffer bounces for one of three reasons, asked in this order: the whole system is told to
//! (`swiotlb=force`), the device does not reach it, or it shares a cache line with bytes that are
//! not its own while the device writes. Whether its lines are its own is told by the buffer's type,
//! never guessed from a length (UL-1).

use crate::device::DmaDevice;
use crate::direction::Dir;
use crate::error::MapError;
use crate::reason::{BounceReason, Bouncing};
use hal::{DmaAddr, DmaBuffer, LINE, PhysRange};

/// How a buffer reaches its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// As it is, at this address.
    Direct(DmaAddr),
    /// Through the pool.
    Bounce(BounceReason),
}

/// What is to be mapped, as numbers.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The bytes to transfer.
    pub block: PhysRange,
    /// The bytes that are the buffer's own.
    pub owned: PhysRange,
    /// Which way.
    pub dir: Dir,
}

impl Request {
    /// The request that maps `buffer`.
    pub fn of<B: DmaBuffer>(buffer: &B, dir: Dir) -> Self {
        Self {
            block: buffer.range(),
            owned: buffer.owned(),
            dir,
        }
    }

    /// What the device is given: the length rounded up to its granule. `None` where that passes the
    /// end of the address space.
    pub fn extent(&self, device: &DmaDevice) -> Option<PhysRange> {
        let len = self
            .block
            .len()
            .checked_next_multiple_of(device.limits().granule)?;
        PhysRange::new(self.block.start(), len).ok()
    }
}

/// Decides how `request` reaches `device`.
pub fn route(device: &DmaDevice, bouncing: Bouncing, request: &Request) -> Result<Route, MapError> {
    let reason = match direct(device, bouncing, request) {
        Ok(addr) => return Ok(Route::Direct(addr)),
        Err(reason) => reason,
    };
    if bouncing == Bouncing::Off {
        let reach = device.reach().last_reachable();
        return Err(MapError::NoPool {
            reason,
            block: request.block,
            reach,
        });
    }
    Ok(Route::Bounce(reason))
}

/// The direct address, or the first reason against it.
fn direct(
    device: &DmaDevice,
    bouncing: Bouncing,
    request: &Request,
) -> Result<DmaAddr, BounceReason> {
    if bouncing == Bouncing::Forced {
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

#[cfg(test)]
mod tests {
    use super::*;
    use hal::{DmaWindow, PhysAddr};
    use proptest::prelude::*;

    fn range(start: u64, len: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), len).expect("valid")
    }

    fn legacy(granule: u64) -> DmaDevice {
        let window = DmaWindow::new(range(0, 0x4000_0000), DmaAddr::new(0xC000_0000));
        let builder = DmaDevice::builder("legacy").windows(&[window.expect("valid")]);
        builder.granule(granule).build().expect("valid")
    }

    fn ask(device: &DmaDevice, block: PhysRange, owned: PhysRange, dir: Dir) -> Route {
        let request = Request { block, owned, dir };
        route(device, Bouncing::AsNeeded, &request).expect("a pool exists")
    }

    const SHARED: Route = Route::Bounce(BounceReason::SharedLine);

    #[test]
    fn ul_2_unproven_buffers_bounce_by_address_and_length() {
        let device = legacy(1);
        let alone = |start, len, dir| ask(&device, range(start, len), range(start, len), dir);
        let direct = |start: u64| Route::Direct(DmaAddr::new(0xC000_0000 + start));
        assert_eq!(alone(0x1000, 64, Dir::FromDevice), direct(0x1000));
        assert_eq!(alone(0x1000, 60, Dir::FromDevice), SHARED);
        assert_eq!(alone(0x1004, 64, Dir::FromDevice), SHARED);
        assert_eq!(alone(0x1004, 64, Dir::Bidirectional), SHARED);
        assert_eq!(alone(0x1004, 60, Dir::ToDevice), direct(0x1004));
    }

    #[test]
    fn ul_1_a_buffer_that_owns_its_edge_lines_goes_direct() {
        let device = legacy(1);
        let route = ask(
            &device,
            range(0x1004, 60),
            range(0x1000, 64),
            Dir::FromDevice,
        );
        assert_eq!(route, Route::Direct(DmaAddr::new(0xC000_1004)));
    }

    #[test]
    fn dec_1_force_is_asked_before_reach() {
        let device = legacy(1);
        let request = Request {
            block: range(0x4000_0000, 64),
            owned: range(0x4000_0000, 64),
            dir: Dir::ToDevice,
        };
        let forced = route(&device, Bouncing::Forced, &request);
        assert_eq!(forced, Ok(Route::Bounce(BounceReason::Forced)));
        let needed = route(&device, Bouncing::AsNeeded, &request);
        assert_eq!(needed, Ok(Route::Bounce(BounceReason::Unreachable)));
    }

    #[test]
    fn without_a_pool_each_reason_is_an_error_that_names_it() {
        let device = legacy(1);
        let block = range(0x4000_0000, 64);
        let request = Request {
            block,
            owned: block,
            dir: Dir::ToDevice,
        };
        let reach = Some(PhysAddr::new(0x3FFF_FFFF));
        let error = MapError::NoPool {
            reason: BounceReason::Unreachable,
            block,
            reach,
        };
        assert_eq!(route(&device, Bouncing::Off, &request), Err(error));
        let block = range(0x1004, 4);
        let request = Request {
            block,
            owned: block,
            dir: Dir::FromDevice,
        };
        let error = MapError::NoPool {
            reason: BounceReason::SharedLine,
            block,
            reach,
        };
        assert_eq!(route(&device, Bouncing::Off, &request), Err(error));
    }

    #[test]
    fn a_rounded_up_length_must_stay_inside_what_the_buffer_owns() {
        let words = legacy(4);
        let own = range(0x1000, 64);
        assert!(matches!(
            ask(&words, range(0x1000, 61), own, Dir::ToDevice),
            Route::Direct(_)
        ));
        assert!(matches!(
            ask(&words, range(0x1000, 61), own, Dir::FromDevice),
            Route::Direct(_)
        ));
        assert_eq!(
            ask(&words, range(0x1000, 61), range(0x1000, 61), Dir::ToDevice),
            SHARED
        );
        assert!(matches!(
            ask(&words, range(0x1001, 60), own, Dir::ToDevice),
            Route::Direct(_)
        ));
        assert_eq!(ask(&words, range(0x103F, 1), own, Dir::ToDevice), SHARED);
    }

    #[test]
    fn tr_4_the_rounded_up_length_counts_for_reach() {
        let words = legacy(4);
        let last = range(0x3FFF_FFFE, 1);
        let route = ask(&words, last, range(0x3FFF_FFC0, 128), Dir::ToDevice);
        assert_eq!(route, Route::Bounce(BounceReason::Unreachable));
    }

    #[test]
    fn cm_8_a_coherent_device_shares_lines_freely() {
        let snooping = DmaDevice::builder("snoops")
            .coherent()
            .build()
            .expect("valid");
        let block = range(0x1004, 4);
        assert!(matches!(
            ask(&snooping, block, block, Dir::FromDevice),
            Route::Direct(_)
        ));
    }

    proptest! {
        #[test]
        fn the_decision_agrees_with_an_obvious_version(
            before in 0u64..80, len in 1u64..200, after in 0u64..80, granule_log in 0u32..4,
            high in any::<bool>(), writes in any::<bool>(), forced in any::<bool>(),
        ) {
            let device = legacy(1 << granule_log);
            let start = if high { 0x4000_0000 } else { 0x1000 } + before;
            let block = range(start, len);
            let owned = range(start - before, before + len + after);
            let dir = if writes { Dir::FromDevice } else { Dir::ToDevice };
            let bouncing = if forced { Bouncing::Forced } else { Bouncing::AsNeeded };
            let got = route(&device, bouncing, &Request { block, owned, dir });

            let end = start + len.next_multiple_of(1 << granule_log);
            let (first, last) = if writes { (start / 64 * 64, end.div_ceil(64) * 64) } else { (start, end) };
            let inside = owned.start().get() <= first && last <= owned.end().get();
            let exact = !writes && end == start + len;
            let want = if forced {
                Route::Bounce(BounceReason::Forced)
            } else if high {
                Route::Bounce(BounceReason::Unreachable)
            } else if inside || exact {
                Route::Direct(DmaAddr::new(0xC000_0000 + start))
            } else {
                SHARED
            };
            prop_assert_eq!(got, Ok(want));
        }
    }
}
