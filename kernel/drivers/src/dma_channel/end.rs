//! The two ends of a copy: a mapping, a mapped list, or the register of a device.
//!
//! A mapping advances word by word and knows its length. A register gives or takes one word after
//! another at the same address, as fast as its request line (DREQ) says. Where both ends would be
//! registers there is no length, and the copy is refused.
//!
//! A register's bus address is made here, from the register windows of the channel (HW-9): the
//! caller has the CPU's address, and no way to pass it on untranslated.

#![expect(
    unsafe_code,
    reason = "passes on the promise under which mappings are launched"
)]

use super::block::Side;
use super::gather::{Run, one_run};
use super::narrow;
use super::registers::Ti;
use dma::{
    DeviceReads, DeviceWrites, Direction, DmaDevice, Engine, InFlight, MappedSg, Mapping,
    Quarantined, SgInFlight,
};
use hal::{DmaBuffer, PhysRange, Platform};
use tock_registers::fields::FieldValue;

/// The number of a request line, by which a device paces a transfer (BCM2711 ARM Peripherals, "DREQ
/// lines").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dreq(u32);

impl Dreq {
    /// The Arasan SD controller.
    pub const EMMC1: Self = Self(11);

    /// The line's number, 1 to 31.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// A register that gives or takes a word each time it is used, such as the port of a FIFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    word: PhysRange,
    dreq: Option<Dreq>,
}

impl Register {
    /// The register at `word`, four aligned bytes as the CPU sees them. Without `dreq` the channel
    /// asks nobody whether a word is ready.
    pub fn new(word: PhysRange, dreq: Option<Dreq>) -> Option<Self> {
        (word.len() == 4 && word.is_aligned(4)).then_some(Self { word, dreq })
    }

    /// Where it is, as the CPU sees it.
    pub const fn word(&self) -> PhysRange {
        self.word
    }

    /// The register as a channel reads or writes it; `pacing` is the bit that minds the request line.
    fn side(&self, channel: &DmaDevice, pacing: FieldValue<u32, Ti::Register>) -> Option<Side> {
        let base = narrow(channel.register_addr(self.word)?);
        let info = match self.dreq {
            Some(dreq) => (pacing + Ti::PERMAP.val(dreq.0)).value,
            None => 0,
        };
        Some(Side::fixed(base, info))
    }
}

/// What a transfer has at one end, at rest and in flight.
///
/// Sealed: [`Mapping`], [`MappedSg`] and [`Register`] are all there are.
pub trait End<P: Platform>: sealed::Sealed + Sized {
    /// While `E` uses it.
    type Flight<E: Engine>;

    /// The master that it was lent to, if it is lent.
    fn device(&self) -> Option<&DmaDevice>;

    /// Bytes that it has, if it has a length of its own.
    fn length(&self) -> Option<u64>;

    /// The same in the channel's whole words.
    fn device_length(&self) -> Option<u64>;

    /// The register behind it that `channel` does not see, if it is one.
    fn unseen(&self, channel: &DmaDevice) -> Option<PhysRange>;

    /// Places that it may be in: what to provide control blocks for.
    fn max_runs(&self) -> u64 {
        1
    }

    /// Where the channel finds it, in order. `side` is what the launch gave.
    #[doc(hidden)]
    fn runs<E: Engine>(flight: &Self::Flight<E>, side: Side) -> impl Iterator<Item = Run> {
        let _ = flight;
        one_run(side)
    }

    /// Halts the engine and comes back to rest.
    fn land<E: Engine>(flight: Self::Flight<E>) -> Result<Self, Quarantined>;
}

/// What a channel reads from.
pub trait Source<P: Platform>: End<P> {
    /// Its part of the control blocks of `channel`, and itself in flight.
    ///
    /// # Safety
    /// As for [`Mapping::launch`]: `engine` is `channel`, alone gets the address, and reads there.
    #[doc(hidden)]
    unsafe fn read_by<E: Engine>(self, channel: &DmaDevice, engine: E) -> (Side, Self::Flight<E>);
}

/// What a channel writes to.
pub trait Sink<P: Platform>: End<P> {
    /// Its part of the control blocks of `channel`, and itself in flight.
    ///
    /// # Safety
    /// As for [`Mapping::launch`]: `engine` is `channel`, alone gets the address, and writes there.
    #[doc(hidden)]
    unsafe fn written_by<E: Engine>(
        self,
        channel: &DmaDevice,
        engine: E,
    ) -> (Side, Self::Flight<E>);
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> End<P> for Mapping<'d, P, B, D> {
    type Flight<E: Engine> = InFlight<'d, P, B, D, E>;

    fn device(&self) -> Option<&DmaDevice> {
        Some(Mapping::device(self))
    }

    fn length(&self) -> Option<u64> {
        Some(Mapping::len(self))
    }

