//! Transfers that are held, paused, ended early, or not quite over.

use super::*;
use hal::LINE;
use sim::Adversary;
use sim::dma_engine::Pace;

#[test]
fn a_disabled_channel_stays_active_and_moves_nothing_until_it_is_enabled() {
    let (machine, mut engine) = bench();
    engine.write32(ENABLE, 0x7FFF & !(1 << 5));
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 5, at);
    assert_eq!(engine.read32(0x500 + CS), ACTIVE | PAUSED);
    assert_eq!(ram(&machine, TO, 64), [0; 64]);
    engine.write32(ENABLE, 0x7FFF);
    assert_eq!(ram(&machine, TO, 64), ram(&machine, FROM, 64));
}

#[test]
fn clearing_active_halts_a_disabled_channel_for_good() {
    let (machine, mut engine) = bench();
    engine.write32(ENABLE, 0);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    engine.write32(CS, 0);
    assert_eq!(engine.read32(CS), PAUSED);
    engine.write32(CS, RESET);
    engine.write32(ENABLE, 0x7FFF);
    assert_eq!(ram(&machine, TO, 64), [0; 64]);
    assert_eq!(engine.read32(CONBLK_AD), 0);
}

#[test]
fn steps_move_words_and_two_channels_take_turns() {
    let (machine, mut engine) = bench();
    engine.set_pace(Pace::Stepped);
    let first = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    let second = block(&machine, 1, [COPY, FROM, TO + 64, 64, 0, 0]);
    start(&mut engine, 0, first);
    start(&mut engine, 4, second);
    assert_eq!(engine.step(20), 20);
    // Four words of each channel are still on their way.
    let half: Vec<u8> = (0..24).chain([0]).collect();
    assert_eq!(ram(&machine, TO, 25), half);
    assert_eq!(ram(&machine, TO + 64, 25), half);
    engine.run();
    assert!(engine.pending(0) && engine.pending(4));
    assert_eq!(ram(&machine, TO + 64, 64), ram(&machine, FROM, 64));
}

#[test]
fn the_adversary_acts_between_the_words() {
    let (machine, mut engine) = bench();
    engine.set_pace(Pace::Stepped);
    machine.cpu_write(part(0x800, 4).start(), &[7; 4]);
    let at = block(&machine, 0, [COPY, FROM, TO, LINE as u32, 0, 0]);
    machine.set_adversary(Adversary::WorstEvict);
    start(&mut engine, 0, at);
    engine.run();
    // The dirty line went out on top of the first word.
    assert_eq!(ram(&machine, TO, 4), [7; 4]);
    assert_eq!(ram(&machine, TO + 4, 4), [4, 5, 6, 7]);
}

#[test]
fn a_paused_channel_has_writes_on_their_way_and_resumes_where_it_was() {
    let (machine, mut engine) = bench();
    engine.set_pace(Pace::Stepped);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    engine.step(8);
    engine.write32(CS, 0);
    assert_eq!(engine.read32(CS), WAITING | PAUSED);
    assert_eq!(ram(&machine, TO + 28, 4), [0; 4]);
    assert_eq!(engine.read32(CS), PAUSED);
    assert_eq!(ram(&machine, TO + 28, 4), ram(&machine, FROM + 28, 4));
    engine.write32(CS, ACTIVE);
    engine.run();
    assert_eq!(ram(&machine, TO, 64), ram(&machine, FROM, 64));
}

#[test]
fn without_wait_resp_the_last_writes_come_behind_end() {
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, [COPY & !WAIT_RESP, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    assert_eq!(engine.read32(CS), END | INT | PAUSED | WAITING);
    assert_eq!(ram(&machine, TO + 60, 4), [0; 4]);
    assert_eq!(engine.read32(CS) & WAITING, 0);
    assert_eq!(ram(&machine, TO + 60, 4), ram(&machine, FROM + 60, 4));
}

#[test]
fn the_channel_can_wait_for_writes_in_place_of_the_block() {
    const WAIT_FOR_OUTSTANDING_WRITES: u32 = 1 << 28;
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, [COPY & !WAIT_RESP, FROM, TO, 64, 0, 0]);
    engine.write32(CONBLK_AD, at);
    engine.write32(CS, ACTIVE | WAIT_FOR_OUTSTANDING_WRITES);
    assert_eq!(engine.read32(CS) & (END | WAITING), END);
    assert_eq!(ram(&machine, TO, 64), ram(&machine, FROM, 64));
}

#[test]
fn the_next_block_of_a_paused_channel_can_be_changed() {
    let (machine, mut engine) = bench();
    engine.set_pace(Pace::Stepped);
    let last = block(&machine, 1, [COPY, FROM, TO + 64, 64, 0, 0]);
    let first = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, first);
    engine.step(1);
    engine.write32(CS, 0);
    engine.write32(NEXTCONBK, last);
    assert_eq!(engine.read32(NEXTCONBK), last);
    engine.write32(CS, ACTIVE);
    engine.run();
    assert_eq!(ram(&machine, TO + 64, 64), ram(&machine, FROM, 64));
}

#[test]
fn the_block_under_way_shows_in_the_registers() {
    let (machine, mut engine) = bench();
    engine.set_pace(Pace::Stepped);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    engine.step(2);
    let shown = [0x04, 0x08, 0x0C, 0x10, 0x14].map(|register| engine.read32(register));
    assert_eq!(shown, [at, COPY, FROM + 8, TO + 8, 56]);
}

#[test]
fn abort_gives_up_one_block_and_goes_on_with_the_next() {
    let (machine, mut engine) = bench();
    engine.set_pace(Pace::Stepped);
    let last = block(&machine, 1, [COPY, FROM, TO + 64, 64, 0, 0]);
    let first = block(&machine, 0, [COPY, FROM, TO, 64, 0, last]);
    start(&mut engine, 0, first);
    engine.step(1);
    engine.write32(CS, ABORT | ACTIVE);
    engine.run();
    assert_eq!(ram(&machine, TO + 32, 32), [0; 32]);
    assert_eq!(ram(&machine, TO + 64, 64), ram(&machine, FROM, 64));
}
