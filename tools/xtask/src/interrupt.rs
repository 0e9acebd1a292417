//! Ctrl-C, as a flag that every wait looks at.
//!
//! The children run in process groups of their own and so never see the terminal's signals: whoever
//! waits for one kills it when the flag is up, and the terminal stays as it was.

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

static SEEN: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Takes over the signals that would end us.
pub(crate) fn watch() -> anyhow::Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, SEEN.clone()).context("cannot watch for Ctrl-C")?;
    }
    Ok(())
}

/// Ends everything as Ctrl-C would.
pub(crate) fn raise() {
    SEEN.store(true, Ordering::Relaxed);
}

/// Whether one has come.
pub(crate) fn seen() -> bool {
    SEEN.load(Ordering::Relaxed)
}