    fn device_length(&self) -> Option<u64> {
        Some(Mapping::device_len(self))
    }

    fn unseen(&self, _: &DmaDevice) -> Option<PhysRange> {
        None
    }

    fn land<E: Engine>(flight: Self::Flight<E>) -> Result<Self, Quarantined> {
        flight.end()
    }
}

impl<P: Platform, B: DmaBuffer, D: DeviceReads> Source<P> for Mapping<'_, P, B, D> {
    unsafe fn read_by<E: Engine>(self, _: &DmaDevice, engine: E) -> (Side, Self::Flight<E>) {
        // SAFETY: the caller's promise.
        let (addr, flight) = unsafe { self.launch(engine) };
        (
            Side::advancing(narrow(addr), Ti::SRC_INC::SET.value),
            flight,
        )
    }
}

impl<P: Platform, B: DmaBuffer, D: DeviceWrites> Sink<P> for Mapping<'_, P, B, D> {
    unsafe fn written_by<E: Engine>(self, _: &DmaDevice, engine: E) -> (Side, Self::Flight<E>) {
        // SAFETY: the caller's promise.
        let (addr, flight) = unsafe { self.launch(engine) };
        (
            Side::advancing(narrow(addr), Ti::DEST_INC::SET.value),
            flight,
        )
    }
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction> End<P> for MappedSg<'d, P, B, D> {
    type Flight<E: Engine> = SgInFlight<'d, P, B, D, E>;

    fn device(&self) -> Option<&DmaDevice> {
        Some(MappedSg::device(self))
    }

    fn length(&self) -> Option<u64> {
        Some(MappedSg::len(self))
    }

    fn device_length(&self) -> Option<u64> {
        Some(MappedSg::device_len(self))
    }

    fn unseen(&self, _: &DmaDevice) -> Option<PhysRange> {
        None
    }

    fn max_runs(&self) -> u64 {
        self.max_segments() as u64
    }

    fn runs<E: Engine>(flight: &Self::Flight<E>, _: Side) -> impl Iterator<Item = Run> {
        flight.segments().map(Run::of)
    }

    fn land<E: Engine>(flight: Self::Flight<E>) -> Result<Self, Quarantined> {
        flight.end()
    }
}

impl<P: Platform, B: DmaBuffer, D: DeviceReads> Source<P> for MappedSg<'_, P, B, D> {
    unsafe fn read_by<E: Engine>(self, _: &DmaDevice, engine: E) -> (Side, Self::Flight<E>) {
        // SAFETY: the caller's promise.
        let flight = unsafe { self.launch(engine) };
        (Side::listed(Ti::SRC_INC::SET.value), flight)
    }
}

impl<P: Platform, B: DmaBuffer, D: DeviceWrites> Sink<P> for MappedSg<'_, P, B, D> {
    unsafe fn written_by<E: Engine>(self, _: &DmaDevice, engine: E) -> (Side, Self::Flight<E>) {
        // SAFETY: the caller's promise.
        let flight = unsafe { self.launch(engine) };
        (Side::listed(Ti::DEST_INC::SET.value), flight)
    }
}

/// Nobody owns a register: the flight of one is the register.
impl<P: Platform> End<P> for Register {
    type Flight<E: Engine> = Self;

    fn device(&self) -> Option<&DmaDevice> {
        None
    }

    fn length(&self) -> Option<u64> {
        None
    }

    fn device_length(&self) -> Option<u64> {
        None
    }

    fn unseen(&self, channel: &DmaDevice) -> Option<PhysRange> {
        match channel.register_addr(self.word) {
            Some(_) => None,
            None => Some(self.word),
        }
    }

    fn land<E: Engine>(flight: Self) -> Result<Self, Quarantined> {
        Ok(flight)
    }
}

impl<P: Platform> Source<P> for Register {
    unsafe fn read_by<E: Engine>(self, channel: &DmaDevice, _: E) -> (Side, Self) {
        let side = self.side(channel, Ti::SRC_DREQ::SET);
        (side.expect("`start` asked `unseen`"), self)
    }
}

impl<P: Platform> Sink<P> for Register {
    unsafe fn written_by<E: Engine>(self, channel: &DmaDevice, _: E) -> (Side, Self) {
        let side = self.side(channel, Ti::DEST_DREQ::SET);
        (side.expect("`start` asked `unseen`"), self)
    }
}

mod sealed {
    use dma::{Direction, MappedSg, Mapping};
    use hal::{DmaBuffer, Platform};

    pub trait Sealed {}
    impl<P: Platform, B: DmaBuffer, D: Direction> Sealed for Mapping<'_, P, B, D> {}
    impl<P: Platform, B: DmaBuffer, D: Direction> Sealed for MappedSg<'_, P, B, D> {}
    impl Sealed for super::Register {}
}
