//! The legacy DMA controller, driven by hand.

mod faults;
mod in_flight;
mod undefined;

use crate::{BUS, own_page, part};
use hal::{Mmio, PAGE, PhysAddr, PhysRange, Platform};
use sim::dma_engine::{DmaEngine, Port};
use sim::{Builder, Machine};
use std::sync::{Arc, Mutex};

const CS: usize = 0x00;
const CONBLK_AD: usize = 0x04;
const NEXTCONBK: usize = 0x1C;
const DEBUG: usize = 0x20;
const INT_STATUS: usize = 0xFE0;
const ENABLE: usize = 0xFF0;

const ACTIVE: u32 = 1 << 0;
const END: u32 = 1 << 1;
const INT: u32 = 1 << 2;
const PAUSED: u32 = 1 << 4;
const WAITING: u32 = 1 << 6;
const ERROR: u32 = 1 << 8;
const ABORT: u32 = 1 << 30;
const RESET: u32 = 1 << 31;

const INTEN: u32 = 1 << 0;
const TDMODE: u32 = 1 << 1;
const WAIT_RESP: u32 = 1 << 3;
const DEST_INC: u32 = 1 << 4;
const SRC_INC: u32 = 1 << 8;
const SRC_IGNORE: u32 = 1 << 11;
const COPY: u32 = SRC_INC | DEST_INC | WAIT_RESP | INTEN;

/// Where the tests put blocks, sources and destinations in the page.
const BLOCK: u32 = 0xD000_0000;
const FROM: u32 = BLOCK + 0x400;
const TO: u32 = BLOCK + 0x800;

/// A page with 256 bytes 0, 1, 2.. at `FROM` and zeros at `TO`, and a controller.
fn bench() -> (Machine, DmaEngine) {
    let machine = Builder::small().build();
    own_page(&machine);
    let source: Vec<u8> = (0..=255).collect();
    machine.cpu_write(part(0x400, 256).start(), &source);
    machine.cpu_write(part(0x800, 256).start(), &[0; 256]);
    machine.settle();
    machine.complete();
    let engine = DmaEngine::new(&machine);
    (machine, engine)
}

/// Writes control block `index` of the page, ready for the engine.
fn block(machine: &Machine, index: u64, words: [u32; 6]) -> u32 {
    let at = part(index * 32, 32);
    let bytes = words.iter().chain(&[0, 0]).flat_map(|w| w.to_le_bytes());
    machine.cpu_write(at.start(), &bytes.collect::<Vec<u8>>());
    machine.clean(at);
    machine.complete();
    BUS.get() as u32 + index as u32 * 32
}

/// Starts `channel` on the block at `at`.
fn start(engine: &mut DmaEngine, channel: usize, at: u32) {
    engine.write32(channel * 0x100 + CONBLK_AD, at);
    engine.write32(channel * 0x100 + CS, ACTIVE);
}

/// What lies in RAM at bus address `at`.
fn ram(machine: &Machine, at: u32, len: u64) -> Vec<u8> {
    let phys = PhysAddr::new(u64::from(at) - 0xC000_0000);
    machine.peek_ram(PhysRange::new(phys, len).expect("valid"))
}

#[test]
fn a_transfer_copies_ends_and_interrupts() {
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, [COPY, FROM, TO, 100, 0, 0]);
    start(&mut engine, 5, at);
    assert_eq!(ram(&machine, TO, 100), ram(&machine, FROM, 100));
    assert_eq!(ram(&machine, TO + 100, 4), [0; 4]);
    assert_eq!(engine.read32(0x500 + CS), END | INT | PAUSED);
    assert_eq!(engine.read32(0x500 + CONBLK_AD), 0);
    assert_eq!(engine.read32(INT_STATUS), 1 << 5);
    assert!(engine.pending(5) && !engine.pending(4));
}

#[test]
fn a_block_without_inten_ends_in_silence() {
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, [COPY & !INTEN, FROM, TO, 4, 0, 0]);
    start(&mut engine, 0, at);
    assert_eq!(engine.read32(CS), END | PAUSED);
}

#[test]
fn end_and_interrupt_clear_by_writing_ones() {
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, [COPY, FROM, TO, 4, 0, 0]);
    start(&mut engine, 0, at);
    engine.write32(CS, INT | ACTIVE);
    assert_eq!(engine.read32(CS), END | PAUSED);
    engine.write32(CS, END);
    assert_eq!(engine.read32(CS), PAUSED);
    assert_eq!(engine.read32(INT_STATUS), 0);
}

