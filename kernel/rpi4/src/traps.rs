//! Exceptions, from the first line of Rust on.

#![expect(unsafe_code, reason = "vouches for the stacks' addresses")]

use crate::console::Emergency;
use crate::{cores, end, layer};
use arch::exception;
use arrayvec::ArrayVec;
use boot::{Handoff, StackKind};
use core::fmt::Write;
use core::sync::atomic::{AtomicBool, Ordering};
use hal::MAX_CPUS;
use spin::Once;

static STACKS: Once<ArrayVec<arch::Stack, { 3 * MAX_CPUS }>> = Once::new();

/// Installs the vectors, and says where the stacks and their guard pages are.
pub(crate) fn install(handoff: &Handoff) {
    exception::set_early_writer(|text| {
        let _ = Emergency.write_str(text);
    });
    exception::set_stop_others(cores::stop_others);
    exception::set_on_fatal(fatal);
    let stacks = STACKS.call_once(|| boot::image(handoff).stacks().map(named).collect());
    // SAFETY: the image's own stacks; the entry mapped them, and every later table does.
    unsafe { exception::set_stacks(stacks) };
    exception::install_vectors();
}

/// Events of each core in a dump.
const LAST_CALLS: usize = 16;

/// Tells what the mapping layer did last. For a core that alone goes on.
pub(crate) fn last_calls() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    // Once: what dies while it tells does not start again.
    if !TOLD.swap(true, Ordering::Relaxed) {
        let _ = writeln!(Emergency, "last calls:");
        layer::tell_trace(LAST_CALLS, |line| _ = writeln!(Emergency, "{line}"));
    }
}

/// The end of a fatal exception, behind its report.
fn fatal() -> ! {
    last_calls();
    end::fatal()
}

/// The stacks of all cores; none before [`install`].
pub(crate) fn stacks() -> &'static [arch::Stack] {
    STACKS.get().map_or(&[], |stacks| stacks)
}

/// The stack in whose guard page `far` lies.
pub(crate) fn overflowed(far: u64) -> Option<&'static str> {
    arch::Stack::overflowed(stacks(), far).map(|stack| stack.name)
}

/// By core, then in the order of [`StackKind`].
macro_rules! names {
    ($($core:literal),*) => {
        [$([
            concat!("exception stack of core ", $core),
            concat!("main stack of core ", $core),
            concat!("emergency stack of core ", $core),
        ]),*]
    };
}

fn named(stack: boot::Stack) -> arch::Stack {
    const NAMES: [[&str; 3]; MAX_CPUS] = names!(0, 1, 2, 3);
    let kind = match stack.kind {
        StackKind::Exception => 0,
        StackKind::Main => 1,
        StackKind::Emergency => 2,
    };
    let name = NAMES[stack.cpu.index()][kind];
    arch::Stack {
        name,
        range: stack.range,
        guard: stack.guard,
    }
}
