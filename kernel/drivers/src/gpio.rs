//! Pin functions (BCM2711 ARM Peripherals, "General Purpose I/O").

use crate::reg::Reg;
use hal::Mmio;

/// Pins per function-select register.
const PINS_PER_SELECT: u32 = 10;
/// Pins per pull register.
const PINS_PER_PULL: u32 = 16;
const FIRST_SELECT: usize = 0x00;
const FIRST_PULL: usize = 0xE4;
/// Pins of the chip.
const PINS: u32 = 58;

/// What a pin does. Values are those of the function-select field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Function {
    /// Input.
    Input = 0b000,
    /// Alternate function 0: UART0 on pins 14 and 15.
    Alt0 = 0b100,
}

/// The pins.
pub struct Gpio<M> {
    io: M,
}

impl<M: Mmio> Gpio<M> {
    /// The block behind `io`.
    pub const fn new(io: M) -> Self {
        Self { io }
    }

    /// Gives `pin` a function and no pull resistor. Pins above 57 do not exist and are ignored.
    pub fn select(&mut self, pin: u32, function: Function) {
        if pin < PINS {
            self.field(FIRST_SELECT, pin, PINS_PER_SELECT, 3, function as u32);
            self.field(FIRST_PULL, pin, PINS_PER_PULL, 2, 0);
        }
    }

    fn field(&mut self, first: usize, pin: u32, per: u32, bits: u32, value: u32) {
        let register: Reg = Reg::at(first + 4 * (pin / per) as usize);
        let shift = pin % per * bits;
        let mask = ((1 << bits) - 1) << shift;
        let found = register.read(&mut self.io).get();
        register.set(&mut self.io, found & !mask | value << shift);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Words([u32; 64]);
    impl Mmio for Words {
        fn read32(&mut self, offset: usize) -> u32 {
            self.0[offset / 4]
        }
        fn write32(&mut self, offset: usize, value: u32) {
            self.0[offset / 4] = value;
        }
    }

    #[test]
    fn a_pin_is_selected_without_disturbing_its_neighbours() {
        let mut words = Words([u32::MAX; 64]);
        Gpio::new(&mut words).select(14, Function::Alt0);
        assert_eq!(words.0[1], !(0b111 << 12) | 0b100 << 12);
        assert_eq!(words.0[0xE4 / 4], !(0b11 << 28));
        Gpio::new(&mut words).select(58, Function::Input);
        assert_eq!(words.0[5], u32::MAX);
    }
}
