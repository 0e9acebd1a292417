//! Slices that are lent: for crates that call their driver with `&[u8]` or `&mut [u8]`.
//!
//! A borrowed slice never reaches a device. Nothing says whose lines its ends are in, the borrow may
//! end while a forgotten transfer goes on, and its owner may be anywhere in RAM. So a [`Staging`] owns
//! memory for one device, best from an allocator that gives whole lines (`alloc_dma`), and copies.
//!
//! ```text
//! &[u8]     --copy--> staging --map--> driver's closure --> unmap
//! &mut [u8] <--copy-- staging <------- driver's closure <-- map (FromDevice<Reported>)
//! ```
//!
//! A slice that is longer than the staging memory goes in pieces, in order, each told with its place in
//! the slice: what a card or a disk needs. A driver of packets looks at [`Staging::capacity`] first.
//! What a device sends may be shorter: the first short piece ends the transfer.

mod error;
mod staged;

pub use error::{Cut, LentError};
pub use staged::Staged;

use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::direction::{Direction, FromDevice, Reported, ToDevice};
use crate::error::Refused;
use crate::layer::Dma;
use crate::mapping::Mapping;
use core::fmt;
use hal::{DmaBuffer, LINE, Platform};

/// A piece of a slice, mapped: what a driver's closure is given, and gives back.
pub type Piece<'d, P, B, D> = Mapping<'d, P, Staged<B>, D>;

/// What a driver makes of a piece: the piece, unless a device may still use it, and what came of it: how
/// much was filled, or why nothing was done.
pub type Made<'d, P, B, D, T, E> = (Option<Piece<'d, P, B, D>>, Result<T, E>);

/// Memory of its own that carries slices to and from one device.
pub struct Staging<'d, P: Platform, B: DmaBuffer> {
    dma: &'d Dma<P>,
    device: &'d DmaDevice,
    /// Absent while a driver has it, and after a device kept it.
    buffer: Option<B>,
    capacity: u64,
}

impl<'d, P: Platform, B: DmaBuffer> Staging<'d, P, B> {
    /// Carries slices through `buffer`.
    pub fn new(dma: &'d Dma<P>, device: &'d DmaDevice, buffer: B) -> Self {
        let mut staging = Self {
            dma,
            device,
            buffer: None,
            capacity: 0,
        };
        // There was none before.
        let _ = staging.refill(buffer);
        staging
    }

    /// Other memory, after a device kept what there was. Returns what there still is.
    pub fn refill(&mut self, buffer: B) -> Option<B> {
        let len = buffer.range().len();
        // So that all pieces but the last end with a line, and on the device's granule.
        let unit = LINE.max(self.device.limits().granule);
        self.capacity = match len / unit {
            0 => len,
            units => units * unit,
        };
        self.buffer.replace(buffer)
    }

    /// Bytes of the longest piece.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The memory, unless a device kept it.
    pub fn into_inner(self) -> Option<B> {
        self.buffer
    }

    /// Sends `bytes`: `send` is called for each piece with its place in the slice.
    ///
    /// Context: as `send`.
    pub fn to_device<E>(
        &mut self,
        bytes: &[u8],
        mut send: impl FnMut(u64, Piece<'d, P, B, ToDevice>) -> Made<'d, P, B, ToDevice, (), E>,
    ) -> Result<(), Cut<E>> {
        let mut done = 0;
        for piece in bytes.chunks(self.step()) {
            self.send_piece(piece, |mapping| send(done, mapping))
                .map_err(|error| Cut { done, error })?;
            done += piece.len() as u64;
        }
        Ok(())
    }

    fn send_piece<E>(
        &mut self,
        bytes: &[u8],
        send: impl FnOnce(Piece<'d, P, B, ToDevice>) -> Made<'d, P, B, ToDevice, (), E>,
    ) -> Result<(), LentError<E>> {
        // Not shown to the device before the bytes are there.
        let mut mapping = self.lend(bytes.len(), ToDevice, Attrs::DEFER_SYNC)?;
        mapping.for_cpu().copy_from_slice(bytes);
        let (mapping, result) = send(mapping);
        self.buffer = mapping.map(|mapping| mapping.unmap().into_inner());
        result.map_err(LentError::Driver)
    }

    /// Fills `bytes`: `receive` is called for each piece with its place in the slice, and says how much
    /// of it came. Returns how much came in all; what is behind that in the slice is as it was.
    ///
    /// Context: as `receive`.
    pub fn from_device<E>(
        &mut self,
        bytes: &mut [u8],
        mut receive: impl FnMut(
            u64,
            Piece<'d, P, B, FromDevice<Reported>>,
        ) -> Made<'d, P, B, FromDevice<Reported>, u64, E>,
    ) -> Result<u64, Cut<E>> {
        let mut done = 0;
        for piece in bytes.chunks_mut(self.step()) {
            let wanted = piece.len() as u64;
            let came = self
                .receive_piece(piece, |mapping| receive(done, mapping))
                .map_err(|error| Cut { done, error })?;
            done += came;
            if came < wanted {
                break;
            }
        }
        Ok(done)
    }

    fn receive_piece<E>(
        &mut self,
        bytes: &mut [u8],
        receive: impl FnOnce(
            Piece<'d, P, B, FromDevice<Reported>>,
        ) -> Made<'d, P, B, FromDevice<Reported>, u64, E>,
    ) -> Result<u64, LentError<E>> {
        let mapping = self.lend(bytes.len(), FromDevice::REPORTED, Attrs::NONE)?;
        let (mapping, came) = receive(mapping);
        let came = came.map_err(LentError::Driver);
        let Some(mapping) = mapping else {
            return came.and(Err(LentError::NoStaging));
        };
        let (filled, error) = match mapping.complete(*came.as_ref().unwrap_or(&0)) {
            Ok(completed) => (completed.unmap(), came.err()),
            Err(wrong) => (
                wrong.mapping.abandon(),
                Some(LentError::Report(wrong.error)),
            ),
        };
        let came = filled.bytes();
        // The closure may have given back another staging's piece, which is longer.
        let len = came.len().min(bytes.len());
        bytes[..len].copy_from_slice(&came[..len]);
        drop(came);
        self.buffer = Some(filled.into_inner().into_inner());
        error.map_or(Ok(len as u64), Err)
    }

    /// Pieces of at least a byte: there is always such memory.
    fn step(&self) -> usize {
        usize::try_from(self.capacity).unwrap_or(usize::MAX).max(1)
    }

    /// Maps the memory for a piece of `len` bytes.
    fn lend<D: Direction, E>(
        &mut self,
        len: usize,
        direction: D,
        attrs: Attrs,
    ) -> Result<Piece<'d, P, B, D>, LentError<E>> {
        let buffer = self.buffer.take().ok_or(LentError::NoStaging)?;
        let staged = Staged::new(buffer, len as u64);
        let staged = staged.map_err(|buffer| {
            self.buffer = Some(buffer);
            LentError::NoStaging
        })?;
        let lent = self.dma.map_attrs(self.device, staged, direction, attrs);
        lent.map_err(|Refused { error, buffer }| {
            self.buffer = Some(buffer.into_inner());
            LentError::Map(error)
        })
    }
}

impl<P: Platform, B: DmaBuffer> fmt::Debug for Staging<'_, P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, capacity) = (self.device.name(), self.capacity);
        write!(f, "Staging({capacity} bytes for {name})")
    }
}
