//! A long request as several that a device can do.
//!
//! The buffer's window moves along: every piece is a request of its own, into the same owned pages.
//! A device whose bounce buffers are scarce for the moment gets smaller pieces, down to a block.

use crate::{BLOCK, Failed};
use hal::{DmaBuffer, PageSource, Pages};

/// A buffer whose window can be moved.
pub trait Windowed: DmaBuffer + Sized {
    /// Moves the window to `len` bytes at `offset` into what is owned, or gives the buffer back
    /// unchanged if that is not inside.
    fn with_window(self, offset: u64, len: u64) -> Result<Self, Self>;
}

impl<S: PageSource + Send + 'static> Windowed for Pages<S> {
    fn with_window(self, offset: u64, len: u64) -> Result<Self, Self> {
        Self::with_window(self, offset, len)
    }
}

/// Fills the window of `buffer` from block `lba` on by requests of at most `most` bytes (a block if
/// that is less). One that fails and `is_scarce` says that less would do is tried again with half
/// of it.
pub fn in_pieces<B: Windowed, E>(
    lba: u64,
    mut buffer: B,
    most: u64,
    is_scarce: impl Fn(&E) -> bool,
    mut request: impl FnMut(u64, B) -> Result<B, Failed<B, E>>,
) -> Result<B, Failed<B, E>> {
    let whole = Window::of(&buffer);
    let (mut most, mut at) = (blocks(most), 0);
    while at < whole.len {
        let len = most.min(whole.len - at);
        match request(lba.saturating_add(at / BLOCK), whole.part(buffer, at, len)) {
            Ok(filled) => (buffer, at) = (filled, at + len),
            Err(failed) => {
                let smaller = len > BLOCK && is_scarce(&failed.error);
                buffer = whole.again(failed, smaller)?;
                most = blocks(len / 2);
            }
        }
    }
    Ok(whole.part(buffer, 0, whole.len))
}

/// So many bytes as whole blocks, one at least.
fn blocks(bytes: u64) -> u64 {
    (bytes / BLOCK * BLOCK).max(BLOCK)
}

/// The window of a request, in what its buffer owns.
#[derive(Clone, Copy)]
struct Window {
    start: u64,
    len: u64,
}

impl Window {
    fn of<B: DmaBuffer>(buffer: &B) -> Self {
        let start = buffer.range().start().offset_from(buffer.owned().start());
        Self {
            start: start.expect("a window lies in what is owned"),
            len: buffer.range().len(),
        }
    }

    /// The buffer with its window on a part of this one.
    fn part<B: Windowed>(self, buffer: B, at: u64, len: u64) -> B {
        let moved = buffer.with_window(self.start + at, len);
        moved.unwrap_or_else(|buffer| panic!("{at}+{len} leaves {:?}", buffer.owned()))
    }

    /// The buffer for another try, if there is to be one and no device has the buffer.
    fn again<B: Windowed, E>(self, failed: Failed<B, E>, wanted: bool) -> Result<B, Failed<B, E>> {
        let Failed { error, buffer } = failed;
        match buffer.map(|buffer| self.part(buffer, 0, self.len)) {
            Some(buffer) if wanted => Ok(buffer),
            buffer => Err(Failed { error, buffer }),
        }
    }
}
