//! Direction as a type: given once, kept in the mapping, impossible to repeat wrongly (OWN-6).

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

/// Which way a mapping carries bytes, as a type.
pub trait Direction: sealed::Sealed + Send + 'static {
    /// The same as a value, for pure functions.
    const DIR: Dir;
}

/// Directions in which the device reads what the CPU wrote. The CPU may change such a buffer
/// between two transfers.
pub trait DeviceReads: Direction {}

/// Directions in which the device writes what the CPU reads.
pub trait DeviceWrites: Direction {}

/// The device reads the buffer (`DMA_TO_DEVICE`).
#[derive(Clone, Copy, Debug)]
pub struct ToDevice;

/// The device writes the buffer (`DMA_FROM_DEVICE`). Bytes that it does not write keep the value
/// that they had before the mapping, bounced or not (CP-3).
#[derive(Clone, Copy, Debug)]
pub struct FromDevice;

/// The device reads and writes the buffer (`DMA_BIDIRECTIONAL`).
#[derive(Clone, Copy, Debug)]
pub struct Bidirectional;

impl sealed::Sealed for ToDevice {}
impl sealed::Sealed for FromDevice {}
impl sealed::Sealed for Bidirectional {}

impl Direction for ToDevice {
    const DIR: Dir = Dir::ToDevice;
}
impl Direction for FromDevice {
    const DIR: Dir = Dir::FromDevice;
}
impl Direction for Bidirectional {
    const DIR: Dir = Dir::Bidirectional;
}

impl DeviceReads for ToDevice {}
impl DeviceReads for Bidirectional {}
impl DeviceWrites for FromDevice {}
impl DeviceWrites for Bidirectional {}