#[test]
fn unaligned_addresses_move_byte_exactly() {
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, [COPY, FROM + 3, TO + 61, 8, 0, 0]);
    start(&mut engine, 0, at);
    let mut expected = [0; 16];
    expected[5..13].copy_from_slice(&[3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(ram(&machine, TO + 56, 16), expected);
}

#[test]
fn a_chain_runs_to_its_end() {
    let (machine, mut engine) = bench();
    let last = block(&machine, 1, [COPY, FROM, TO + 64, 64, 0, 0]);
    let first = block(&machine, 0, [COPY, FROM + 64, TO, 64, 0, last]);
    start(&mut engine, 0, first);
    assert_eq!(ram(&machine, TO, 64), ram(&machine, FROM + 64, 64));
    assert_eq!(ram(&machine, TO + 64, 64), ram(&machine, FROM, 64));
}

#[test]
fn a_source_that_stays_fills_and_one_that_is_ignored_does_nothing() {
    let (machine, mut engine) = bench();
    let fill = block(&machine, 0, [DEST_INC | WAIT_RESP, FROM + 4, TO, 8, 0, 0]);
    start(&mut engine, 0, fill);
    assert_eq!(ram(&machine, TO, 8), [4, 5, 6, 7, 4, 5, 6, 7]);
    let ignore = block(&machine, 0, [COPY | SRC_IGNORE, FROM, TO, 8, 0, 0]);
    start(&mut engine, 0, ignore);
    assert_eq!(ram(&machine, TO, 8), [4, 5, 6, 7, 4, 5, 6, 7]);
}

#[test]
fn two_dimensions_gather_a_column() {
    let (machine, mut engine) = bench();
    let rows = 2 << 16 | 4;
    let at = block(&machine, 0, [COPY | TDMODE, FROM, TO, rows, 12, 0]);
    start(&mut engine, 0, at);
    let expected = [0, 1, 2, 3, 16, 17, 18, 19, 32, 33, 34, 35, 0];
    assert_eq!(ram(&machine, TO, 13), expected);
}

#[test]
fn the_engine_sees_ram_and_not_the_cache() {
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, [COPY, FROM, TO, 4, 0, 0]);
    machine.cpu_write(part(0x400, 4).start(), &[9; 4]);
    machine.publish();
    start(&mut engine, 0, at);
    assert_eq!(ram(&machine, TO, 4), [0, 1, 2, 3]);
}

#[test]
fn a_status_read_asks_for_an_acquire() {
    let machine = Builder::small().collect_violations().build();
    machine.take(crate::START, PAGE);
    machine.settle();
    let mut engine = DmaEngine::new(&machine);
    let at = block(&machine, 0, [COPY, FROM, TO, 4, 0, 0]);
    start(&mut engine, 0, at);
    engine.read32(CS);
    machine.cpu_read(part(0x800, 4));
    assert_eq!(machine.violations().len(), 1);
}

/// Registers that remember stores and give loads by number.
#[derive(Clone, Default)]
struct Fifo {
    stored: Arc<Mutex<Vec<u32>>>,
    loads: u32,
    room: usize,
}

impl Port for Fifo {
    fn read32(&mut self, _: u32) -> u32 {
        self.loads += 1;
        self.loads
    }
    fn write32(&mut self, offset: u32, value: u32) {
        assert_eq!(offset, 8);
        self.stored.lock().expect("no panic").push(value);
    }
    fn ready(&mut self) -> bool {
        self.stored.lock().expect("no panic").len() < self.room
    }
}

#[test]
fn registers_are_sources_and_targets_through_their_ports() {
    let (machine, mut engine) = bench();
    let fifo = Fifo::default();
    engine.attach(0x7E20_2000..0x7E20_2010, fifo.clone());
    let write = block(
        &machine,
        0,
        [SRC_INC | WAIT_RESP, FROM, 0x7E20_2008, 8, 0, 0],
    );
    start(&mut engine, 0, write);
    assert_eq!(
        *fifo.stored.lock().expect("no panic"),
        [0x0302_0100, 0x0706_0504]
    );
    let read = block(
        &machine,
        0,
        [DEST_INC | WAIT_RESP, 0x7E20_2000, TO, 8, 0, 0],
    );
    start(&mut engine, 0, read);
    assert_eq!(ram(&machine, TO, 8), [1, 0, 0, 0, 2, 0, 0, 0]);
}

#[test]
fn a_paced_transfer_waits_for_its_port() {
    const DEST_DREQ: u32 = 1 << 6;
    let (machine, mut engine) = bench();
    let fifo = Fifo {
        room: 0,
        ..Fifo::default()
    };
    engine.attach(0x7E20_2000..0x7E20_2010, fifo);
    let info = SRC_INC | WAIT_RESP | DEST_DREQ | 13 << 16;
    let at = block(&machine, 0, [info, FROM, 0x7E20_2008, 8, 0, 0]);
    start(&mut engine, 0, at);
    assert_eq!(engine.read32(CS), ACTIVE);
}
