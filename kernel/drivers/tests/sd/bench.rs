//! A board with an SD controller whose data port a DMA channel reaches.

use crate::common::{Board, Buffer, Channel, Interrupts, Registers, legacy, pattern};
use dma::Bouncing;
use drivers::dma_channel::{Dreq, Register};
use drivers::sdhci::{self, Card, Host, SdError};
use hal::{DmaAddr, DmaWindow, PhysAddr, PhysRange};
use sim::Machine;
use sim::sdhci::{CardKind, Sdhci};

/// EMMC1's data port, as the CPU and as the legacy bus see it.
const PORT: u64 = 0xFE30_0020;
const BUS: u32 = 0x7E30_0020;
pub(crate) const BASE_HZ: u32 = 200_000_000;
/// Blocks of the cards here: an SDHC card has no fewer.
pub(crate) const BLOCKS: u64 = 1024;

pub(crate) type SdCard<'k, 'a, 'd> = Card<'k, Sdhci, Interrupts<'a, 'd>>;
pub(crate) type Path<'c, 'd> = sdhci::Path<'c, 'd, Machine, Registers, Buffer>;

pub(crate) struct Bench {
    pub(crate) board: Board,
    pub(crate) sdhci: Sdhci,
}

impl Bench {
    /// An empty slot.
    pub(crate) fn empty(machine: &Machine) -> Self {
        Self::bouncing(machine, Bouncing::AsNeeded)
    }

    pub(crate) fn bouncing(machine: &Machine, bouncing: Bouncing) -> Self {
        let registers = PhysRange::new(PhysAddr::new(0xFE00_0000), 0x180_0000);
        let window = DmaWindow::new(registers.expect("constants"), DmaAddr::new(0x7E00_0000));
        let device = legacy(machine).register_windows(&[window.expect("constants")]);
        let board = Board::with(
            machine,
            bouncing,
            device.build(&machine.ram()).expect("constants"),
        )
        .stepped();
        let sdhci = Sdhci::new(machine, BASE_HZ);
        board.engine.attach(BUS..BUS + 4, sdhci.clone());
        Self { board, sdhci }
    }

    /// With a card of known bytes.
    pub(crate) fn with(machine: &Machine, kind: CardKind) -> Self {
        let bench = Self::empty(machine);
        bench.sdhci.insert(kind, image());
        bench
    }

    pub(crate) fn host<'k, 'a, 'd>(
        &self,
        clock: &'k Interrupts<'a, 'd>,
    ) -> Host<'k, Sdhci, Interrupts<'a, 'd>> {
        Host::new(self.sdhci.clone(), clock, BASE_HZ)
    }

    pub(crate) fn card<'k, 'a, 'd>(&self, clock: &'k Interrupts<'a, 'd>) -> SdCard<'k, 'a, 'd> {
        Card::identify(self.host(clock)).expect("a good card")
    }

    /// Why there is no card.
    pub(crate) fn refusal(&self) -> SdError {
        let clock = self.board.interrupts([]);
        let none = Card::identify(self.host(&clock)).err();
        none.expect("no card").error
    }

    pub(crate) fn pio<'d>(&self) -> Path<'_, 'd> {
        Path::Pio(&self.board.machine)
    }

    pub(crate) fn dma<'c, 'd>(&self, channel: &'c Channel<'d>) -> Path<'c, 'd> {
        let word = PhysRange::new(PhysAddr::new(PORT), 4).expect("constants");
        let port = Register::new(word, Some(Dreq::EMMC1)).expect("a word");
        Path::Dma { channel, port }
    }

    /// What the card holds, by blocks.
    pub(crate) fn on_card(&self, lba: u64, blocks: u64) -> Vec<u8> {
        let (from, to) = (lba as usize * 512, (lba + blocks) as usize * 512);
        self.sdhci.image()[from..to].to_vec()
    }
}

pub(crate) fn image() -> Vec<u8> {
    pattern(BLOCKS as usize * 512)
}
