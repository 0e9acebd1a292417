//! A mapping in flight, and its end.

use super::engine::{Engine, Quarantined};
use super::settle::settle;
use crate::direction::Direction;
use crate::mapping::Mapping;
use hal::{DmaBuffer, Platform};

/// A mapping whose address has reached a register or a control block. No CPU access.
///
/// Dropping it halts the engine; then the buffer is unmapped and dropped, or quarantined.
/// Forgetting it leaks the memory.
pub struct InFlight<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine> {
    mapping: Option<Mapping<'d, P, B, D>>,
    engine: E,
}

impl<'d, P: Platform, B: DmaBuffer, D: Direction, E: Engine> InFlight<'d, P, B, D, E> {
    pub(super) fn new(mapping: Mapping<'d, P, B, D>, engine: E) -> Self {
        Self {
            mapping: Some(mapping),
            engine,
        }
    }

    fn mapping(&self) -> &Mapping<'d, P, B, D> {
        self.mapping
            .as_ref()
            .expect("taken by calls that end the flight")
    }

    /// Bytes to transfer.
    #[expect(clippy::len_without_is_empty, reason = "a mapping is never empty")]
    pub fn len(&self) -> u64 {
        self.mapping().len()
    }

    /// Halts the engine and brings the mapping back to rest.
    ///
    /// Also the way to end a transfer that is complete: a halt of an idle engine is a look at its
    /// status. Context: as the engine's `halt`.
    pub fn end(mut self) -> Result<Mapping<'d, P, B, D>, Quarantined> {
        let mapping = self
            .mapping
            .take()
            .expect("taken by calls that end the flight");
        settle(mapping, &self.engine)
    }
}

impl<P: Platform, B: DmaBuffer, D: Direction, E: Engine> Drop for InFlight<'_, P, B, D, E> {
    fn drop(&mut self) {
        if let Some(mapping) = self.mapping.take() {
            // Unmapped by its own drop, or quarantined and counted: nothing is left to report.
            let _ = settle(mapping, &self.engine);
        }
    }
}
