//! Calls against a firmware that answers late, or out of turn, or not at all.

extern crate std;
use super::*;
use crate::mailbox::BoardRevision;
use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

struct Steps(AtomicU64);
impl Clock for Steps {
    fn ticks(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
    fn hz(&self) -> u64 {
        1_000
    }
}

/// A message as the CPU's cache and the VideoCore see it: apart, until somebody syncs.
struct Buffer {
    cached: [u32; MAX_WORDS],
    memory: Rc<RefCell<[u32; MAX_WORDS]>>,
}

impl MessageBuffer for Buffer {
    fn bus(&self) -> u32 {
        0xC010_0000
    }
    fn words(&mut self) -> &mut [u32; MAX_WORDS] {
        &mut self.cached
    }
    fn sync_for_device(&mut self) {
        *self.memory.borrow_mut() = self.cached;
    }
    fn sync_for_cpu(&mut self) {
        self.cached = *self.memory.borrow();
    }
}

struct Firmware {
    memory: Rc<RefCell<[u32; MAX_WORDS]>>,
    fifo: VecDeque<u32>,
    before: Option<u32>,
    silent: bool,
    calls: Cell<u32>,
}

impl Firmware {
    /// The next word. The answer is in RAM with its own word, and no sooner.
    fn take(&mut self) -> u32 {
        let word = self.fifo.pop_front().expect("read from an empty FIFO");
        if word == 0xC010_0008 && self.calls.get() > 0 {
            let mut memory = self.memory.borrow_mut();
            (memory[1], memory[4], memory[5]) = (0x8000_0000, 0x8000_0004, 0xB0_3115);
        }
        word
    }
}

// One thread owns it all in these tests.
struct Shared<'a>(&'a mut Firmware);
#[expect(unsafe_code, reason = "the test is single-threaded")]
// SAFETY: never leaves the test's thread.
unsafe impl Send for Shared<'_> {}

impl Mmio for Shared<'_> {
    fn read32(&mut self, offset: usize) -> u32 {
        match offset {
            0x00 => self.0.take(),
            0x18 if self.0.fifo.is_empty() => 1 << 30,
            0x18 | 0x38 => 0,
            other => panic!("register {other:#x} is not modelled"),
        }
    }
    fn write32(&mut self, offset: usize, word: u32) {
        assert_eq!(offset, 0x20);
        assert_eq!(word, 0xC010_0008, "not our buffer on the property channel");
        self.0.calls.set(self.0.calls.get() + 1);
        let memory = self.0.memory.borrow();
        assert_eq!(memory[2], BoardRevision::TAG, "the question is not in RAM");
        if !self.0.silent {
            self.0.fifo.extend(self.0.before);
            self.0.fifo.push_back(word);
        }
    }
}

fn call(before: Option<u32>, stale: Option<u32>, silent: bool) -> Result<Answer<u32>, CallError> {
    let memory = Rc::new(RefCell::new([0; MAX_WORDS]));
    let mut buffer = Buffer {
        cached: [0; MAX_WORDS],
        memory: memory.clone(),
    };
    let fifo = stale.into_iter().collect();
    let mut firmware = Firmware {
        memory,
        fifo,
        before,
        silent,
        calls: Cell::new(0),
    };
    let (mut io, clock) = (Shared(&mut firmware), Steps(AtomicU64::new(0)));
    let answer = property(&mut io, &clock, &mut buffer, &BoardRevision);
    assert_eq!(firmware.calls.get(), 1);
    answer
}

#[test]
fn the_question_is_in_ram_and_the_answer_is_read_from_there() {
    assert_eq!(call(None, None, false), Ok(Answer::Value(0xB0_3115)));
}

#[test]
fn answers_to_others_are_skipped() {
    assert_eq!(
        call(Some(0xC020_0001), Some(0xC010_0008), false),
        Ok(Answer::Value(0xB0_3115))
    );
}

#[test]
fn a_silent_firmware_is_an_error_in_time() {
    assert_eq!(call(None, None, true), Err(CallError::TimedOut));
}
