use super::*;
use std::collections::BTreeMap;

/// Control blocks by their physical addresses.
#[derive(Default)]
struct Blocks(BTreeMap<u64, [u32; 6]>);

impl Ram for Blocks {
    fn read(&self, phys: u64, bytes: &mut [u8]) -> bool {
        let Some(words) = self.0.get(&phys) else {
            return false;
        };
        for (word, place) in words.iter().zip(bytes.chunks_exact_mut(4)) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        true
    }
}

const INFO: u32 = 1 << 8 | 1 << 4;
const CHANNEL_2: u64 = CHANNELS + 2 * STRIDE;

fn store(channels: &mut Channels, ram: &Blocks, offset: u64, value: u32) -> Vec<Event> {
    let mut events = Vec::new();
    let register = Register {
        phys: CHANNEL_2 + offset,
        value,
        store: true,
    };
    channels.access(register, ram, &mut events);
    events
}

fn started(blocks: &[(u64, [u32; 6])], first: u32) -> Vec<Event> {
    let ram = Blocks(blocks.iter().copied().collect());
    let mut channels = Channels::default();
    assert_eq!(store(&mut channels, &ram, CONBLK_AD, first), []);
    store(&mut channels, &ram, CS, ACTIVE)
}

fn piece(part: Part, start: u64, len: u64) -> Piece {
    let range = Range::new(start, len);
    Piece { part, range }
}

#[test]
fn a_chain_is_one_transfer_with_all_its_blocks() {
    let events = started(
        &[
            (0x1000, [INFO, 0xC020_0000, 0xC030_0000, 64, 0, 0xC000_1020]),
            (0x1020, [INFO, 0xC020_0040, 0xC030_0040, 8, 0, 0]),
        ],
        0xC000_1000,
    );
    let pieces = vec![
        piece(Part::ControlBlock, 0x1000, 32),
        piece(Part::Source, 0x20_0000, 64),
        piece(Part::Destination, 0x30_0000, 64),
        piece(Part::ControlBlock, 0x1020, 32),
        piece(Part::Source, 0x20_0040, 8),
        piece(Part::Destination, 0x30_0040, 8),
    ];
    let master = Master::Dma(2);
    assert_eq!(events, [Event::Start(Transfer { master, pieces })]);
}

#[test]
fn a_chain_in_a_circle_is_followed_once() {
    let events = started(
        &[(0x1000, [INFO, 0xC020_0000, 0xC030_0000, 4, 0, 0xC000_1000])],
        0xC000_1000,
    );
    assert_eq!(events.len(), 1);
}

#[test]
fn addresses_outside_the_window_are_told_and_not_followed() {
    let events = started(
        &[(0x1000, [INFO, 0x0020_0000, 0x4130_0000, 64, 0, 0])],
        0x0000_1000,
    );
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Outside { part, bus, .. } => Some((*part, *bus)),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            (Part::ControlBlock, 0x1000),
            (Part::Source, 0x20_0000),
            (Part::Destination, 0x4130_0000)
        ]
    );
    let pieces = vec![];
    let master = Master::Dma(2);
    assert_eq!(
        events.last(),
        Some(&Event::Start(Transfer { master, pieces }))
    );
}

#[test]
fn a_port_of_a_card_has_no_memory_to_check() {
    let from_port = [1 << 4 | 1 << 10, 0x7E30_0020, 0xC030_0000, 512, 0, 0];
    let events = started(&[(0x1000, from_port)], 0xC000_1000);
    let Some(Event::Start(transfer)) = events.first() else {
        panic!("{events:?}");
    };
    assert_eq!(
        transfer.pieces[1..],
        [piece(Part::Destination, 0x30_0000, 512)]
    );
    let astray = [INFO, 0x7E30_0020, 0xC030_0000, 512, 0, 0];
    let events = started(&[(0x1000, astray)], 0xC000_1000);
    assert!(matches!(events[0], Event::Outside { .. }), "{events:?}");
}

#[test]
fn a_doorbell_without_a_chain_starts_nothing_and_none_starts_twice() {
    assert_eq!(started(&[], 0), []);
    let ram = Blocks([(0x1000, [INFO, 0xC020_0000, 0xC030_0000, 4, 0, 0])].into());
    let mut channels = Channels::default();
    store(&mut channels, &ram, CONBLK_AD, 0xC000_1000);
    assert_eq!(store(&mut channels, &ram, CS, ACTIVE).len(), 1);
    assert_eq!(store(&mut channels, &ram, CS, ACTIVE), []);
}

#[test]
fn a_look_at_the_status_ends_only_what_it_shows_as_ended() {
    let look = |value| {
        let mut events = Vec::new();
        let register = Register {
            phys: CHANNEL_2,
            value,
            store: false,
        };
        Channels::default().access(register, &Blocks::default(), &mut events);
        events
    };
    let master = Master::Dma(2);
    assert_eq!(look(ACTIVE), [Event::Status(master)]);
    assert_eq!(look(END), [Event::End(master), Event::Status(master)]);
}

#[test]
fn clearing_a_flag_and_reset_end_a_transfer() {
    let (mut channels, ram) = (Channels::default(), Blocks::default());
    let master = Master::Dma(2);
    for value in [INT, END, RESET] {
        let events = store(&mut channels, &ram, CS, value);
        assert_eq!(events, [Event::End(master)]);
    }
    assert_eq!(store(&mut channels, &ram, CS, 0), [], "a pause is no end");
}
