//! Copies a buffer to another, a mapping at a time.

use super::pieces::Lengths;
use crate::channels::DmaChannel;
use arch::Timer;
use core::fmt;
use dma::{BounceReason, FromDevice, MapError, Refused, ToDevice};
use drivers::dma_channel::{Copy, Failure, NotStarted, StartError, TransferError};
use hal::{DmaBuffer, NoPages, PageSource, Pages};

/// Time for one piece: seconds more than the slowest engine takes.
const TIMEOUT_US: u64 = 5_000_000;

/// Why a carry ended early.
#[derive(Debug)]
pub(crate) enum CarryError {
    /// No pages for a destination.
    NoPages(NoPages),
    /// A mapping was refused.
    Map(MapError),
    /// A copy was not started.
    Start(StartError),
    /// A copy failed.
    Transfer(TransferError),
    /// The file was carried before.
    FileTaken,
}

impl CarryError {
    /// Was a page out of the device's reach, with no pool to bounce through?
    pub(super) fn is_out_of_reach(&self) -> bool {
        matches!(
            self,
            Self::Map(MapError::NoPool {
                reason: BounceReason::Unreachable,
                ..
            })
        )
    }
}

impl fmt::Display for CarryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPages(error) => error.fmt(f),
            Self::Map(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
            Self::Transfer(error) => error.fmt(f),
            Self::FileTaken => f.write_str("the file is taken already"),
        }
    }
}

impl From<NoPages> for CarryError {
    fn from(error: NoPages) -> Self {
        Self::NoPages(error)
    }
}

impl<B> From<Refused<B>> for CarryError {
    fn from(refused: Refused<B>) -> Self {
        Self::Map(refused.error)
    }
}

impl<S, T> From<NotStarted<S, T>> for CarryError {
    fn from(not_started: NotStarted<S, T>) -> Self {
        Self::Start(not_started.error)
    }
}

impl<S, T> From<Failure<S, T>> for CarryError {
    fn from(failure: Failure<S, T>) -> Self {
        Self::Transfer(failure.error)
    }
}

/// Carries by one channel, in pieces of the given lengths.
pub(super) struct Copier<'c> {
    channel: &'c DmaChannel,
    lengths: Lengths,
}

impl<'c> Copier<'c> {
    pub(super) fn new(channel: &'c DmaChannel, lengths: Lengths) -> Self {
        Self { channel, lengths }
    }

    /// Copies all of `source`'s window to the start of `dest`, and gives both back with the window on
    /// those bytes.
    pub(super) fn carry<S, T>(
        &self,
        source: Pages<S>,
        dest: Pages<T>,
    ) -> Result<(Pages<S>, Pages<T>), CarryError>
    where
        S: PageSource + Send + 'static,
        T: PageSource + Send + 'static,
    {
        let (from, to, bytes) = (base(&source), base(&dest), source.range().len());
        let (mut ends, mut at) = ((source, dest), 0);
        for &len in self.lengths.iter().cycle() {
            let len = len.min(bytes - at);
            if len == 0 {
                break;
            }
            ends = self.piece(window(ends.0, from + at, len), window(ends.1, to + at, len))?;
            at += len;
        }
        Ok((window(ends.0, from, bytes), window(ends.1, to, bytes)))
    }

    fn piece<S, T>(
        &self,
        source: Pages<S>,
        dest: Pages<T>,
    ) -> Result<(Pages<S>, Pages<T>), CarryError>
    where
        S: PageSource + Send + 'static,
        T: PageSource + Send + 'static,
    {
        let dma = self.channel.layer();
        let source = dma.map(self.channel.device(), source, ToDevice)?;
        let dest = dma.map(self.channel.device(), dest, FromDevice)?;
        let transfer = self.channel.start(Copy { source, dest })?;
        let (source, dest) = transfer.wait(&Timer, TIMEOUT_US)?;
        Ok((source.unmap(), dest.unmap()))
    }
}

/// Where the window starts in the pages.
fn base<S: PageSource + Send + 'static>(pages: &Pages<S>) -> u64 {
    let offset = pages.range().start().offset_from(pages.extent().start());
    offset.expect("a window lies in its pages")
}

/// The window on `len` bytes at `at`; both are inside by construction.
fn window<S: PageSource>(pages: Pages<S>, at: u64, len: u64) -> Pages<S> {
    pages
        .with_window(at, len)
        .unwrap_or_else(|pages| panic!("{at}+{len} leaves {pages:?}"))
}
