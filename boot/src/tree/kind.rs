//! Which devices the kernel knows, by the `compatible` strings of their bindings.

use dtoolkit::fdt::FdtNode;

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Legacy DMA controller, channels 0 to 10.
    Dma,
    /// DMA controller of channels 11 to 14 (40-bit addresses).
    Dma40,
    /// Mailbox to the VideoCore.
    Mailbox,
    /// The VideoCore's firmware, a bus master behind the mailbox.
    Firmware,
    /// PL011 UART.
    Pl011,
    /// UART of the auxiliary block.
    MiniUart,
    /// Pins.
    Gpio,
    /// GIC-400 interrupt controller.
    Gic,
    /// The cores' own timers.
    GenericTimer,
    /// 1 MHz timer of the VideoCore's side.
    SystemTimer,
    /// The ARM's own block of local registers.
    LocalBlock,
    /// Watchdog, reset and power.
    Power,
    /// Random numbers.
    Rng,
    /// SD controller by Arasan.
    Emmc1,
    /// SD controller of the card slot.
    Emmc2,
    /// The VideoCore's own SD controller, without DMA of its own.
    SdHost,
    /// DWC2 USB controller.
    Usb,
    /// Gigabit Ethernet.
    Genet,
    /// PCIe host bridge.
    Pcie,
}

/// Some blocks have several names, by the age of the tree.
const TABLE: [(&str, Kind); 22] = [
    ("brcm,bcm2835-dma", Kind::Dma),
    ("brcm,bcm2711-dma", Kind::Dma40),
    ("brcm,bcm2835-mbox", Kind::Mailbox),
    ("raspberrypi,bcm2835-firmware", Kind::Firmware),
    ("arm,pl011", Kind::Pl011),
    ("brcm,bcm2835-aux-uart", Kind::MiniUart),
    ("brcm,bcm2711-gpio", Kind::Gpio),
    ("arm,gic-400", Kind::Gic),
    ("arm,armv8-timer", Kind::GenericTimer),
    ("arm,armv7-timer", Kind::GenericTimer),
    ("brcm,bcm2835-system-timer", Kind::SystemTimer),
    ("brcm,bcm2836-l1-intc", Kind::LocalBlock),
    ("brcm,bcm2711-pm", Kind::Power),
    ("brcm,bcm2835-pm", Kind::Power),
    ("brcm,bcm2711-rng200", Kind::Rng),
    ("brcm,bcm2711-emmc2", Kind::Emmc2),
    ("brcm,bcm2835-sdhci", Kind::Emmc1),
    ("brcm,bcm2835-sdhost", Kind::SdHost),
    ("brcm,bcm2835-usb", Kind::Usb),
    ("brcm,bcm2708-usb", Kind::Usb),
    ("brcm,bcm2711-genet-v5", Kind::Genet),
    ("brcm,bcm2711-pcie", Kind::Pcie),
];

/// What `node` is: its own list goes from the exact to the general, so the first hit counts.
pub(super) fn of(node: &FdtNode<'_>) -> Option<Kind> {
    node.compatible()?.find_map(known)
}

fn known(compatible: &str) -> Option<Kind> {
    TABLE
        .iter()
        .find(|(name, _)| *name == compatible)
        .map(|&(_, kind)| kind)
}
