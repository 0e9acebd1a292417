//! The driver of the legacy DMA channels on the simulated controller, over the simulated machine.

// Each test file uses its own part of this.
#![allow(
    dead_code,
    unreachable_pub,
    unsafe_code,
    clippy::allow_attributes,
    reason = "shared by several test crates; implements an unsafe trait"
)]

use dma::swiotlb::Pool;
use dma::{Bouncing, DeviceReads, DeviceWrites, Direction, Dma, DmaDevice, Inspector, Mapping};
use drivers::dma_channel::{self, CHANNEL_STRIDE, ChannelId, Copy, Failure, GLOBAL_OFFSET, usable};
use hal::{Clock, DmaBuffer, Irq, Mmio, PAGE, Pages, PhysRange, Zone};
use sim::Machine;
use sim::dma_engine::{DmaEngine, Faults, Pace};

/// A pool of one chunk, as at boot.
const POOL: (u64, u64) = (0x1020_0000, 0x20_0000);
/// How long tests wait: more than any copy of theirs takes.
pub const PATIENCE_US: u64 = 1_000_000;

/// Words that move between two looks at the interrupt lines: some for each channel.
const WORDS: usize = 8;

/// A buffer that owns its pages.
pub type Buffer = Pages<Machine>;
pub type Channel<'d> = dma_channel::Channel<'d, Machine, Registers, Buffer>;
pub type Controller = dma_channel::Controller<Registers, Machine>;
pub type Mapped<'d, D, B = Buffer> = Mapping<'d, Machine, B, D>;
pub type Transfer<'c, 'd, S, T, A = Buffer, B = Buffer> =
    dma_channel::Transfer<'c, 'd, Machine, Registers, Buffer, Mapped<'d, S, A>, Mapped<'d, T, B>>;
pub type Both<'d, S, T> = (Mapped<'d, S>, Mapped<'d, T>);

/// A machine with its DMA controller and the mapping layer.
pub struct Board {
    pub machine: Machine,
    pub engine: DmaEngine,
    pub dma: Dma<Machine>,
    pub inspector: Inspector,
    pub device: DmaDevice,
}

impl Board {
    pub fn new(machine: &Machine, bouncing: Bouncing) -> Self {
        let device = legacy(machine).build(&machine.ram()).expect("valid");
        Self::with(machine, bouncing, device)
    }

    /// With another description of the master.
    pub fn with(machine: &Machine, bouncing: Bouncing, device: DmaDevice) -> Self {
        let pool = Pool::new(machine.take(POOL.0, POOL.1)).expect("a chunk");
        let layer = Dma::new(machine.clone(), bouncing, Some(pool));
        let (dma, inspector) = layer.expect("64-byte lines");
        Self {
            machine: machine.clone(),
            engine: DmaEngine::new(machine),
            dma,
            inspector,
            device,
        }
    }

    /// Words move when the clock of [`Interrupts`] is waited for, in place of at once.
    pub fn stepped(self) -> Self {
        self.engine.set_pace(Pace::Stepped);
        self
    }

    /// Channel `number` with a page of control blocks.
    pub fn channel(&self, number: u32) -> Channel<'_> {
        self.channel_with(number, self.pages(Zone::Dma, 0, PAGE))
    }

    /// Channel `number` with control blocks in `memory`.
    pub fn channel_with(&self, number: u32, memory: Buffer) -> Channel<'_> {
        let channel = Channel::new(
            id(number),
            self.registers(number),
            &self.dma,
            &self.device,
            memory,
        );
        channel.expect("fits")
    }

    /// The registers of channel `number`.
    pub fn registers(&self, number: u32) -> Registers {
        Registers::at(&self.engine, u64::from(number) * CHANNEL_STRIDE)
    }

    /// The registers of all channels together.
    pub fn controller(&self) -> Controller {
        Controller::new(Registers::at(&self.engine, GLOBAL_OFFSET))
    }

    /// `len` bytes at `offset` of pages in `zone`.
    pub fn pages(&self, zone: Zone, offset: u64, len: u64) -> Buffer {
        let pages = Pages::alloc(self.machine.clone(), offset + len, zone).expect("pages");
        pages.with_window(offset, len).expect("inside")
    }

    /// As `pages`, with `bytes` in them.
    pub fn filled(&self, zone: Zone, bytes: &[u8]) -> Buffer {
        let mut pages = self.pages(zone, 0, bytes.len() as u64);
        pages.bytes_mut(&self.machine).copy_from_slice(bytes);
        pages
    }

    pub fn map<B: DmaBuffer, D: Direction>(&self, buffer: B, direction: D) -> Mapped<'_, D, B> {
        let mapping = self.dma.map(&self.device, buffer, direction);
        mapping.expect("maps")
    }

    /// A recognisable source and a destination of zeros, both of `len` bytes, mapped.
    pub fn ends(&self, zone: Zone, len: usize) -> Both<'_, dma::ToDevice, dma::FromDevice> {
        let source = self.filled(zone, &pattern(len));
        let dest = self.filled(zone, &vec![0; len]);
        (
            self.map(source, dma::ToDevice),
            self.map(dest, dma::FromDevice),
        )
    }

    /// A copy must have delivered what [`ends`](Self::ends) made.
    pub fn assert_copied<S: Direction, T: Direction>(&self, (source, dest): Both<'_, S, T>) {
        let (source, dest) = (source.unmap(), dest.unmap());
        let len = source.range().len() as usize;
        assert_eq!(*source.bytes(&self.machine), pattern(len));
        assert_eq!(*dest.bytes(&self.machine), pattern(len));
    }

    /// The channel must carry out a copy, by interrupt.
    pub fn assert_works<'d>(&'d self, channel: &Channel<'d>) {
        let transfer = start(channel, self.ends(Zone::High, 300));
        let ended = transfer.wait(&self.interrupts([channel]), PATIENCE_US);
        self.assert_copied(ended.expect("copies"));
    }

    /// A clock that lets the controller move some words at a time and delivers the interrupts of
    /// `channels`.
    pub fn interrupts<'a, 'd, const N: usize>(
        &'a self,
        channels: [&'a Channel<'d>; N],
    ) -> Interrupts<'a, 'd> {
        let channels = channels.to_vec();
        Interrupts {
            board: self,
            channels,
        }
    }

    /// Slots in use and bytes owned.
    pub fn holdings(&self) -> (u32, u64) {
        let used = self.inspector.pool_usage(&self.dma).expect("a pool").used;
        (used, self.machine.live_bytes())
    }

    /// Injects `faults` into a channel.
    pub fn inject(&self, channel: &Channel<'_>, faults: Faults) {
        self.engine.inject(channel.id().number() as usize, faults);
    }

    /// Ends the faults of a channel.
    pub fn release(&self, channel: &Channel<'_>) {
        self.engine.release(channel.id().number() as usize);
    }
}

