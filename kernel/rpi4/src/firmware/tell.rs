//! What the firmware says, for the report.

use super::ask;
use crate::console::say;
use core::fmt::{self, Write};
use drivers::mailbox::{
    Answer, ArmMemory, BoardRevision, ClockId, ClockRate, CommandLine, DmaChannels,
    FirmwareRevision, PowerId, PowerState, Question, Temperature, TemperatureLimit, Throttled,
    VideoCoreMemory,
};
use log::warn;

/// Columns of text behind a row's name.
const COLUMNS: usize = 66;

/// Asks and prints all of it.
pub(crate) fn print() {
    let revision = match ask(&FirmwareRevision) {
        Ok(revision) => revision,
        // The others would fail the same way.
        Err(error) => return say!("firmware     {error}"),
    };
    say!("firmware");
    say!(
        "  revision   {}, board {}",
        Hex(Told(Some(revision))),
        Hex(told(&BoardRevision))
    );
    say!("  ARM        {}", told(&ArmMemory));
    say!("  VideoCore  {}", told(&VideoCoreMemory));
    print_clocks();
    print_power();
    say!("  DMA        channels {}", Hex(told(&DmaChannels)));
    say!(
        "  warmth     {}, slows down from {}",
        told(&Temperature),
        told(&TemperatureLimit)
    );
    print_throttling();
    print_line();
}

fn print_clocks() {
    let clock = |id| told(&ClockRate(id));
    say!(
        "  clocks     ARM {}, core {}, UART {}",
        clock(ClockId::ARM),
        clock(ClockId::CORE),
        clock(ClockId::UART)
    );
    say!(
        "             EMMC1 {}, EMMC2 {}",
        clock(ClockId::EMMC1),
        clock(ClockId::EMMC2)
    );
}

fn print_power() {
    let power = |id| told(&PowerState(id));
    say!(
        "  power      SD {}, UART0 {}, USB {}",
        power(PowerId::SD),
        power(PowerId::UART0),
        power(PowerId::USB)
    );
}

fn print_throttling() {
    match told(&Throttled).0 {
        Some(Answer::Value(throttling)) => {
            say!("  held down  by {} now", throttling.now());
            say!("             by {} since boot", throttling.since_boot());
        }
        Some(Answer::Unanswered) => say!("  held down  not answered"),
        None => {}
    }
}

/// The command line as the firmware has it, in rows.
fn print_line() {
    match told(&CommandLine).0 {
        Some(Answer::Value(text)) => {
            let mut name = "line";
            for row in text.as_bytes().chunks(COLUMNS) {
                say!("  {name:<9}  {}", Row(row));
                name = "";
            }
        }
        Some(Answer::Unanswered) => say!("  line       not answered"),
        None => {}
    }
}

/// What came back, if anything; why nothing came is told apart.
struct Told<T>(Option<Answer<T>>);

fn told<Q: Question>(question: &Q) -> Told<Q::Value> {
    match ask(question) {
        Ok(answer) => Told(Some(answer)),
        Err(error) => {
            warn!("mailbox: {error}");
            Told(None)
        }
    }
}

impl<T: fmt::Display> fmt::Display for Told<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(answer) => answer.fmt(f),
            None => f.write_str("not told"),
        }
    }
}

/// A number that is a code or a mask.
struct Hex(Told<u32>);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.0 {
            Some(Answer::Value(code)) => write!(f, "{code:#x}"),
            _ => self.0.fmt(f),
        }
    }
}

/// Characters that may not be printable. A zero ends the firmware's.
struct Row<'a>(&'a [u8]);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.iter().take_while(|byte| **byte != 0);
        text.map(|byte| char::from(*byte)).try_for_each(|letter| {
            let shown = letter.is_ascii_graphic() || letter == ' ';
            f.write_char(if shown { letter } else { '?' })
        })
    }
}
