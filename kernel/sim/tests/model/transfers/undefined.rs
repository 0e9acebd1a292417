//! What the chip does not define panics.

use super::*;
use sim::dma_engine::Pace;

/// Starts channel `channel` on a block of these words.
fn run(channel: usize, words: [u32; 6]) {
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, words);
    start(&mut engine, channel, at);
}

/// An active channel 0 that has not moved anything.
fn held() -> DmaEngine {
    let (machine, mut engine) = bench();
    engine.set_pace(Pace::Stepped);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    engine
}

#[test]
#[should_panic(expected = "length is not a multiple of 4")]
fn a_length_that_is_not_whole_words() {
    run(0, [COPY, FROM, TO, 63, 0, 0]);
}

#[test]
#[should_panic(expected = "length 0")]
fn no_length() {
    run(0, [COPY, FROM, TO, 0, 0, 0]);
}

#[test]
#[should_panic(expected = "reserved bits set in TI")]
fn reserved_bits_in_a_block() {
    run(0, [COPY | 1 << 31, FROM, TO, 64, 0, 0]);
}

#[test]
#[should_panic(expected = "longer than a lite channel can move")]
fn too_much_for_a_lite_channel() {
    run(7, [COPY, FROM, TO, 65_536, 0, 0]);
}

#[test]
#[should_panic(expected = "2D mode on a lite channel")]
fn rows_on_a_lite_channel() {
    run(10, [COPY | TDMODE, FROM, TO, 64, 0, 0]);
}

#[test]
#[should_panic(expected = "legacy master at bus address 0x10000400, 4 bytes: no window there")]
fn a_physical_address_as_source() {
    run(0, [COPY, 0x1000_0400, TO, 64, 0, 0]);
}

#[test]
#[should_panic(expected = "no window there")]
fn ram_through_the_caching_alias() {
    run(0, [COPY, FROM, 0x9000_0800, 64, 0, 0]);
}

#[test]
#[should_panic(expected = "no window there")]
fn a_control_block_at_a_physical_address() {
    let (machine, mut engine) = bench();
    block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, 0x1000_0000);
}

#[test]
#[should_panic(expected = "control block not 32-byte aligned")]
fn a_misaligned_control_block() {
    start(&mut bench().1, 0, BLOCK + 16);
}

#[test]
#[should_panic(expected = "no port at bus address 0x7e202000")]
fn a_register_that_is_not_there() {
    run(0, [COPY, FROM, 0x7E20_2000, 64, 0, 0]);
}

#[test]
#[should_panic(expected = "a chain that loops")]
fn a_chain_without_end() {
    run(0, [COPY, FROM, TO, 256, 0, BLOCK]);
}

#[test]
#[should_panic(expected = "CONBLK_AD written while active")]
fn a_new_control_block_for_an_active_channel() {
    held().write32(CONBLK_AD, BLOCK);
}

#[test]
#[should_panic(expected = "NEXTCONBK written while active")]
fn a_new_next_block_for_an_active_channel() {
    let mut engine = held();
    engine.step(1);
    engine.write32(NEXTCONBK, 0);
}

#[test]
#[should_panic(expected = "reserved bits set in DEBUG")]
fn reserved_bits_in_the_debug_register() {
    bench().1.write32(DEBUG, 1 << 3);
}

#[test]
#[should_panic(expected = "wide write of register")]
fn a_wide_write_of_a_register() {
    run(0, [COPY | 1 << 5, FROM, 0x7E20_2000, 64, 0, 0]);
}

#[test]
#[should_panic(expected = "wide read of register")]
fn a_wide_read_of_a_register() {
    run(0, [COPY | 1 << 9, 0x7E20_2000, TO, 64, 0, 0]);
}

#[test]
#[should_panic(expected = "RESET with transactions in flight")]
fn a_reset_without_a_pause() {
    held().write32(CS, RESET);
}

#[test]
#[should_panic(expected = "started without a control block")]
fn a_start_with_nothing_to_do() {
    bench().1.write32(CS, ACTIVE);
}

#[test]
#[should_panic(expected = "reserved bits set in CS")]
fn reserved_bits_in_the_control_register() {
    bench().1.write32(CS, 1 << 9);
}

#[test]
#[should_panic(expected = "TxfrLen is read-only")]
fn a_store_to_a_copy_of_the_block() {
    bench().1.write32(0x14, 64);
}

#[test]
#[should_panic(expected = "INT_STATUS is read-only")]
fn a_store_to_the_interrupt_status() {
    bench().1.write32(INT_STATUS, 1);
}

#[test]
#[should_panic(expected = "PAGE fields")]
fn a_move_of_the_window_that_the_firmware_shares() {
    bench().1.write32(ENABLE, 1 << 24);
}

#[test]
#[should_panic(expected = "channel 1 belongs to the firmware")]
fn a_channel_of_the_firmware() {
    let (_, mut engine) = bench();
    engine.set_usable(0x07F5);
    engine.read32(0x100 + CS);
}

#[test]
#[should_panic(expected = "was published")]
fn a_start_before_the_stores_are_published() {
    let (machine, mut engine) = bench();
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    machine.cpu_write(part(0x400, 4).start(), &[1; 4]);
    start(&mut engine, 0, at);
}