/// A master as the DMA controller: the windows of the legacy bus, 32 bits, whole words.
pub fn legacy(machine: &Machine) -> dma::Builder {
    let builder = DmaDevice::builder("dma").windows(machine.bus().windows());
    builder
        .mask(dma::DmaMask::bits(32))
        .granule(dma_channel::GRANULE)
}

pub fn id(number: u32) -> ChannelId {
    usable(1 << number, None).next().expect("a legacy channel")
}

/// Registers from an offset into the controller.
pub struct Registers {
    engine: DmaEngine,
    start: usize,
}

impl Registers {
    fn at(engine: &DmaEngine, start: u64) -> Self {
        Self {
            engine: engine.clone(),
            start: start as usize,
        }
    }
}

impl Mmio for Registers {
    fn read32(&mut self, offset: usize) -> u32 {
        self.engine.read32(self.start + offset)
    }
    fn write32(&mut self, offset: usize, value: u32) {
        self.engine.write32(self.start + offset, value);
    }
}

/// Time in which the controller works, and its interrupts.
pub struct Interrupts<'a, 'd> {
    board: &'a Board,
    channels: Vec<&'a Channel<'d>>,
}

impl Interrupts<'_, '_> {
    /// Interrupts the core if a line is up, as the GIC does.
    pub fn deliver(&self) {
        let state = Machine::mask();
        for channel in &self.channels {
            let pending = self.board.engine.pending(channel.id().number() as usize);
            assert_eq!(channel.interrupt(), pending, "whose interrupt was it?");
        }
        Machine::restore(state);
    }
}

/// Microseconds that no test gets to in good order.
const ENDLESS_US: u64 = 15_000_000;

impl Clock for Interrupts<'_, '_> {
    fn ticks(&self) -> u64 {
        let now = self.board.machine.ticks();
        assert!(now < ENDLESS_US, "waits without end");
        now
    }

    fn hz(&self) -> u64 {
        self.board.machine.hz()
    }

    fn wait_until(&self, deadline: u64, done: &mut dyn FnMut() -> bool) -> bool {
        assert!(!sim::irqs_masked(), "waits where no interrupt can come");
        while !done() {
            if self.ticks() >= deadline {
                return done();
            }
            self.board.engine.step(WORDS);
            self.deliver();
        }
        true
    }
}

/// Starts a copy that must start.
pub fn start<'c, 'd, A: DmaBuffer, S: DeviceReads, B: DmaBuffer, T: DeviceWrites>(
    channel: &'c Channel<'d>,
    (source, dest): (Mapped<'d, S, A>, Mapped<'d, T, B>),
) -> Transfer<'c, 'd, S, T, A, B> {
    channel.start(Copy { source, dest }).expect("starts")
}

/// Both mappings out of a failure that must not have lost them.
pub fn ends_back<S, T>(failure: Failure<S, T>) -> (S, T) {
    failure.ends.expect("the channel was halted")
}

/// A part of pages that does not own its neighbours in the page.
pub struct Unproven(pub Buffer);

// SAFETY: a part of pages that are owned.
unsafe impl DmaBuffer for Unproven {
    fn range(&self) -> PhysRange {
        self.0.range()
    }
    fn owned(&self) -> PhysRange {
        self.0.range()
    }
}

/// A recognisable sequence without zeros at its start.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 256 + 1) as u8).collect()
}

/// A page of zeros in a zone.
pub fn pages_of(machine: &Machine, zone: Zone) -> Buffer {
    let mut page = Pages::alloc(machine.clone(), PAGE, zone).expect("a page");
    page.bytes_mut(machine).fill(0);
    page
}
