//! The file that the loader handed over as initial RAM disk.

#![expect(unsafe_code, reason = "takes possession of the RAM disk")]

use arch::Board;
use boot::CommandLine;
use boot::tree::BootInfo;
use hal::{IrqLock, NoPages, PAGE, PageSource, Pages, PhysRange, RamRegion, Rank, Zone};
use log::warn;
use mm::MemoryMap;

/// What there is to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    /// The loader handed over nothing.
    None,
    /// A file without a byte: QEMU says nothing of it, so the command line does.
    Empty,
    /// These bytes.
    At(PhysRange),
}

impl File {
    /// What tree and command line say together.
    pub(crate) fn find(info: &BootInfo, line: CommandLine<'_>) -> Self {
        let told = line
            .value("carom.initrd_len")
            .and_then(|len| len.parse::<u64>().ok());
        match (info.initrd, told) {
            (Some(range), Some(len)) if len != range.len() => {
                warn!(
                    "initial RAM disk: {len} bytes by the command line, {} by the tree",
                    range.len()
                );
                Self::At(range)
            }
            (Some(range), _) => Self::At(range),
            (None, Some(0)) => Self::Empty,
            (None, Some(len)) => {
                warn!("no initial RAM disk, though the command line says {len} bytes");
                Self::None
            }
            (None, None) => Self::None,
        }
    }

    /// The bytes, if there are any.
    pub(crate) fn range(self) -> Option<PhysRange> {
        match self {
            Self::At(range) => Some(range),
            Self::None | Self::Empty => None,
        }
    }
}

/// Where loaded RAM stays when its user is done: it never was the allocator's.
#[derive(Clone, Copy)]
pub(crate) struct Loaded;

// SAFETY: hands out nothing.
unsafe impl PageSource for Loaded {
    fn alloc(&self, wanted: u64, _: u64, zone: Zone) -> Result<RamRegion, NoPages> {
        Err(NoPages {
            wanted,
            zone,
            free: 0,
        })
    }

    fn free(&self, region: RamRegion) {
        // Kept for good: a region has no destructor.
        let _ = region;
    }
}

/// The RAM disk, until somebody claims it.
///
/// Lock order: outermost, and nothing under it.
static DISK: IrqLock<Option<Pages<Loaded>>, Board> =
    IrqLock::new(Rank::Outermost, "RAM disk", None);

/// Takes possession of the RAM disk: of the whole pages that it lies in, unless something else that
/// was loaded shares them.
///
/// # Safety
/// Called once. `disk` is the RAM disk that `map` keeps from everybody else, and is in the linear map
/// by now.
pub(crate) unsafe fn own(disk: PhysRange, map: &MemoryMap) {
    let others = || map.named().iter().filter(|named| named.range != disk);
    let whole = disk
        .round_out(PAGE)
        .filter(|pages| others().all(|o| !o.range.overlaps(*pages)));
    let owned = whole.unwrap_or(disk);
    // SAFETY: the caller's promise; the map's claims are in whole pages, so what is left of them was
    // never given to the allocator either.
    let pages = Pages::adopt(unsafe { RamRegion::assume_owned(owned) }, Loaded);
    let offset = disk
        .start()
        .offset_from(owned.start())
        .expect("rounded out");
    *DISK.lock() = pages.with_window(offset, disk.len()).ok();
}

/// The file's bytes as a buffer, once.
pub(crate) fn claim() -> Option<Pages<Loaded>> {
    DISK.lock().take()
}
