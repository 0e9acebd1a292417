//! The VideoCore's property channel: the store of a message's address rings, and the same word read
//! back says that the answer is in place of the question.

use super::bus::{Target, target};
use super::{Ram, Register};
use crate::finding::{Master, Part};
use crate::model::{Event, Piece, Range, Transfer};

const READ: u64 = 0xFE00_B880;
const WRITE: u64 = 0xFE00_B8A0;
/// The low four bits of a word name the channel.
const CHANNEL: u32 = 0xF;
const PROPERTY: u32 = 8;
/// What a message is taken for if its first word, its length, makes no sense.
const LEAST: u64 = 16;
const MOST: u64 = 1 << 20;

/// The word that has not come back yet.
#[derive(Default)]
pub(super) struct Mailbox(Option<u32>);

impl Mailbox {
    pub(super) fn access(&mut self, register: Register, ram: &impl Ram, events: &mut Vec<Event>) {
        let value = register.value;
        match (register.phys, register.store) {
            (WRITE, true) if value & CHANNEL == PROPERTY => {
                self.0 = Some(value);
                events.push(ring(u64::from(value & !CHANNEL), ram));
            }
            (READ, false) => {
                if self.0 == Some(value) {
                    self.0 = None;
                    events.push(Event::End(Master::Mailbox));
                }
                events.push(Event::Status(Master::Mailbox));
            }
            _ => {}
        }
    }
}

fn ring(bus: u64, ram: &impl Ram) -> Event {
    let master = Master::Mailbox;
    let (part, mut len) = (Part::Message, [0; 4]);
    let Target::Ram(phys) = target(bus, LEAST) else {
        let len = LEAST;
        return Event::Outside {
            master,
            part,
            bus,
            len,
        };
    };
    let len = match ram.read(phys, &mut len) {
        true => u64::from(u32::from_le_bytes(len)).clamp(LEAST, MOST),
        false => LEAST,
    };
    if target(bus, len) == Target::Outside {
        return Event::Outside {
            master,
            part,
            bus,
            len,
        };
    }
    let range = Range::new(phys, len);
    let pieces = vec![Piece { part, range }];
    Event::Start(Transfer { master, pieces })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of 256 bytes wherever one looks.
    struct Message;

    impl Ram for Message {
        fn read(&self, _: u64, bytes: &mut [u8]) -> bool {
            bytes.copy_from_slice(&256u32.to_le_bytes());
            true
        }
    }

    fn access(mailbox: &mut Mailbox, phys: u64, value: u32, store: bool) -> Vec<Event> {
        let mut events = Vec::new();
        let register = Register { phys, value, store };
        mailbox.access(register, &Message, &mut events);
        events
    }

    #[test]
    fn a_message_is_lent_until_its_word_comes_back() {
        let (mut mailbox, word) = (Mailbox::default(), 0xC020_0040 | PROPERTY);
        let pieces = vec![Piece {
            part: Part::Message,
            range: Range::new(0x20_0040, 256),
        }];
        let master = Master::Mailbox;
        let rung = access(&mut mailbox, WRITE, word, true);
        assert_eq!(rung, [Event::Start(Transfer { master, pieces })]);
        let other = access(&mut mailbox, READ, word + 0x100, false);
        assert_eq!(other, [Event::Status(master)], "somebody else's");
        let back = access(&mut mailbox, READ, word, false);
        assert_eq!(back, [Event::End(master), Event::Status(master)]);
    }

    #[test]
    fn other_channels_are_not_ours_and_other_aliases_are_wrong() {
        let mut mailbox = Mailbox::default();
        assert_eq!(access(&mut mailbox, WRITE, 0xC020_0041, true), []);
        let wrong = access(&mut mailbox, WRITE, 0x20_0048, true);
        assert!(matches!(wrong[..], [Event::Outside { bus: 0x20_0040, .. }]));
    }
}
