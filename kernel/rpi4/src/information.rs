//! What the kernel is told: by the device tree, and by the firmware where the tree is silent.

#![expect(unsafe_code, reason = "reads the tree where the loader left it")]

use crate::firmware::Early;
use arch::Board;
use arrayvec::ArrayString;
use boot::tree::{self, Banks, BootInfo, Kind, Source, TreeError};
use boot::{CommandLine, Handoff};
use drivers::mailbox::{
    Answer, ArmMemory, BoardRevision, CallError, CommandLine as SpokenLine, Question,
};
use hal::layout::{FDT_WINDOW, FDT_WINDOW_LEN, PERIPHERALS};
use hal::{IrqLock, PhysAddr, PhysRange, Rank};
use log::warn;
use spin::Once;

/// The tree of `tools/devicetree` for the largest board of the family.
static BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/built-in.dtb"));

/// Filled in place, since it is larger than a stack frame should be; then copied once to where it
/// stays.
///
/// Lock order: outermost, and nothing under it.
static INFO: IrqLock<BootInfo, Board> =
    IrqLock::new(Rank::Outermost, "boot information", BootInfo::new());
static TOLD: Once<BootInfo> = Once::new();

/// Where the VideoCore's share begins by default (76 MiB), if the firmware does not say.
const VIDEOCORE: PhysAddr = PhysAddr::new(0x3B40_0000);

/// Everything that is known about the machine.
pub(crate) struct Machine {
    pub(crate) info: &'static BootInfo,
    pub(crate) source: Source,
    /// RAM of this very board.
    pub(crate) banks: Banks,
    /// Board revision, from tree or firmware.
    pub(crate) revision: Option<u32>,
    /// The tree's own bytes, if it is the loader's.
    pub(crate) tree: Option<PhysRange>,
    line: ArrayString<2048>,
}

impl Machine {
    pub(crate) fn command_line(&self) -> CommandLine<'_> {
        CommandLine(&self.line)
    }
}

/// Collects it.
pub(crate) fn gather(handoff: &Handoff) -> Machine {
    let (source, declined) = read_tree(handoff);
    if let Some(error) = declined {
        warn!(
            "device tree at {:#x} declined: {error}; using the built-in one",
            handoff.x0
        );
    }
    let info: &'static BootInfo = TOLD.call_once(|| INFO.lock().clone());
    let mut firmware = mailbox(handoff, info);
    let revision = info
        .revision
        .or_else(|| told(&mut firmware, &BoardRevision));
    let line = match source {
        Source::Firmware => info.bootargs,
        Source::BuiltIn => spoken_line(&mut firmware),
    };
    let banks = match source {
        // A loader's tree is final: `total_mem=` must hold.
        Source::Firmware => info.banks.clone(),
        Source::BuiltIn => {
            let arm = told(&mut firmware, &ArmMemory).map(|part| part.len);
            clipped(info, revision, arm)
        }
    };
    let tree = (source == Source::Firmware)
        .then(|| tree_range(handoff))
        .flatten();
    Machine {
        info,
        source,
        banks,
        revision,
        tree,
        line,
    }
}

fn read_tree(handoff: &Handoff) -> (Source, Option<TreeError>) {
    let blob = (handoff.fdt != 0).then(|| {
        let len = FDT_WINDOW + FDT_WINDOW_LEN - handoff.fdt;
        let start = core::ptr::with_exposed_provenance::<u8>(handoff.fdt as usize);
        // SAFETY: the entry mapped the window from here to its end, read-only, onto RAM below 1 GiB;
        // nobody writes there before the memory map is made, and the slice is gone by then.
        unsafe { core::slice::from_raw_parts(start, len as usize) }
    });
    tree::choose(blob, BUILT_IN, &mut INFO.lock())
}

/// The tree's extent by its own header, which was checked.
fn tree_range(handoff: &Handoff) -> Option<PhysRange> {
    let size = core::ptr::with_exposed_provenance::<u32>(handoff.fdt as usize + 4);
    // SAFETY: a tree that was read has a header of 40 bytes, 8-byte aligned, still mapped.
    let size = u32::from_be(unsafe { size.read() });
    PhysRange::new(PhysAddr::new(handoff.x0), u64::from(size)).ok()
}

fn mailbox(handoff: &Handoff, info: &BootInfo) -> Option<Early> {
    let block = *info.device(Kind::Mailbox)?.registers.first()?;
    // The early tables map these alone.
    let block = PERIPHERALS.contains(block).then_some(block)?;
    // SAFETY: the tree names the mailbox, the entry mapped it; this is the only call.
    unsafe { Early::new(block, &boot::image(handoff)) }
}

/// The firmware's answer, if it has one.
fn told<Q: Question>(firmware: &mut Option<Early>, question: &Q) -> Option<Q::Value> {
    match firmware.as_mut()?.ask(question) {
        Ok(Answer::Value(value)) => Some(value),
        Ok(Answer::Unanswered) => {
            warn!("mailbox: the firmware does not answer tag {:#010x}", Q::TAG);
            None
        }
        Err(error) => {
            give_up(firmware, error);
            None
        }
    }
}

/// A firmware that does not answer may still write to the message: it is not asked again.
fn give_up(firmware: &mut Option<Early>, error: CallError) {
    warn!("mailbox: {error}");
    if !matches!(error, CallError::Tag(_)) {
        *firmware = None;
    }
}

/// The command line as the firmware tells it.
fn spoken_line(firmware: &mut Option<Early>) -> ArrayString<2048> {
    let mut line = ArrayString::new();
    if let Some(text) = told(firmware, &SpokenLine) {
        let text = text.as_bytes().iter().filter(|byte| **byte != 0);
        // Longer than the message is told as an error, so it fits.
        text.for_each(|byte| {
            let _ = line.try_push(char::from(*byte));
        });
    }
    line
}

/// The built-in tree's banks, as far as this board has RAM. Without a revision: the smallest board.
fn clipped(info: &BootInfo, revision: Option<u32>, arm_memory: Option<u32>) -> Banks {
    let memory = revision
        .and_then(tree::memory_of_revision)
        .unwrap_or(hal::GIB);
    let videocore = arm_memory.map_or(VIDEOCORE, |len| PhysAddr::new(u64::from(len)));
    let limits = tree::banks_of(memory, videocore);
    tree::clip(&info.banks, &limits).unwrap_or(limits)
}
