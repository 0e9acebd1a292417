//! Atomic words. In unit tests each access may be where another core comes in between: see `model`.

#[cfg(test)]
pub(super) use super::model::{AtomicU8, AtomicU32, AtomicU64};
#[cfg(not(test))]
pub(super) use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};
