//! Masters that are not on the VideoCore's bus: the SD slot's controller, Ethernet, PCIe.

use crate::board::Stepping;
use crate::node::Builder;

/// The SD slot's controller has a bus of its own, because its window depends on the stepping.
pub(crate) fn emmc2bus(stepping: Stepping) -> Builder {
    let window: &[u32] = match stepping {
        Stepping::B0 => &[0, 0xC000_0000, 0, 0, 0x4000_0000],
        Stepping::C0 => &[0, 0, 0, 0, 0xFC00_0000],
    };
    Builder::new("emmc2bus")
        .string("compatible", "simple-bus")
        .bus(2, 1)
        .cells("ranges", &[0, 0x7E00_0000, 0, 0xFE00_0000, 0x0180_0000])
        .cells("dma-ranges", window)
        .child(
            Builder::new("mmc@7e340000")
                .string("compatible", "brcm,bcm2711-emmc2")
                .cells("reg", &[0, 0x7E34_0000, 0x100])
                .spis(&[126])
                .flag("broken-cd"),
        )
}

/// No `dma-ranges` of its own: masters here see all RAM where the CPU sees it.
pub(crate) fn scb(stepping: Stepping) -> Builder {
    Builder::new("scb")
        .string("compatible", "simple-bus")
        .bus(2, 1)
        .rows(
            "ranges",
            &[
                // Registers; PCIe outbound.
                &[0, 0x7C00_0000, 0, 0xFC00_0000, 0x0380_0000],
                &[6, 0, 6, 0, 0x4000_0000],
            ],
        )
        .children([genet(), pcie(stepping)])
}

fn genet() -> Builder {
    Builder::new("ethernet@7d580000")
        .string("compatible", "brcm,bcm2711-genet-v5")
        .cells("reg", &[0, 0x7D58_0000, 0x1_0000])
        .spis(&[157, 158])
}

/// The first steppings see three GiB from PCIe, later ones all RAM.
fn pcie(stepping: Stepping) -> Builder {
    let (size_high, size_low) = match stepping {
        Stepping::B0 => (0, 0xC000_0000),
        Stepping::C0 => (2, 0),
    };
    Builder::new("pcie@7d500000")
        .string("compatible", "brcm,bcm2711-pcie")
        .string("device_type", "pci")
        .cells("reg", &[0, 0x7D50_0000, 0x9310])
        .bus(3, 2)
        .spis(&[147, 148])
        .cells(
            "ranges",
            &[0x0200_0000, 0, 0xF800_0000, 6, 0, 0, 0x0400_0000],
        )
        .cells(
            "dma-ranges",
            &[0x0200_0000, 0, 0, 0, 0, size_high, size_low],
        )
}
