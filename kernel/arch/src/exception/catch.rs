//! Traps that a test provokes and survives.
//!
//! Works for every synchronous exception of thread code, stack overflow included: the handler runs
//! on `SP_EL1`, and what it needs to resume lies in the caller's frame, above the damage.

use crate::esr::{Class, Esr};
use crate::frame::{Frame, Spsr};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use hal::{Cpu, MAX_CPUS};

use crate::board::Board;
use aarch64_cpu::registers::DAIF;
use tock_registers::interfaces::Readable;

core::arch::global_asm!(include_str!("catch.s"));

/// A synchronous exception that [`catch_trap`] caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What kind.
    pub class: Class,
    /// The whole syndrome; `esr.abort()` tells why an access failed.
    pub esr: Esr,
    /// The address, for aborts.
    pub far: u64,
    /// The instruction.
    pub elr: u64,
}

/// Where to go on after a trap. `catch.s` knows the layout.
#[derive(Debug, Default)]
#[repr(C)]
struct Resume {
    /// `x19` to `x30`. The last is zero until all is saved.
    callee_saved: [u64; 12],
    sp: u64,
}

/// A `catch_trap` that waits.
#[derive(Debug)]
#[repr(C)]
struct Catch {
    /// First: its address is that of the whole.
    resume: Resume,
    daif: u64,
    trap: Option<Trap>,
}

/// What each core's innermost `catch_trap` waits in. Only that core uses its entry.
static CURRENT: [AtomicPtr<Catch>; MAX_CPUS] = [const { AtomicPtr::new(null_mut()) }; MAX_CPUS];

unsafe extern "C" {
    fn arch_catch(f: unsafe extern "C" fn(usize), arg: usize, resume: *mut Resume) -> u64;
}

/// Runs `f(arg)`. If an instruction of it traps, abandons it and says why.
///
/// Interrupts may be on; their handlers are not part of `f`, so a fault in one is fatal as ever. An
/// SError is not synchronous and is fatal too. Calls may nest. Thread code only.
///
/// # Safety
/// `f(arg)` may be called. If it traps, its frames and those of what it called vanish without
/// running destructors, so neither soundness nor a lock may depend on them; interrupts are then as
/// they were before the call.
pub unsafe fn catch_trap(f: unsafe extern "C" fn(usize), arg: usize) -> Option<Trap> {
    let current = &CURRENT[Board::cpu_id().index()];
    let mut catch = Catch {
        resume: Resume::default(),
        daif: DAIF.get(),
        trap: None,
    };
    let catch_ptr = &raw mut catch;
    let outer = current.swap(catch_ptr, Relaxed);
    // SAFETY: the caller vouches for `f`, and for its frames being dispensable; `catch` outlives
    // the call. Whichever way it returns, callee-saved registers and stack are as the ABI wants.
    unsafe { arch_catch(f, arg, catch_ptr.cast()) };
    current.store(outer, Relaxed);
    catch.trap
}

/// Makes `frame` return from the innermost `catch_trap` of this core. False if there is none.
pub(super) fn deliver(frame: &mut Frame) -> bool {
    let current = CURRENT[Board::cpu_id().index()].load(Relaxed);
    // SAFETY: not null means that `catch_trap` waits further up this core's thread stack, which the
    // exception interrupted; nobody else has a reference to its record.
    let Some(catch) = (unsafe { current.as_mut() }) else {
        return false;
    };
    if catch.resume.callee_saved[11] == 0 {
        return false;
    }
    let esr = frame.syndrome();
    catch.trap = Some(Trap {
        class: esr.class(),
        esr,
        far: frame.far,
        elr: frame.elr,
    });
    resume_at(frame, catch);
    true
}

/// Turns the exception's return into `arch_catch`'s.
fn resume_at(frame: &mut Frame, catch: &Catch) {
    frame.x[0] = 1;
    frame.x[19..=30].copy_from_slice(&catch.resume.callee_saved);
    frame.sp_el0 = catch.resume.sp;
    frame.elr = catch.resume.callee_saved[11];
    frame.spsr = Spsr::EL1T | (catch.daif & Spsr::MASKS);
}
