//! Questions to the VideoCore before there is a heap, a pool, or a linear map: through one static
//! message that owns its cache lines.

#![expect(
    unsafe_code,
    reason = "maintains a static that the VideoCore reads and writes"
)]

use arch::{Board, MmioRegion, Timer, cache};
use boot::Image;
use core::cell::UnsafeCell;
use drivers::mailbox::{Answer, CallError, MAX_WORDS, MessageBuffer, Question, property};
use hal::{GIB, PhysRange, Platform};

/// Bus address of the low GiB as the VideoCore sees it past its own cache (BCM2711 ARM
/// Peripherals, 1.2.3). The mailbox hangs off the bus whose `dma-ranges` say the same.
const ALIAS: u64 = 0xC000_0000;

#[repr(C, align(64))]
struct Message(UnsafeCell<[u32; MAX_WORDS]>);

// SAFETY: `Early` is the only user and there is one: `Early::new` is called once, at boot.
unsafe impl Sync for Message {}

static MESSAGE: Message = Message(UnsafeCell::new([0; MAX_WORDS]));
const MESSAGE_LEN: u64 = size_of::<Message>() as u64;

/// The mailbox, while the boot core is alone.
pub(crate) struct Early {
    io: MmioRegion,
    bus: u32,
}

impl Early {
    /// The mailbox at `block`, if the VideoCore can reach our message.
    ///
    /// # Safety
    /// Called once. `block` is the mailbox's registers, mapped from now on, and nobody else's.
    pub(crate) unsafe fn new(block: PhysRange, image: &Image) -> Option<Self> {
        let message = image.to_phys(virt())?;
        if message.get() + MESSAGE_LEN > GIB {
            return None;
        }
        // SAFETY: the caller's promise.
        let io = unsafe { MmioRegion::new(block) }.ok()?;
        let bus = u32::try_from(message.get() + ALIAS).ok()?;
        Some(Self { io, bus })
    }

    /// Asks the firmware.
    pub(crate) fn ask<Q: Question>(&mut self, question: &Q) -> Result<Answer<Q::Value>, CallError> {
        let mut held = Held { bus: self.bus };
        property(&mut self.io, &Timer, &mut held, question)
    }
}

fn virt() -> u64 {
    MESSAGE.0.get().addr() as u64
}

/// The message in use.
struct Held {
    bus: u32,
}

impl MessageBuffer for Held {
    fn bus(&self) -> u32 {
        self.bus
    }

    fn words(&mut self) -> &mut [u32; MAX_WORDS] {
        // SAFETY: `Early::ask` borrows the one `Early` exclusively, and `property` calls this
        // only while the CPU has the message.
        unsafe { &mut *MESSAGE.0.get() }
    }

    fn sync_for_device(&mut self) {
        // SAFETY: the static is mapped and owns its lines.
        unsafe { cache::clean_invalidate(virt(), virt() + MESSAGE_LEN - 1) };
        Board.complete();
        // The message (Normal memory) before the doorbell (Device memory) that `property` rings next.
        Board.publish();
    }

    fn sync_for_cpu(&mut self) {
        Board.acquire();
        // SAFETY: as above; the CPU stored nothing since `sync_for_device`.
        unsafe { cache::invalidate(virt(), virt() + MESSAGE_LEN - 1) };
        Board.complete();
    }
}
