//! Accesses that must trap do, are reported, and the kernel goes on.

#![expect(unsafe_code, reason = "accesses that must not be made")]

use super::{Bed, Test, Verdict, check, fail};
use crate::console::say;
use crate::traps::{overflowed, stacks};
use arch::exception::{Trap, catch_trap};
use arch::probe::{probe_exec, probe_load, probe_store};
use arch::{Attempt, Class, FaultStatus};
use core::hint::black_box;
use core::ops::Range;
use hal::MAX_CPUS;
use hal::layout::{KERNEL_BASE, LINEAR_BASE};

pub(super) const TESTS: &[Test] = &[
    ("null traps", null),
    (
        "a physical address used as a pointer traps",
        physical_address,
    ),
    ("a store to text traps", store_to_text),
    ("execution of data traps", execute_data),
    ("the image is not in the linear map", no_alias),
    ("every guard page is absent", guards),
    ("a stack overflow is caught and reported", stack_overflow),
];

/// Runs a probe that must trap with this kind of attempt at this address.
fn traps(f: unsafe extern "C" fn(usize), at: u64, attempt: Attempt) -> Verdict {
    // SAFETY: the probes hold nothing; where one does not trap it leaves memory as it was.
    let Some(trap) = (unsafe { catch_trap(f, at as usize) }) else {
        fail!("{at:#x} did not trap");
    };
    report(&trap);
    check!(trap.far == at, "trapped at {:#x}, not at {at:#x}", trap.far);
    let made = abort_attempt(&trap);
    check!(
        made == Some(attempt),
        "trapped by {made:?}, not by {attempt:?}"
    );
    Verdict::Passed
}

fn report(trap: &Trap) {
    let Trap {
        class, far, elr, ..
    } = trap;
    say!("#   caught: {class:?} at {far:#x}, pc {elr:#x}");
}

fn abort_attempt(trap: &Trap) -> Option<Attempt> {
    match trap.class {
        Class::InstructionAbort | Class::DataAbort => trap.esr.abort().map(|abort| abort.attempt),
        _ => None,
    }
}

fn null(_: &Bed) -> Verdict {
    traps(probe_load, 0, Attempt::Load)
}

fn physical_address(bed: &Bed) -> Verdict {
    traps(probe_load, bed.memory.image.start().get(), Attempt::Load)
}

fn store_to_text(_: &Bed) -> Verdict {
    traps(
        probe_store,
        stack_overflow as fn(&Bed) -> Verdict as usize as u64,
        Attempt::Store,
    )
}

fn execute_data(_: &Bed) -> Verdict {
    // `ret`: where it is executed after all, the test goes on and fails.
    static CODE: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(0xD65F_03C0);
    traps(probe_exec, (&raw const CODE).addr() as u64, Attempt::Fetch)
}

fn no_alias(bed: &Bed) -> Verdict {
    let image = bed.memory.image.start().get();
    check!(
        KERNEL_BASE != LINEAR_BASE + image,
        "the image is linked into the linear map"
    );
    traps(probe_load, LINEAR_BASE + image, Attempt::Load)
}

/// A core's stacks: exception, main, emergency.
const STACKS: usize = 3 * MAX_CPUS;

fn guards(_: &Bed) -> Verdict {
    let count = stacks().len();
    check!(count == STACKS, "{count} stacks instead of {STACKS}");
    for stack in stacks() {
        if let Some(at) = ends(&stack.guard).find(|at| !is_absent(*at)) {
            fail!("{at:#x} below the {} is mapped", stack.name);
        }
        if let Some(at) = ends(&stack.range).find(|at| load(*at).is_some()) {
            fail!("{at:#x} of the {} traps", stack.name);
        }
    }
    Verdict::Passed
}

/// The first and the last byte.
fn ends(range: &Range<u64>) -> impl Iterator<Item = u64> + use<> {
    [range.start, range.end - 1].into_iter()
}

/// Does a load there find no page, and not just one without the right?
fn is_absent(at: u64) -> bool {
    let abort = load(at).and_then(|trap| trap.esr.abort());
    abort.is_some_and(|abort| matches!(abort.status, FaultStatus::Translation(_)))
}

fn load(at: u64) -> Option<Trap> {
    // SAFETY: the probe holds nothing, and a load from the image's RAM has no effect.
    unsafe { catch_trap(probe_load, at as usize) }
}

/// Takes stack until there is none; no stack is `usize::MAX` frames deep.
extern "C" fn recurse(depth: usize) {
    let frame = black_box([depth; 64]);
    if black_box(depth) < usize::MAX {
        recurse(depth + 1);
    }
    black_box(frame);
}

fn stack_overflow(_: &Bed) -> Verdict {
    // SAFETY: `recurse` holds nothing that a destructor would have to give back.
    let Some(trap) = (unsafe { catch_trap(recurse, 0) }) else {
        fail!("the stack has no end");
    };
    report(&trap);
    let Some(stack) = overflowed(trap.far) else {
        fail!("{:#x} is in no guard page", trap.far);
    };
    check!(stack == "main stack of core 0", "the {stack} overflowed");
    Verdict::Passed
}
