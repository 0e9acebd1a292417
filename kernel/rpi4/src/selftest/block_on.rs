//! A future run to its end by a core that has nothing else to do.

extern crate alloc;

use super::cores::within_patience;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};

/// Rung once the future is to be polled again.
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// What a future comes to, and how often it had to wait; `None` if nobody woke it for too long.
///
/// Context: interrupts on, no lock held.
pub(super) fn block_on<F: Future>(future: F) -> Option<(F::Output, u32)> {
    let (mut future, bell) = (pin!(future), Arc::new(Bell(AtomicBool::new(false))));
    let waker = Waker::from(Arc::clone(&bell));
    let mut waits = 0;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some((output, waits));
        }
        waits += 1;
        if !within_patience(|| bell.0.swap(false, Ordering::Acquire)) {
            return None;
        }
    }
}
