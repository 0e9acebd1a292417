//! The ring between the receive interrupt and the prompt.
//!
//! Ctrl-C is no byte of the line: it overtakes all that waits, throws it away, and can be asked for
//! by a command that is at work.

use heapless::Deque;

/// Ctrl-C.
const INTERRUPT: u8 = 0x03;

/// Bytes that may wait: a line typed ahead and some.
const ROOM: usize = 256;

/// What the prompt takes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A byte.
    Byte(u8),
    /// Ctrl-C.
    Interrupt,
}

/// Bytes that wait, and what was lost.
#[derive(Debug)]
pub struct Input {
    bytes: Deque<u8, ROOM>,
    interrupted: bool,
    lost: u64,
}

impl Input {
    /// Nothing received yet.
    pub const fn new() -> Self {
        Self {
            bytes: Deque::new(),
            interrupted: false,
            lost: 0,
        }
    }

    /// Takes a byte from the device. Where there is no room it is lost, and counted.
    pub fn push(&mut self, byte: u8) {
        if byte == INTERRUPT {
            self.bytes.clear();
            self.interrupted = true;
        } else if self.bytes.push_back(byte).is_err() {
            self.lose();
        }
    }

    /// Counts a byte that the device itself lost or received damaged.
    pub fn lose(&mut self) {
        self.lost += 1;
    }

    /// What is next, Ctrl-C first.
    pub fn take(&mut self) -> Option<Received> {
        if self.acknowledge() {
            return Some(Received::Interrupt);
        }
        self.bytes.pop_front().map(Received::Byte)
    }

    /// Whether Ctrl-C came and nobody took it yet.
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// Takes a Ctrl-C; false if there was none.
    pub fn acknowledge(&mut self) -> bool {
        core::mem::take(&mut self.interrupted)
    }

    /// Whether there is anything to take.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.interrupted
    }

    /// Bytes lost so far.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

impl Default for Input {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(input: &mut Input, bytes: &[u8]) {
        bytes.iter().for_each(|byte| input.push(*byte));
    }

    #[test]
    fn an_interrupt_overtakes_and_discards_what_waits_but_not_what_follows() {
        let mut input = Input::new();
        push(&mut input, b"ab\x03c");
        assert!(input.interrupted() && !input.is_empty());
        assert_eq!(input.take(), Some(Received::Interrupt));
        assert_eq!(input.take(), Some(Received::Byte(b'c')));
        assert_eq!(input.take(), None);
        assert!(input.is_empty());
    }

    #[test]
    fn what_finds_no_room_is_counted_and_harms_nothing() {
        let mut input = Input::new();
        push(&mut input, &[b'x'; ROOM + 5]);
        input.lose();
        assert_eq!(input.lost(), 6);
        assert_eq!(input.take(), Some(Received::Byte(b'x')));
        input.push(b'y');
        assert_eq!(input.lost(), 6);
    }

    #[test]
    fn an_interrupt_comes_through_a_full_ring() {
        let mut input = Input::new();
        push(&mut input, &[b'x'; ROOM]);
        input.push(INTERRUPT);
        assert!(input.acknowledge() && !input.acknowledge());
    }
}
