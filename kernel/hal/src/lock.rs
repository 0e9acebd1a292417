//! The one lock of the kernel: fair, safe against the interrupts of its own core, and ordered.
//!
//! Each lock has a [`Rank`]; a core takes them from the outermost inwards. Debug builds check that
//! before they wait, and panic with both names and both places; so do they where a core waits for a
//! lock of its own. [`IrqLock::try_lock`] waits for nobody and is in order anywhere, but what it took
//! counts. In other builds all this takes no byte and no instruction.

mod rank;

#[cfg(debug_assertions)]
mod checked;
#[cfg(debug_assertions)]
mod disorder;
#[cfg(debug_assertions)]
use checked as order;

#[cfg(not(debug_assertions))]
mod unchecked;
#[cfg(not(debug_assertions))]
use unchecked as order;

pub use order::HeldLocks;
pub use rank::Rank;

use crate::Irq;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use spin::RelaxStrategy;
use spin::mutex::{TicketMutex, TicketMutexGuard};

/// A ticket lock that masks interrupts while it is held.
///
/// Its memory must be Normal cacheable (exclusives need it), so never in a buffer that a device
/// sees. Hold it briefly: no log, no callback, no cache loop inside.
pub struct IrqLock<T, I> {
    class: order::Class,
    inner: TicketMutex<T, Waiting<I>>,
    irq: PhantomData<fn() -> I>,
}

impl<T, I: Irq> IrqLock<T, I> {
    /// A free lock around `value`, at `rank` in the order; `name` is for whoever breaks that.
    pub const fn new(rank: Rank, name: &'static str, value: T) -> Self {
        Self {
            class: order::Class::new(rank, name),
            inner: TicketMutex::new(value),
            irq: PhantomData,
        }
    }

    /// Masks interrupts, then waits in line for the lock.
    ///
    /// A core that holds the lock and asks again waits for ever, or panics in a debug build; a handler
    /// cannot, since the holder masks it. Debug builds panic on any other lock out of order as well.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn lock(&self) -> IrqGuard<'_, T, I> {
        let masked = Masked::<I>::new();
        let entry = self.class.wanted();
        IrqGuard {
            value: self.inner.lock(),
            entry,
            masked,
        }
    }

    /// The lock, if nobody holds it or waits for it. In order whatever the core holds.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn try_lock(&self) -> Option<IrqGuard<'_, T, I>> {
        let masked = Masked::<I>::new();
        Some(IrqGuard {
            value: self.inner.try_lock()?,
            entry: self.class.taken(),
            masked,
        })
    }

    /// The value, without locking: the exclusive borrow proves that nobody holds the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

/// How a core waits in line.
struct Waiting<I>(PhantomData<fn() -> I>);

impl<I: Irq> RelaxStrategy for Waiting<I> {
    fn relax() {
        I::relax();
    }
}

/// Interrupts are masked while this lives; it restores what it found.
struct Masked<I: Irq> {
    state: I::State,
    // Must be dropped on the core that made it.
    not_send: PhantomData<*mut ()>,
}

impl<I: Irq> Masked<I> {
    fn new() -> Self {
        Self {
            state: I::mask(),
            not_send: PhantomData,
        }
    }
}

impl<I: Irq> Drop for Masked<I> {
    fn drop(&mut self) {
        I::restore(self.state);
    }
}

/// Access to a locked value. Fields drop in order: the lock is free before interrupts return, so a
/// handler that fires at once can take it.
pub struct IrqGuard<'a, T, I: Irq> {
    value: TicketMutexGuard<'a, T, Waiting<I>>,
    #[expect(dead_code, reason = "held for its drop")]
    entry: order::Entry<I>,
    #[expect(dead_code, reason = "held for its drop")]
    masked: Masked<I>,
}

impl<T, I: Irq> Deref for IrqGuard<'_, T, I> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, I: Irq> DerefMut for IrqGuard<'_, T, I> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(test)]
mod tests;
