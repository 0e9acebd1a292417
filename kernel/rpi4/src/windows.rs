//! A record of the address space, for tools that watch the image from outside (`tools/oracle`): so
//! that they know what the kernel knows, and no address is written down twice.

#![expect(unsafe_code, reason = "a symbol and a section that a tool looks for")]

use hal::layout::{DEVICE_BASE, KERNEL_BASE, KERNEL_SPACE, LINEAR_BASE, PHYS_SPACE, UNCACHED_BASE};

/// How a window shows memory.
#[repr(u64)]
enum Kind {
    /// Normal, write-back.
    Cached = 1,
    /// Normal, not cacheable.
    Uncached = 2,
    /// Registers.
    Device = 3,
}

/// The physical start of a window that is known when the kernel runs.
const WHEREVER: u64 = u64::MAX;

#[repr(C)]
struct Window {
    virt: u64,
    len: u64,
    phys: u64,
    kind: Kind,
}

#[repr(C)]
struct Record {
    magic: [u8; 8],
    count: u64,
    windows: [Window; 4],
}

/// Nobody in the image reads it.
// SAFETY: no other crate of the image exports this name, and the section is one of constants.
#[unsafe(no_mangle)]
// SAFETY: as above.
#[unsafe(link_section = ".rodata.windows")]
#[used]
static CAROM_WINDOWS: Record = Record {
    magic: *b"CAROMWIN",
    count: 4,
    windows: [
        window(LINEAR_BASE, PHYS_SPACE, 0, Kind::Cached),
        window(DEVICE_BASE, PHYS_SPACE, 0, Kind::Device),
        window(KERNEL_BASE, KERNEL_SPACE, WHEREVER, Kind::Cached),
        // As much as is there: the last GiB of the address space is the image's.
        window(
            UNCACHED_BASE,
            KERNEL_BASE - UNCACHED_BASE,
            0,
            Kind::Uncached,
        ),
    ],
};

const fn window(virt: u64, len: u64, phys: u64, kind: Kind) -> Window {
    Window {
        virt,
        len,
        phys,
        kind,
    }
}
