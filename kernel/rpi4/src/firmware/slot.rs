//! The card slot's power: two pins that only the firmware reaches.

use super::ask;
use arch::Timer;
use drivers::mailbox::{Answer, CARD_POWER_CYCLE, Pin, PinState, SetPin, carry_out};
use hal::Clock;
use log::{debug, warn};

/// Takes the card's power away and gives it back, its lines at 3.3 V: whatever state the firmware or a
/// failed request left it in, it starts anew. To be called before a card behind EMMC2 is identified.
///
/// An emulator's firmware knows no such pins; then nothing changes.
///
/// Context: thread; takes 35 ms.
pub(crate) fn power_card() {
    let pause = |us| {
        let deadline = Timer.ticks().saturating_add(Timer.ticks_in(us));
        Timer.wait_until(deadline, &mut || false);
    };
    match carry_out(&CARD_POWER_CYCLE, ask::<SetPin>, pause) {
        Ok(Answer::Value(())) => check(),
        Ok(Answer::Unanswered) => {
            debug!("card slot: the firmware knows no pins for its power; left as it is");
        }
        Err(error) => warn!("card slot: power not cycled: {error}"),
    }
}

/// Did the pins take it?
fn check() {
    for (pin, wanted, what) in [
        (Pin::CARD_POWER, true, "has no power"),
        (Pin::CARD_LINES, false, "has lines at 1.8 V"),
    ] {
        if ask(&PinState(pin)) == Ok(Answer::Value(!wanted)) {
            warn!("card slot: {what}, though the firmware was told otherwise");
        }
    }
}
