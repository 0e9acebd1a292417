//! UART0, the console (Arm PrimeCell UART PL011, r1p5).
//!
//! Before anything works there is [`Early`]: it polls, configures nothing and cannot fail. The
//! console proper is the driver of `arm-pl011-uart`, brought up by [`open`]; once it [`listen`]s, its
//! interrupt handler [`receive`]s.

#![expect(
    unsafe_code,
    reason = "the console's crate takes a pointer to the registers"
)]

use crate::reg::Reg;
/// The console proper; writes with `core::fmt::Write`.
pub use arm_pl011_uart::Uart;
use arm_pl011_uart::{
    DataBits, Error, FifoLevel, Interrupts, LineConfig, PL011Registers, Parity, StopBits,
};
use core::fmt;
use core::ptr::NonNull;
use hal::Mmio;
use safe_mmio::UniqueMmioPointer;
use tock_registers::register_bitfields;

register_bitfields! {u32,
    Fr [
        /// Transmit FIFO full.
        TXFF OFFSET(5) NUMBITS(1) [],
        /// Still shifting a character out.
        BUSY OFFSET(3) NUMBITS(1) []
    ]
}

const DR: Reg = Reg::at(0x00);
const FR: Reg<Fr::Register> = Reg::at(0x18);

/// Looks at a full FIFO before a character is given up: a console that never drains (a wrong clock,
/// no board behind the pins) must not stop the kernel.
const PATIENCE: u32 = 1_000_000;

/// Bits per second of the console.
pub const BAUD: u32 = 115_200;

/// Writes characters to a UART that the firmware has set up, or that needs no set-up (the
/// emulator). For boot and for panics.
pub struct Early<M> {
    io: M,
}

impl<M: Mmio> Early<M> {
    /// The UART behind `io`.
    pub const fn new(io: M) -> Self {
        Self { io }
    }

    fn put(&mut self, byte: u8) {
        let io = &mut self.io;
        if (0..PATIENCE).any(|_| !FR.read(io).is_set(Fr::TXFF)) {
            DR.set(io, u32::from(byte));
        }
    }

    /// Waits until the last character has left, or patience runs out.
    pub fn flush(&mut self) {
        let io = &mut self.io;
        let _ = (0..PATIENCE).any(|_| !FR.read(io).is_set(Fr::BUSY));
    }
}

impl<M: Mmio> fmt::Write for Early<M> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte == b'\n' {
                self.put(b'\r');
            }
            self.put(byte);
        }
        Ok(())
    }
}

/// Brings the console up: 115,200 bits per second, 8 data bits, no parity, FIFOs on.
///
/// # Safety
/// `registers` is the UART's register block (a page), mapped as Device memory for good, and nobody
/// else drives it while the value lives.
pub unsafe fn open(registers: NonNull<u8>, clock_hz: u32) -> Result<Uart<'static>, Error> {
    let registers = registers.cast::<PL011Registers>();
    // SAFETY: the caller's promise; the block is page-aligned by the chip's address map.
    let mut uart = Uart::new(unsafe { UniqueMmioPointer::new(registers) });
    // The line must not be changed while a character is on it.
    let _ = (0..PATIENCE).any(|_| !uart.is_busy());
    uart.disable();
    let line = LineConfig {
        data_bits: DataBits::Bits8,
        parity: Parity::None,
        stop_bits: StopBits::One,
    };
    uart.enable(line, BAUD, clock_hz)?;
    Ok(uart)
}

/// Has the UART interrupt when a few characters wait, or one for longer than a few take on the line.
///
/// The interrupt stays until [`receive`] has taken all of them.
pub fn listen(uart: &mut Uart<'_>) {
    uart.set_interrupt_fifo_levels(FifoLevel::Bytes4, FifoLevel::Bytes4);
    uart.set_interrupt_masks(Interrupts::RXI | Interrupts::RTI);
}

/// Takes a character; an error is one that arrived damaged, or before which others were lost.
///
/// Context: any; never waits.
pub fn receive(uart: &mut Uart<'_>) -> Option<Result<u8, Error>> {
    uart.read_word().transpose()
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use core::fmt::Write;
    use std::vec::Vec;

    /// Full for a while after every character.
    #[derive(Default)]
    struct Slow {
        sent: Vec<u8>,
        full_for: u32,
    }

    impl Mmio for Slow {
        fn read32(&mut self, offset: usize) -> u32 {
            assert_eq!(offset, 0x18);
            self.full_for = self.full_for.saturating_sub(1);
            if self.full_for > 0 { 1 << 5 } else { 0 }
        }
        fn write32(&mut self, offset: usize, value: u32) {
            assert_eq!((offset, self.full_for), (0, 0), "stored into a full FIFO");
            self.sent.push(value as u8);
            self.full_for = 3;
        }
    }

    #[test]
    fn the_early_writer_waits_for_room_and_ends_lines_for_terminals() {
        let mut uart = Slow::default();
        write!(Early::new(&mut uart), "a\nb").expect("cannot fail");
        assert_eq!(uart.sent, b"a\r\nb");
    }
}
