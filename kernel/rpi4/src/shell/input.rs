//! Characters from the console: taken in by UART0's interrupt, waited for in WFI.

use crate::console;
use crate::interrupts::{self, NotRegistered};
use crate::work;
use ::shell::{Input, Received};
use arch::{Board, IrqId};
use boot::tree::{BootInfo, Kind};
use core::fmt;
use hal::{Irq, IrqLock, Rank};

/// Lock order: innermost. The handler takes it when it has let go of the console.
static INPUT: IrqLock<Input, Board> = IrqLock::new(Rank::Innermost, "input", Input::new());

/// Why nothing can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoInput {
    /// The device tree has no UART0, or none with an interrupt.
    NoInterrupt,
    /// Its interrupt is not to be had.
    NotRegistered(NotRegistered),
    /// The console's rate cannot be had: it only sends.
    SendsOnly,
}

impl fmt::Display for NoInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInterrupt => f.write_str("the device tree names no interrupt of UART0"),
            Self::NotRegistered(why) => write!(f, "{why}"),
            Self::SendsOnly => f.write_str("the console only sends"),
        }
    }
}

/// Has the UART interrupt from now on.
pub(super) fn start(info: &BootInfo) -> Result<(), NoInput> {
    let id = source(info).ok_or(NoInput::NoInterrupt)?;
    interrupts::register(id, |_| receive()).map_err(NoInput::NotRegistered)?;
    if console::listen() {
        Ok(())
    } else {
        Err(NoInput::SendsOnly)
    }
}

fn source(info: &BootInfo) -> Option<IrqId> {
    let mut uarts = info.devices.iter().filter(|d| d.kind == Kind::Pl011);
    let uart = uarts.find(|uart| uart.registers.first().is_some_and(|b| console::is_at(*b)))?;
    IrqId::new(u32::from(*uart.interrupts.first()?))
}

/// The interrupt's handler: takes all that waits. Other UARTs may share the line.
fn receive() {
    while let Some(received) = console::receive() {
        let mut input = INPUT.lock();
        match received {
            Some(byte) => input.push(byte),
            None => input.lose(),
        }
    }
}

/// Works on what is queued, or sleeps, until something comes.
pub(super) fn wait() -> Received {
    loop {
        if let Some(received) = INPUT.lock().take() {
            return received;
        }
        if !work::run_one() {
            sleep();
        }
    }
}

/// Sleeps unless something waits. Masked from the look to the sleep, so that no character comes in
/// between; a pending interrupt ends the sleep all the same, and is handled at the end.
fn sleep() {
    let before = Board::mask();
    if INPUT.lock().is_empty() {
        arch::cpu::wfi();
    }
    Board::restore(before);
}

/// Whether Ctrl-C was pressed since the command began. For commands that take long.
pub(crate) fn stopped() -> bool {
    INPUT.lock().interrupted()
}

/// Forgets a Ctrl-C that was meant for the command that just ended.
pub(super) fn acknowledge() {
    let _ = INPUT.lock().acknowledge();
}

/// Characters that were lost so far.
pub(super) fn lost() -> u64 {
    INPUT.lock().lost()
}
