//! Transfers between memory and the register of a device: translated, paced, refused with numbers.

mod common;

use common::{Board, PATIENCE_US, legacy, pattern};
use dma::{Bouncing, FromDevice, ToDevice};
use drivers::dma_channel::{Copy, Dreq, Register, StartError};
use hal::{DmaAddr, DmaWindow, PhysAddr, PhysRange, Zone};
use sim::dma_engine::Port;
use sim::{Builder, Machine, under_every_adversary};
use std::sync::{Arc, Mutex};

/// The data port of EMMC1, as the CPU and as the legacy bus see it.
const PORT: u64 = 0xFE30_0020;
const BUS: u32 = 0x7E30_0020;

/// A FIFO that is ready at every other look, and holds what was written.
#[derive(Clone, Default)]
struct Fifo(Arc<Mutex<(Vec<u8>, u32)>>);

impl Port for Fifo {
    fn read32(&mut self, offset: u32) -> u32 {
        let state = &mut *self.0.lock().expect("no test panics");
        assert_eq!(offset, 0, "a FIFO has one address");
        let word: Vec<u8> = state.0.drain(..4).collect();
        u32::from_le_bytes(word.try_into().expect("four bytes"))
    }
    fn write32(&mut self, offset: u32, value: u32) {
        assert_eq!(offset, 0, "a FIFO has one address");
        let state = &mut *self.0.lock().expect("no test panics");
        state.0.extend(value.to_le_bytes());
    }
    fn ready(&mut self) -> bool {
        let state = &mut *self.0.lock().expect("no test panics");
        state.1 += 1;
        state.1.is_multiple_of(2)
    }
}

/// A board whose master sees the peripherals, with a FIFO at the port.
fn board(machine: &Machine) -> (Board, Fifo) {
    let registers = PhysRange::new(PhysAddr::new(0xFE00_0000), 0x180_0000).expect("constants");
    let window = DmaWindow::new(registers, DmaAddr::new(0x7E00_0000)).expect("constants");
    let device = legacy(machine).register_windows(&[window]);
    let board = Board::with(
        machine,
        Bouncing::AsNeeded,
        device.build(&machine.ram()).expect("constants"),
    );
    let fifo = Fifo::default();
    board.engine.attach(BUS..BUS + 4, fifo.clone());
    (board.stepped(), fifo)
}

fn register(at: u64, dreq: Option<Dreq>) -> Register {
    let word = PhysRange::new(PhysAddr::new(at), 4).expect("constants");
    Register::new(word, dreq).expect("an aligned word")
}

#[test]
fn what_a_register_gives_arrives_in_memory() {
    under_every_adversary(&Builder::default(), |machine| {
        let (board, fifo) = board(machine);
        fifo.0.lock().expect("no test panics").0 = pattern(512);
        let channel = board.channel(0);
        let dest = board.map(board.filled(Zone::High, &[0; 512]), FromDevice);
        let source = register(PORT, Some(Dreq::EMMC1));
        let transfer = channel.start(Copy { source, dest }).expect("starts");
        let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
        let (_, dest) = ended.expect("copies");
        assert_eq!(*dest.unmap().bytes(machine), pattern(512));
    });
}

#[test]
fn what_memory_holds_arrives_in_a_register_across_control_blocks() {
    under_every_adversary(&Builder::default(), |machine| {
        let (board, fifo) = board(machine);
        let channel = board.channel(0).with_max_block(128);
        let source = board.map(board.filled(Zone::High, &pattern(512)), ToDevice);
        let dest = register(PORT, Some(Dreq::EMMC1));
        let transfer = channel.start(Copy { source, dest }).expect("starts");
        let ended = transfer.wait(&board.interrupts([&channel]), PATIENCE_US);
        ended.expect("copies");
        assert_eq!(fifo.0.lock().expect("no test panics").0, pattern(512));
    });
}

#[test]
fn hw_9_a_register_outside_the_windows_is_refused_with_its_address() {
    let (board, _) = board(&Machine::default());
    let channel = board.channel(0);
    let source = register(0xFD50_0000, None);
    let dest = board.map(board.filled(Zone::Dma, &[0; 64]), FromDevice);
    let refused = channel.start(Copy { source, dest }).err().expect("refused");
    let (register, channel_name) = (source.word(), "dma");
    assert_eq!(
        refused.error,
        StartError::Unseen {
            register,
            channel: channel_name
        }
    );
    board.assert_works(&channel);
}

#[test]
fn a_copy_between_registers_is_refused() {
    let (board, _) = board(&Machine::default());
    let channel = board.channel(0);
    let (source, dest) = (register(PORT, None), register(PORT, None));
    let refused = channel.start(Copy { source, dest }).err();
    assert_eq!(refused.expect("refused").error, StartError::NoLength);
}

#[test]
fn a_register_is_one_aligned_word() {
    let at = |start, len| PhysRange::new(PhysAddr::new(start), len).expect("constants");
    assert!(Register::new(at(PORT, 8), None).is_none());
    assert!(Register::new(at(PORT + 2, 4), None).is_none());
}
