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
    static LOCK: IrqLock<u32, Probe> = IrqLock::new(Rank::Device, "probe", 1);
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
    let guard = LOCK.lock();
    drop(guard);
}

#[test]
fn a_failed_try_lock_restores_the_mask() {
    let lock: IrqLock<u32, Traced> = IrqLock::new(Rank::Device, "traced", 1);
    let held = lock.lock();
    LOG.with(|log| log.borrow_mut().clear());
    assert!(lock.try_lock().is_none());
    LOG.with(|log| assert_eq!(*log.borrow(), vec!["mask", "restore"]));
    drop(held);
}

#[cfg(debug_assertions)]
mod order;
