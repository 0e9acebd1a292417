//! Buffers that several devices use at the same time (ATTR-5).
//!
//! Who shares a buffer cannot have private copies of it: what one device writes the others must see.
//! So a shared buffer never bounces, which shows when it is first mapped for a device, before any has
//! seen it; and the CPU has no access before the last handle gives the buffer back.
//!
//! This is the one module that allocates, and `share` the one call: the count lives on the heap,
//! beside the bytes that devices see.

#![expect(unsafe_code, reason = "lends a buffer that it owns a part of")]

extern crate alloc;

use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::direction::{Direction, Fill};
use crate::door;
use crate::error::{MapError, Refused};
use crate::held::Lines;
use crate::layer::Dma;
use crate::mapping::Mapping;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use hal::{DmaBuffer, PhysRange, Platform};

/// No device has seen it.
const FRESH: u8 = 0;
/// Devices that do not snoop share it: RAM has everything.
const CLEANED: u8 = 1;
/// Devices that snoop share it: the caches may have what RAM has not.
const SNOOPED: u8 = 2;

/// What the devices that have it are, of which one does this.
const fn kind_of(coherent: bool) -> u8 {
    if coherent { SNOOPED } else { CLEANED }
}

/// One of several handles on a buffer that devices share. No CPU access: the last handle gives the
/// buffer back ([`into_inner`](Self::into_inner)).
pub struct Shared<P: Platform, B: DmaBuffer>(Arc<Share<P, B>>);

/// A mapping, or the buffer back.
type MappedOr<'d, P, B, D> = Result<Mapping<'d, P, B, D>, Refused<B>>;

struct Share<P: Platform, B: DmaBuffer> {
    platform: P,
    /// None once it went home.
    buffer: Option<B>,
    kind: AtomicU8,
    /// Bytes from the buffer's start that a device which does not snoop may have written.
    written: AtomicU64,
}

impl<P: Platform, B: DmaBuffer> Share<P, B> {
    fn buffer(&self) -> &B {
        self.buffer
            .as_ref()
            .expect("taken only by the last handle's end")
    }

    /// Takes the buffer out, with lines that the CPU may look at.
    fn bring_home(&mut self) -> Option<B> {
        let mut buffer = self.buffer.take()?;
        let written = *self.written.get_mut();
        if let Ok(extent) = PhysRange::new(buffer.range().start(), written) {
            door::drop_stale(&self.platform, &mut buffer, extent);
            self.platform.complete();
        }
        Some(buffer)
    }
}

impl<P: Platform, B: DmaBuffer> Drop for Share<P, B> {
    fn drop(&mut self) {
        drop(self.bring_home());
    }
}

impl<P: Platform, B: DmaBuffer> Clone for Shared<P, B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Platform, B: DmaBuffer> Shared<P, B> {
    /// The buffer, for the CPU again, if no other handle and no mapping is left.
    pub fn into_inner(self) -> Result<B, Self> {
        let mut share = self.0;
        match Arc::get_mut(&mut share) {
            Some(last) => Ok(last.bring_home().expect("this handle is the first to ask")),
            None => Err(Self(share)),
        }
    }

    /// What the caches owe: everything, before the first mapping.
    pub(crate) fn lines(&self) -> Lines {
        match self.0.kind.load(Ordering::Acquire) {
            FRESH => Lines::Dirty,
            _ => Lines::InStep,
        }
    }

    /// May a device of this kind join those that have it?
    pub(crate) fn admits(&self, coherent: bool) -> bool {
        let kind = self.0.kind.load(Ordering::Acquire);
        kind == FRESH || kind == kind_of(coherent)
    }

    /// Notes that a mapping was made, unless devices of the other kind were first. A first mapping's
    /// clean is complete by now; two first ones at a time both cleaned, which does no harm.
    pub(crate) fn note(&self, coherent: bool, writes: bool, device_len: u64) -> bool {
        let kind = kind_of(coherent);
        let found = self
            .0
            .kind
            .compare_exchange(FRESH, kind, Ordering::AcqRel, Ordering::Acquire);
        if writes && !coherent {
            self.0.written.fetch_max(device_len, Ordering::AcqRel);
        }
        found.is_ok() || found == Err(kind)
    }
}

// SAFETY: the buffer inside keeps these promises, and never changes while a handle lives: it is taken
// out by the last handle alone. A handle that is forgotten keeps the count up, so nothing is freed.
// Handles give no access to the bytes, so that there are several harms nobody.
unsafe impl<P: Platform + 'static, B: DmaBuffer + Sync> DmaBuffer for Shared<P, B> {
    const CPU_ACCESS: bool = false;

    fn range(&self) -> PhysRange {
        self.0.buffer().range()
    }

    fn owned(&self) -> PhysRange {
        self.0.buffer().owned()
    }
}

impl<P: Platform + Clone + 'static> Dma<P> {
    /// Makes a buffer one that several devices can be lent at the same time.
    ///
    /// Context: thread; allocates.
    pub fn share<B: DmaBuffer + Sync>(&self, buffer: B) -> Shared<P, B> {
        Shared(Arc::new(Share {
            platform: self.platform().clone(),
            buffer: Some(buffer),
            kind: AtomicU8::new(FRESH),
            written: AtomicU64::new(0),
        }))
    }

    /// Lends a shared buffer to `device`, and never through a bounce buffer. The first mapping hands
    /// the CPU's bytes over; later ones need no cache operation.
    ///
    /// Context: any; does not wait.
    pub fn map_shared<'d, B: DmaBuffer + Sync, D: Direction>(
        &'d self,
        device: &'d DmaDevice,
        shared: Shared<P, B>,
        direction: D,
    ) -> MappedOr<'d, P, Shared<P, B>, D> {
        const {
            assert!(
                matches!(D::FILL, Fill::Copy),
                "shared buffers come home as a whole, to the last handle: no report"
            )
        }
        let _ = direction;
        let handle = shared.clone();
        let lines = handle.lines();
        let mapping = self.lend_as::<_, D>(device, shared, Attrs::SHARED, lines)?;
        let coherent = device.limits().coherent;
        if handle.note(coherent, D::DIR.device_writes(), mapping.device_len()) {
            return Ok(mapping);
        }
        let error = MapError::MixedCoherence {
            device: device.name(),
        };
        Err(Refused {
            error: self.refuse(device, error, Attrs::NONE),
            buffer: mapping.unmap(),
        })
    }
}

impl<P: Platform, B: DmaBuffer> fmt::Debug for Shared<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shared({} handles)", Arc::strong_count(&self.0))
    }
}
