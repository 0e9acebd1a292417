//! An owned buffer between a device and whoever looks at what came.
//!
//! A device gets owned memory, never a borrowed slice. The buffer is kept from one request to the
//! next, unless a device that failed may still write to it: then it is gone, and the next request
//! makes a new one.

use crate::{BlockDevice, Buffers, Error};

/// Buffers of one kind, and the one that is kept.
pub(crate) struct Staging<'a, B: Buffers> {
    buffers: &'a B,
    spare: Option<B::Buffer>,
}

impl<'a, B: Buffers> Staging<'a, B> {
    pub(crate) const fn new(buffers: &'a B) -> Self {
        Self {
            buffers,
            spare: None,
        }
    }

    /// One request of `len` bytes, whole blocks; `look` sees what came.
    pub(crate) fn request<D: BlockDevice<Buffer = B::Buffer>, R>(
        &mut self,
        device: &mut D,
        lba: u64,
        len: u64,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, Error<D::Error>> {
        let buffer = self.buffer(len).map_err(Error::Memory)?;
        match device.read(lba, buffer) {
            Ok(buffer) => {
                let seen = look(&self.buffers.bytes(&buffer));
                self.spare = Some(buffer);
                Ok(seen)
            }
            Err(failed) => {
                self.spare = failed.buffer;
                let error = failed.error;
                Err(Error::Device { lba, error })
            }
        }
    }

    /// The spare buffer, or a new one if there is none of that length.
    fn buffer(&mut self, len: u64) -> Result<B::Buffer, hal::NoPages> {
        let resized = self.spare.take().map(|b| self.buffers.resize(b, len));
        match resized {
            Some(Ok(buffer)) => Ok(buffer),
            Some(Err(_)) | None => self.buffers.alloc(len),
        }
    }
}
