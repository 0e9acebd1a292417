//! The one lock of the kernel: fair, and safe against the interrupts of its own core.

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
    inner: TicketMutex<T, Waiting<I>>,
    irq: PhantomData<fn() -> I>,
}

impl<T, I: Irq> IrqLock<T, I> {
    /// A free lock around `value`.
    pub const fn new(value: T) -> Self {
        Self {
            inner: TicketMutex::new(value),
            irq: PhantomData,
        }
    }

    /// Masks interrupts, then waits in line for the lock.
    ///
    /// A core that holds the lock and asks again waits for ever; a handler cannot, since the holder
    /// masks it.
    pub fn lock(&self) -> IrqGuard<'_, T, I> {
        let masked = Masked::<I>::new();
        IrqGuard {
            value: self.inner.lock(),
            masked,
        }
    }

    /// The lock, if nobody holds it or waits for it.
    pub fn try_lock(&self) -> Option<IrqGuard<'_, T, I>> {
        let masked = Masked::<I>::new();
        Some(IrqGuard {
            value: self.inner.try_lock()?,
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
mod tests {
    extern crate std;
    use super::*;
    use core::cell::RefCell;
    use std::{thread_local, vec, vec::Vec};

    thread_local! {
        static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    }

    struct Traced;
    impl Irq for Traced {
        type State = ();
        fn mask() {
            LOG.with(|log| log.borrow_mut().push("mask"));
        }
        fn restore((): ()) {
            LOG.with(|log| log.borrow_mut().push("restore"));
        }
    }

    #[test]
    fn interrupts_return_only_after_the_lock_is_free() {
        static LOCK: IrqLock<u32, Probe> = IrqLock::new(1);
        struct Probe;
        impl Irq for Probe {
            type State = ();
            fn mask() {}
            fn restore((): ()) {
                // What a handler that fires right now would find.
                assert!(
                    LOCK.inner.try_lock().is_some(),
                    "still locked when interrupts came back"
                );
            }
        }
        let guard = IrqGuard::<'_, u32, Probe> {
            value: LOCK.inner.lock(),
            masked: Masked::new(),
        };
        drop(guard);
    }

    #[test]
    fn a_failed_try_lock_restores_the_mask() {
        let lock: IrqLock<u32, Traced> = IrqLock::new(1);
        let held = lock.lock();
        LOG.with(|log| log.borrow_mut().clear());
        assert!(lock.try_lock().is_none());
        LOG.with(|log| assert_eq!(*log.borrow(), vec!["mask", "restore"]));
        drop(held);
    }
}
