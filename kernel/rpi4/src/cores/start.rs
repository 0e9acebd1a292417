//! Letting the other cores out of the firmware's loop.
//!
//! Each polls its release word with the caches off, so word and entry data are written back before it
//! is woken (Devicetree Specification, "spin-table"). A core that does not come is told and left
//! where it is; the kernel goes on with those that did.

#![expect(unsafe_code, reason = "writes the words that other cores jump through")]

use super::idle::idle;
use super::{ONLINE, is_online};
use crate::console::say;
use crate::information::Machine;
use crate::interrupts;
use crate::memory::Memory;
use arch::{Board, Timer, cache};
use boot::Handoff;
use boot::tree::ParkedCpu;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use hal::{Access, Clock, PhysAddr, PhysRange, Platform};
use log::warn;
use mm::ClaimKind;

/// A core needs microseconds; the emulator's host may have other things to do.
const TIMEOUT_US: u64 = 1_000_000;

/// Why a core was not even asked.
enum NotReleased {
    /// Its release word is not aligned, or nobody reserved it: it would be someone's memory.
    BadWord(PhysAddr),
}

impl fmt::Display for NotReleased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::BadWord(at) = self;
        write!(f, "its release word at {at} is not in reserved RAM")
    }
}

/// The image was entered without a firmware: see [`nobody_waits`].
static NO_FIRMWARE: AtomicBool = AtomicBool::new(false);

/// Does no core poll its release word? So it is where a loader entered the image at EL3, on all
/// cores at once: the others are parked in our own entry, for good.
pub(crate) fn nobody_waits() -> bool {
    NO_FIRMWARE.load(Ordering::Relaxed)
}

/// Starts every core that the tree names, and waits for them.
pub(crate) fn start(handoff: &Handoff, machine: &Machine, memory: &Memory) {
    if handoff.entry_el == 3 {
        NO_FIRMWARE.store(true, Ordering::Relaxed);
        warn!("entered at EL3: no firmware holds the other cores for us, so this one is alone");
        return;
    }
    let entry = boot::secondary_start(handoff, arch::cpu::table_root(), |line| {
        // SAFETY: the entry's own static, mapped as the whole image is.
        unsafe { cache::clean(*line.start(), *line.end()) };
        Board.complete(); // stays: between cores, before a release word that may be evicted early
    });
    for cpu in &machine.info.cpus {
        if let Err(why) = release(cpu, entry, memory) {
            warn!("core {}: {why}", cpu.id.index());
        }
    }
    arch::cpu::sev();
    let all = || machine.info.cpus.iter().all(|cpu| is_online(cpu.id));
    let deadline = Timer.deadline(TIMEOUT_US);
    while !all() && Timer.ticks() < deadline {
        arch::cpu::relax();
    }
    report(machine);
}

fn release(cpu: &ParkedCpu, entry: PhysAddr, memory: &Memory) -> Result<(), NotReleased> {
    let bad = NotReleased::BadWord(cpu.release);
    let word = PhysRange::new(cpu.release, size_of::<u64>() as u64);
    let Some(word) = word.ok().filter(|word| is_ours_to_write(*word, memory)) else {
        return Err(bad);
    };
    let at = Board.view(word, Access::Write).cast::<u64>();
    // SAFETY: aligned RAM in the linear map that is reserved for nothing but this.
    unsafe { at.write_volatile(entry.get()) };
    Board.clean(word);
    Board.complete(); // stays: between cores, where `sev` waits as well
    Ok(())
}

/// Does `word` lie in RAM that the linear map shows and that somebody reserved?
fn is_ours_to_write(word: PhysRange, memory: &Memory) -> bool {
    let mut named = memory.map.named().iter();
    let mut banks = memory.map.banks().iter();
    word.is_aligned(size_of::<u64>() as u64)
        && banks.any(|bank| bank.contains(word))
        && named.any(|named| named.kind == ClaimKind::Reserved && named.range.contains(word))
}

fn report(machine: &Machine) {
    for cpu in machine.info.cpus.iter().filter(|cpu| !is_online(cpu.id)) {
        let (core, at) = (cpu.id.index(), cpu.release);
        warn!(
            "core {core} did not come within {} ms of its release at {at}",
            TIMEOUT_US / 1000
        );
    }
    say!(
        "cores       {} of {} run",
        super::online().count(),
        machine.info.cpus.len() + 1
    );
}

/// First Rust of another core: its own main stack, the kernel's tables, exceptions masked.
pub(crate) fn secondary() -> ! {
    arch::exception::install_vectors();
    interrupts::start_core();
    let core = <Board as hal::Cpu>::cpu_id();
    ONLINE.fetch_or(1 << core.index(), Ordering::Release);
    idle()
}
