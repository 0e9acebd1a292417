//! `/soc`: what the VideoCore's bus carries.
//!
//! Registers stand at bus addresses `7Exxxxxx` (`7Cxxxxxx`, `40xxxxxx` for the ARM's own block);
//! masters find the first GiB of RAM at `C0000000` and nothing else.

use crate::node::Builder;

/// Phandle of the interrupt controller.
pub(crate) const GIC: u32 = 1;
const MAILBOX: u32 = 2;
const DMA: u32 = 3;

/// Channels that the firmware leaves to the ARM: 0, 2, 4 to 10.
const CHANNEL_MASK: u32 = 0x07F5;

pub(crate) fn soc() -> Builder {
    Builder::new("soc")
        .string("compatible", "simple-bus")
        .bus(1, 1)
        .cells("interrupt-parent", &[GIC])
        .rows(
            "ranges",
            &[
                // Main peripherals; PCIe, Ethernet and chip identity; the ARM's own block.
                &[0x7E00_0000, 0, 0xFE00_0000, 0x0180_0000],
                &[0x7C00_0000, 0, 0xFC00_0000, 0x0200_0000],
                &[0x4000_0000, 0, 0xFF80_0000, 0x0080_0000],
            ],
        )
        .cells("dma-ranges", &[0xC000_0000, 0, 0, 0x4000_0000])
        .children([gic(), local_block(), dma(), mailbox(), firmware()])
        .children([uart0(), gpio(), system_timer(), power()])
        .children([rng(), emmc1(), sdhost(), usb()])
}

fn gic() -> Builder {
    Builder::new("interrupt-controller@40041000")
        .string("compatible", "arm,gic-400")
        .flag("interrupt-controller")
        .cells("#interrupt-cells", &[3])
        .cells("#address-cells", &[0])
        .rows(
            "reg",
            &[
                // Distributor, CPU interface, hypervisor interface, guest's CPU interface.
                &[0x4004_1000, 0x1000],
                &[0x4004_2000, 0x2000],
                &[0x4004_4000, 0x2000],
                &[0x4004_6000, 0x2000],
            ],
        )
        .ppis(&[9], 4)
        .cells("phandle", &[GIC])
}

fn local_block() -> Builder {
    Builder::new("local_intc@40000000")
        .string("compatible", "brcm,bcm2836-l1-intc")
        .cells("reg", &[0x4000_0000, 0x100])
}

/// Channels 0 to 10 with an interrupt each; 7 and 8 share one, and so do 9 and 10.
fn dma() -> Builder {
    Builder::new("dma-controller@7e007000")
        .string("compatible", "brcm,bcm2835-dma")
        .cells("reg", &[0x7E00_7000, 0xB00])
        .spis(&[80, 81, 82, 83, 84, 85, 86, 87, 87, 88, 88])
        .cells("#dma-cells", &[1])
        .cells("brcm,dma-channel-mask", &[CHANNEL_MASK])
        .cells("phandle", &[DMA])
}

fn mailbox() -> Builder {
    Builder::new("mailbox@7e00b880")
        .string("compatible", "brcm,bcm2835-mbox")
        .cells("reg", &[0x7E00_B880, 0x40])
        .spis(&[33])
        .cells("#mbox-cells", &[0])
        .cells("phandle", &[MAILBOX])
}

/// The VideoCore as a master: it sees what its bus sees, hence the empty `dma-ranges`.
fn firmware() -> Builder {
    Builder::new("firmware")
        .strings(
            "compatible",
            &["raspberrypi,bcm2835-firmware", "simple-mfd"],
        )
        .bus(1, 1)
        .cells("mboxes", &[MAILBOX])
        .flag("dma-ranges")
}

fn uart0() -> Builder {
    Builder::new("serial@7e201000")
        .strings("compatible", &["arm,pl011", "arm,primecell"])
        .cells("reg", &[0x7E20_1000, 0x200])
        .spis(&[121])
}

fn gpio() -> Builder {
    Builder::new("gpio@7e200000")
        .string("compatible", "brcm,bcm2711-gpio")
        .cells("reg", &[0x7E20_0000, 0xB4])
        .spis(&[113, 114, 115, 116])
}

fn system_timer() -> Builder {
    Builder::new("timer@7e003000")
        .string("compatible", "brcm,bcm2835-system-timer")
        .cells("reg", &[0x7E00_3000, 0x1000])
        .spis(&[64, 65, 66, 67])
}

fn power() -> Builder {
    Builder::new("watchdog@7e100000")
        .strings("compatible", &["brcm,bcm2711-pm", "brcm,bcm2835-pm"])
        .cells("reg", &[0x7E10_0000, 0x114])
}

fn rng() -> Builder {
    Builder::new("rng@7e104000")
        .string("compatible", "brcm,bcm2711-rng200")
        .cells("reg", &[0x7E10_4000, 0x28])
}

fn emmc1() -> Builder {
    Builder::new("mmc@7e300000")
        .string("compatible", "brcm,bcm2835-sdhci")
        .cells("reg", &[0x7E30_0000, 0x100])
        .spis(&[126])
}

/// Masters nothing itself: its data goes through a DMA channel, paced by request line 13.
fn sdhost() -> Builder {
    Builder::new("mmc@7e202000")
        .string("compatible", "brcm,bcm2835-sdhost")
        .cells("reg", &[0x7E20_2000, 0x100])
        .spis(&[120])
        .cells("dmas", &[DMA, 13])
        .string("dma-names", "rx-tx")
}

fn usb() -> Builder {
    Builder::new("usb@7e980000")
        .string("compatible", "brcm,bcm2835-usb")
        .cells("reg", &[0x7E98_0000, 0x1_0000])
        .spis(&[73])
}
