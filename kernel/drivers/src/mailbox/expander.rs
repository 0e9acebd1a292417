//! Pins behind the firmware: an I2C expander that the VideoCore alone reaches, and asks for us.
//!
//! Two of them feed the card slot: its power, and the voltage of its lines. A card keeps the state
//! that the firmware left it in, lines at 1.8 V maybe, until its power goes; so power goes first.
//!
//! Sources: the firmware's property interface and its Linux drivers (a status of 0 in the place of the
//! pin's number means that it was done); SD Physical Layer Simplified Specification, "Power Up".

use super::question::{Answer, Question, TagError};

/// A pin of the expander.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin(u32);

/// The firmware's number of the expander's first pin.
const FIRST: u32 = 128;

impl Pin {
    /// The voltage of the card slot's lines: high for 1.8 V, low for 3.3 V.
    pub const CARD_LINES: Self = Self(FIRST + 4);
    /// The power of the card slot.
    pub const CARD_POWER: Self = Self(FIRST + 6);

    /// The firmware's number of it.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// Is a pin high?
#[derive(Clone, Copy, Debug)]
pub struct PinState(pub Pin);

impl Question for PinState {
    type Value = bool;
    const TAG: u32 = 0x0003_0041;
    const LEAST: usize = 2;

    fn write(&self, value: &mut [u32]) {
        value[0] = self.0.number();
    }

    fn read(&self, value: &[u32], _: usize) -> Result<bool, TagError> {
        done(Self::TAG, value[0])?;
        Ok(value[1] != 0)
    }
}

/// Sets a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetPin {
    /// Which.
    pub pin: Pin,
    /// To what.
    pub high: bool,
}

impl Question for SetPin {
    type Value = ();
    const TAG: u32 = 0x0003_8041;
    const LEAST: usize = 2;

    fn write(&self, value: &mut [u32]) {
        value[0] = self.pin.number();
        value[1] = self.high.into();
    }

    fn read(&self, value: &[u32], _: usize) -> Result<(), TagError> {
        done(Self::TAG, value[0])
    }
}

fn done(tag: u32, status: u32) -> Result<(), TagError> {
    match status {
        0 => Ok(()),
        _ => Err(TagError::Refused { tag, status }),
    }
}

/// A pin is set, then something settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to set.
    pub set: SetPin,
    /// Microseconds until the next step.
    pub settle_us: u64,
}

const fn step(pin: Pin, high: bool, settle_us: u64) -> Step {
    let set = SetPin { pin, high };
    Step { set, settle_us }
}

/// From any state of the slot to a card that was just powered, its lines at 3.3 V.
pub const CARD_POWER_CYCLE: [Step; 3] = [
    // Below half a volt for a millisecond at least; what the slot's capacitors hold goes first.
    step(Pin::CARD_POWER, false, 20_000),
    step(Pin::CARD_LINES, false, 5_000),
    // The supply's ramp. The card's own start is the host controller's to wait for.
    step(Pin::CARD_POWER, true, 10_000),
];

/// Carries out `steps` by `ask` and `pause` (in microseconds), until the firmware turns out not to
/// know the expander: then no pin has changed.
pub fn carry_out<E>(
    steps: &[Step],
    mut ask: impl FnMut(&SetPin) -> Result<Answer<()>, E>,
    mut pause: impl FnMut(u64),
) -> Result<Answer<()>, E> {
    for step in steps {
        if ask(&step.set)? == Answer::Unanswered {
            return Ok(Answer::Unanswered);
        }
        pause(step.settle_us);
    }
    Ok(Answer::Value(()))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn pins_are_asked_and_set_by_the_firmwares_numbers() {
        let mut value = [0; 2];
        PinState(Pin::CARD_LINES).write(&mut value);
        assert_eq!(value, [132, 0]);
        let (pin, high) = (Pin::CARD_POWER, true);
        SetPin { pin, high }.write(&mut value);
        assert_eq!(value, [134, 1]);
    }

    #[test]
    fn a_status_other_than_0_means_that_nothing_was_done() {
        let (pin, high) = (Pin::CARD_POWER, true);
        let set = SetPin { pin, high };
        assert_eq!(set.read(&[0, 1], 8), Ok(()));
        let (tag, status) = (0x0003_8041, 134);
        let refused = TagError::Refused { tag, status };
        assert_eq!(set.read(&[134, 1], 8), Err(refused));
        assert_eq!(PinState(pin).read(&[0, 1], 8), Ok(true));
        assert!(PinState(pin).read(&[134, 1], 8).is_err());
    }

    /// A slot: its two pins, when each was last set, and the time.
    #[derive(Default)]
    struct Slot {
        power: Option<bool>,
        high_lines: Option<bool>,
        off_us: u64,
        on_us: u64,
    }

    #[test]
    fn the_card_is_off_long_enough_and_comes_back_with_lines_at_3_volts() {
        for high_lines in [None, Some(true)] {
            let slot = core::cell::RefCell::new(Slot {
                high_lines,
                ..Slot::default()
            });
            let ask = |set: &SetPin| -> Result<_, TagError> {
                let mut slot = slot.borrow_mut();
                match set.pin {
                    Pin::CARD_POWER => slot.power = Some(set.high),
                    Pin::CARD_LINES => {
                        assert_eq!(slot.power, Some(false), "a card sees its lines change");
                        slot.high_lines = Some(set.high);
                    }
                    other => panic!("{other:?} is not the slot's"),
                }
                Ok(Answer::Value(()))
            };
            let pause = |us| {
                let mut slot = slot.borrow_mut();
                match slot.power {
                    Some(true) => slot.on_us += us,
                    _ => slot.off_us += us,
                }
            };
            let done = carry_out(&CARD_POWER_CYCLE, ask, pause);
            assert_eq!(done, Ok(Answer::Value(())));
            let slot = slot.into_inner();
            assert_eq!((slot.power, slot.high_lines), (Some(true), Some(false)));
            assert!(slot.off_us >= 5_000 && slot.on_us >= 1_000);
        }
    }

    #[test]
    fn without_an_expander_nothing_is_waited_for() {
        let mut asked = Vec::new();
        let ask = |set: &SetPin| -> Result<_, TagError> {
            asked.push(*set);
            Ok(Answer::Unanswered)
        };
        let done = carry_out(&CARD_POWER_CYCLE, ask, |_| panic!("nothing was set"));
        assert_eq!(done, Ok(Answer::Unanswered));
        assert_eq!(asked.len(), 1);
    }
}
