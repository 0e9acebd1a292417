//! The console: UART0, written by one core at a time, read by the shell's interrupt handler.
//!
//! Its address is the one thing that is known before the device tree is read.

#![expect(unsafe_code, reason = "takes possession of the UART's registers")]

use arch::{Board, MmioRegion};
use core::fmt::{self, Write};
use drivers::gpio::{Function, Gpio};
use drivers::pl011::{self, Early};
use hal::{IrqLock, PhysAddr, PhysRange, Rank};

/// UART0 (BCM2711 ARM Peripherals, 1.2).
const UART0: u64 = 0xFE20_1000;
/// Bytes of a PL011.
const UART_LEN: u64 = 0x1000;
/// Pins (BCM2711 ARM Peripherals, "General Purpose I/O").
const GPIO: u64 = 0xFE20_0000;
const GPIO_LEN: u64 = 0xF4;
/// The UART's pins on the header.
const TX_AND_RX: [u32; 2] = [14, 15];
/// Its clock unless the firmware was told otherwise (`init_uart_clock`).
const CLOCK_HZ: u32 = 48_000_000;

/// Lock order: outermost, so that nobody prints under a lock; nothing is locked under it, unless what
/// is printed locks while it is formatted.
static CONSOLE: IrqLock<Option<arm_pl011::Console>, Board> =
    IrqLock::new(Rank::Outermost, "console", None);

/// The crate's driver under a name of ours.
mod arm_pl011 {
    /// The console proper.
    pub(super) type Console = drivers::pl011::Uart<'static>;
}

fn registers(start: u64, len: u64) -> MmioRegion {
    let block = PhysRange::new(PhysAddr::new(start), len).expect("constants above");
    // SAFETY: the block's registers, mapped by the entry and by every later table. Those of the UART
    // are shared with the console proper on purpose: both only send characters.
    unsafe { MmioRegion::new(block) }.expect("words in the device map")
}

/// Gives the UART its pins and brings it up. Nothing can be printed before.
pub(crate) fn init() {
    let mut gpio = Gpio::new(registers(GPIO, GPIO_LEN));
    for pin in TX_AND_RX {
        gpio.select(pin, Function::Alt0);
    }
    let base = registers(UART0, UART_LEN).base();
    let base = core::ptr::NonNull::new(core::ptr::with_exposed_provenance_mut(base));
    // SAFETY: UART0's page, mapped for good; `Emergency` only sends characters beside it.
    let opened = base.map(|base| unsafe { pl011::open(base, CLOCK_HZ) });
    // If the rate cannot be had, the early writer remains.
    *CONSOLE.lock() = opened.and_then(Result::ok);
    let _ = log::set_logger(&Logger).map(|()| log::set_max_level(log::LevelFilter::Info));
}

/// Writes formatted text.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let mut console = CONSOLE.lock();
    let _ = match &mut *console {
        Some(uart) => Lines(uart).write_fmt(text),
        None => Emergency.write_fmt(text),
    };
}

/// Has received characters interrupt. False where there is only the early writer, which cannot.
pub(crate) fn listen() -> bool {
    let mut console = CONSOLE.lock();
    console.as_mut().map(pl011::listen).is_some()
}

/// Takes a received character; `None` in the place of one that was lost or damaged. For the handler.
pub(crate) fn receive() -> Option<Option<u8>> {
    let received = pl011::receive(CONSOLE.lock().as_mut()?)?;
    Some(received.ok())
}

/// Where the UART's registers are: by this it is found in the device tree.
pub(crate) fn is_at(block: PhysRange) -> bool {
    block.start() == PhysAddr::new(UART0)
}

/// The console as a writer, for those who want one.
pub(crate) struct Writer;

impl Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(format_args!("{text}"));
        Ok(())
    }
}

/// Prints a line.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::console::print(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use say;

/// Ends lines as terminals want them.
struct Lines<'a, W>(&'a mut W);

impl<W: Write> Write for Lines<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                self.0.write_str("\r\n")?;
            }
            self.0.write_str(line)?;
        }
        Ok(())
    }
}

/// The console without its lock, for panics and fatal exceptions.
pub(crate) struct Emergency;

impl Write for Emergency {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        Early::new(registers(UART0, UART_LEN)).write_str(text)
    }
}

/// Waits until the last character has left the chip.
pub(crate) fn flush() {
    Early::new(registers(UART0, UART_LEN)).flush();
}

/// Messages of any crate, a line each, with their level if it is worth a look.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        match record.level() {
            log::Level::Info => say!("{}", record.args()),
            level => say!("{level}: {}", record.args()),
        }
    }

    fn flush(&self) {}
}
