//! The whole board: root, RAM, cores, what the boot loader chose.

use crate::node::Builder;
use crate::scb::{emmc2bus, scb};
use crate::soc::{GIC, soc};
use dtoolkit::memreserve::MemoryReservation;
use dtoolkit::model::DeviceTree;

/// Steppings of the chip, as far as a bus master can tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepping {
    /// B0 and B1: EMMC2 sees one GiB, PCIe three.
    B0,
    /// C0 and later: EMMC2 sees what lies below the peripherals, PCIe everything.
    C0,
}

/// What goes into `/chosen`.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Command line.
    pub bootargs: Option<String>,
    /// Start and end of the initial RAM disk.
    pub initrd: Option<(u64, u64)>,
    /// Cells that each end of it takes, one or two.
    pub initrd_cells: u32,
}

/// A board to be described.
#[derive(Clone, Debug)]
pub struct Board {
    /// Low RAM as start and length; the VideoCore owns what follows up to 1 GiB.
    pub low: (u64, u64),
    /// RAM from 1 GiB up, as start and length.
    pub high: Vec<(u64, u64)>,
    /// `#size-cells` of the root, one or two.
    pub size_cells: u32,
    /// Stepping of the chip.
    pub stepping: Stepping,
    /// What the boot loader has to say.
    pub chosen: Chosen,
    /// Board revision code, if the tree carries it.
    pub revision: Option<u32>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            low: (0, 0x3B40_0000),
            high: vec![(0x4000_0000, 0xBC00_0000), (0x1_0000_0000, 0x1_0000_0000)],
            size_cells: 1,
            stepping: Stepping::B0,
            chosen: Chosen::default(),
            revision: None,
        }
    }
}

/// Largest length that one cell holds and that is still a round number.
const ONE_CELL_MAX: u64 = 0x8000_0000;

impl Board {
    /// The flattened tree.
    pub fn blob(&self) -> Vec<u8> {
        self.tree().to_dtb()
    }

    /// The tree, for those who want to change it further.
    pub fn tree(&self) -> DeviceTree {
        let mut tree = DeviceTree::new();
        // The first page holds the spin table and the stub that parks the secondary cores.
        tree.memory_reservations
            .push(MemoryReservation::new(0, 0x1000));
        tree.root = self.root().build();
        tree
    }

    fn root(&self) -> Builder {
        Builder::new("")
            .strings("compatible", &["raspberrypi,4-model-b", "brcm,bcm2711"])
            .string("model", "Raspberry Pi 4 Model B")
            .bus(2, self.size_cells)
            .cells("interrupt-parent", &[GIC])
            .children([self.chosen_node(), aliases(), cpus(), generic_timer()])
            .child(self.memory("memory@0", &[self.low]))
            .children((!self.high.is_empty()).then(|| self.memory("ram@40000000", &self.high)))
            .children(self.revision.map(system))
            .children([soc(), emmc2bus(self.stepping), scb(self.stepping)])
    }

    fn memory(&self, name: &str, banks: &[(u64, u64)]) -> Builder {
        let cells: Vec<u32> = banks
            .iter()
            .flat_map(|&bank| self.bank_cells(bank))
            .collect();
        Builder::new(name)
            .string("device_type", "memory")
            .cells("reg", &cells)
    }

    /// One bank, in several entries where one cell cannot hold its length.
    fn bank_cells(&self, (start, len): (u64, u64)) -> Vec<u32> {
        if self.size_cells == 2 {
            return [wide(start), wide(len)].concat();
        }
        let (mut cells, mut done) = (Vec::new(), 0);
        while done < len {
            let rest = len - done;
            let part = if rest > u64::from(u32::MAX) {
                ONE_CELL_MAX
            } else {
                rest
            };
            cells.extend(wide(start + done));
            cells.push(u32::try_from(part).expect("at most what one cell holds"));
            done += part;
        }
        cells
    }

    fn chosen_node(&self) -> Builder {
        let mut node = Builder::new("chosen").string("stdout-path", "serial0:115200n8");
        if let Some(args) = &self.chosen.bootargs {
            node = node.string("bootargs", args);
        }
        if let Some((start, end)) = self.chosen.initrd {
            node = node.cells("linux,initrd-start", &self.initrd_cells(start));
            node = node.cells("linux,initrd-end", &self.initrd_cells(end));
        }
        node
    }

    fn initrd_cells(&self, addr: u64) -> Vec<u32> {
        let both = wide(addr);
        if self.chosen.initrd_cells == 2 {
            both
        } else {
            vec![both[1]]
        }
    }
}

fn wide(value: u64) -> Vec<u32> {
    vec![(value >> 32) as u32, value as u32]
}

fn aliases() -> Builder {
    Builder::new("aliases").string("serial0", "/soc/serial@7e201000")
}

fn system(revision: u32) -> Builder {
    Builder::new("system").cells("linux,revision", &[revision])
}

/// Cores wait in the firmware's stub until their release word is written.
fn cpus() -> Builder {
    let cores = (0..4u32).map(|index| {
        Builder::new(&format!("cpu@{index}"))
            .string("device_type", "cpu")
            .string("compatible", "arm,cortex-a72")
            .cells("reg", &[index])
            .string("enable-method", "spin-table")
            .cells("cpu-release-addr", &[0, 0xD8 + 8 * index])
    });
    Builder::new("cpus").bus(1, 0).children(cores)
}

/// Secure, non-secure, virtual and hypervisor timer, in the order of the binding; level low.
fn generic_timer() -> Builder {
    Builder::new("timer")
        .string("compatible", "arm,armv8-timer")
        .ppis(&[13, 14, 11, 10], 8)
}
