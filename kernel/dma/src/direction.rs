//! Direction as a type: given once, kept in the mapping, impossible to repeat wrongly (OWN-6).
//!
//! What a device alone writes comes in two kinds. [`struct@FromDevice`] brings the whole buffer home, so the
//! layer has to make sure that bytes which the device left out are the buffer's own (CP-3): it copies
//! them to a bounce buffer first. [`FromDevice::REPORTED`] is for drivers that are told how much
//! arrived: no more than that comes home, and nothing is copied first (see `reported`).

use core::marker::PhantomData;

mod sealed {
    pub trait Sealed {}
}

/// Which way a mapping carries bytes, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// The device reads.
    ToDevice,
    /// The device writes.
    FromDevice,
    /// The device does both.
    Bidirectional,
}

impl Dir {
    /// May the device write to the buffer?
    pub const fn device_writes(self) -> bool {
        !matches!(self, Self::ToDevice)
    }
}

/// What a bounce buffer holds before the device has it. Nobody else's bytes, either way (CP-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The original's bytes, since all of it comes back (CP-3).
    Copy,
    /// Zeros: no more comes back than the device wrote.
    Scrub,
}

/// Which way a mapping carries bytes, as a type.
pub trait Direction: sealed::Sealed + Send + 'static {
    /// The same as a value, for pure functions.
    const DIR: Dir;
    /// What a bounce buffer is filled with.
    const FILL: Fill = Fill::Copy;
}

/// How much of a buffer the device is taken to have written.
pub trait Extent: sealed::Sealed + Send + 'static {
    /// What a bounce buffer is filled with.
    const FILL: Fill;
}

/// All of the buffer comes home.
#[derive(Clone, Copy, Debug)]
pub enum Whole {}

/// So much comes home as the driver reports.
#[derive(Clone, Copy, Debug)]
pub enum Reported {}

/// Directions in which the device reads what the CPU wrote. The CPU may change such a buffer
/// between two transfers.
pub trait DeviceReads: Direction {}

/// Directions in which the device writes what the CPU reads.
pub trait DeviceWrites: Direction {}

/// The device reads the buffer (`DMA_TO_DEVICE`).
#[derive(Clone, Copy, Debug)]
pub struct ToDevice;

/// The device writes the buffer (`DMA_FROM_DEVICE`). Bytes that it does not write keep the value
/// that they had before the mapping, bounced or not (CP-3); unless it is [`Reported`], where bytes
/// behind the report are unspecified.
#[derive(Clone, Copy, Debug)]
pub struct FromDevice<M = Whole> {
    extent: PhantomData<M>,
}

/// The plain direction as a value.
#[expect(
    non_upper_case_globals,
    reason = "named as the type, like `ToDevice` and `Bidirectional`"
)]
pub const FromDevice: FromDevice = FromDevice {
    extent: PhantomData,
};

impl FromDevice<Reported> {
    /// The driver will say how much arrived ([`Mapping::complete`](crate::Mapping::complete)).
    pub const REPORTED: Self = Self {
        extent: PhantomData,
    };
}

/// The device reads and writes the buffer (`DMA_BIDIRECTIONAL`).
#[derive(Clone, Copy, Debug)]
pub struct Bidirectional;

impl sealed::Sealed for ToDevice {}
impl sealed::Sealed for Whole {}
impl sealed::Sealed for Reported {}
impl<M: Extent> sealed::Sealed for FromDevice<M> {}
impl sealed::Sealed for Bidirectional {}

impl Direction for ToDevice {
    const DIR: Dir = Dir::ToDevice;
}
impl Extent for Whole {
    const FILL: Fill = Fill::Copy;
}
impl Extent for Reported {
    const FILL: Fill = Fill::Scrub;
}
impl<M: Extent> Direction for FromDevice<M> {
    const DIR: Dir = Dir::FromDevice;
    const FILL: Fill = M::FILL;
}
impl Direction for Bidirectional {
    const DIR: Dir = Dir::Bidirectional;
}

impl DeviceReads for ToDevice {}
impl DeviceReads for Bidirectional {}
impl<M: Extent> DeviceWrites for FromDevice<M> {}
impl DeviceWrites for Bidirectional {}
