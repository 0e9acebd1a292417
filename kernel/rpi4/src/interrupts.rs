//! Interrupts: the controller, and a table of who handles which.
//!
//! Whoever owns a source registers its handler here; this module knows none of them. An interrupt goes
//! to the core that registered it; those that each core has of its own go to every core that starts.
//!
//! Handlers run on `SP_EL1` with interrupts masked. They take locks as anybody does, and never wait.

#![expect(
    unsafe_code,
    reason = "takes possession of the controller, and unmasks interrupts"
)]

use crate::information::Machine;
use arch::{Gic400, IrqChip, IrqId, MmioRegion};
use boot::tree::Kind;
use core::fmt;
use hal::{Cpu, CpuId, PhysRange};
use log::warn;
use spin::Once;

static GIC: Once<Gic400> = Once::new();

/// Urgency of everything, in the middle of what there is.
const PRIORITY: u8 = 0x80;

/// What is called for an interrupt, with its number: one handler may have several.
pub(crate) type Handler = fn(IrqId);

/// Numbers that a GIC-400 of this chip has.
const NUMBERS: usize = 256;

static HANDLERS: [Once<Handler>; NUMBERS] = [const { Once::new() }; NUMBERS];
/// What is called when all interrupts are handled and ended.
static TAIL: Once<fn()> = Once::new();

/// Why an interrupt was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRegistered {
    /// The chip has none by this number.
    Unknown(IrqId),
    /// Somebody else has it.
    Taken(IrqId),
}

impl fmt::Display for NotRegistered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => write!(f, "{id} does not exist: {NUMBERS} is the first"),
            Self::Taken(id) => write!(f, "{id} has a handler already"),
        }
    }
}

/// Brings up the controller, and lets interrupts through: none comes before it is registered.
///
/// Panics without a controller: transfers end by interrupt.
pub(crate) fn start(machine: &Machine) {
    let device = machine
        .info
        .device(Kind::Gic)
        .expect("the tree of this board has a GIC");
    let [distributor, interface] = [0, 1].map(|i| registers(device.registers.get(i)));
    let gic = Gic400::new(distributor, interface);
    GIC.call_once(|| gic.unwrap_or_else(|error| panic!("GIC: {error}")));
    arch::exception::set_irq_handler(handle);
    start_core();
}

/// Lets interrupts through to the calling core: those that each core has of its own, and what it
/// registers later.
pub(crate) fn start_core() {
    controller().init_core();
    let own = (0..IrqId::FIRST_SHARED).filter_map(IrqId::new);
    own.filter(|id| handler(*id).is_some()).for_each(enable);
    // SAFETY: vectors and handler are installed, and this core holds no lock.
    unsafe { arch::cpu::enable_interrupts() };
    // SAFETY: as above; an SError is reported.
    unsafe { arch::cpu::enable_serror() };
}

fn registers(block: Option<&PhysRange>) -> MmioRegion {
    let block = *block.expect("the tree was checked: a GIC has two register blocks");
    // SAFETY: the tree names the GIC's registers, which every table maps; nobody else drives them.
    unsafe { MmioRegion::new(block) }.unwrap_or_else(|error| panic!("GIC: {error}"))
}

/// The controller, for what only its users know how to set up.
pub(crate) fn controller() -> &'static Gic400 {
    GIC.get().expect("started before anything that interrupts")
}

/// Has `handler` called for `id`, for good, and sends `id` to this core.
pub(crate) fn register(id: IrqId, handler: Handler) -> Result<(), NotRegistered> {
    let entry = HANDLERS.get(id.get() as usize);
    let entry = entry.ok_or(NotRegistered::Unknown(id))?;
    if entry.is_completed() {
        return Err(NotRegistered::Taken(id));
    }
    entry.call_once(|| handler);
    enable(id);
    Ok(())
}

/// Has `tail` called at the end of every interrupt, when all are handled and ended; the first who
/// asks has it. It may let interrupts through.
pub(crate) fn at_tail(tail: fn()) {
    TAIL.call_once(|| tail);
}

fn enable(id: IrqId) {
    if let Err(error) = controller().enable(id, PRIORITY, arch::Board::cpu_id()) {
        warn!("{error}");
    }
}

fn handler(id: IrqId) -> Option<Handler> {
    HANDLERS.get(id.get() as usize)?.get().copied()
}

/// Raises an interrupt between cores on `core`. Takes no lock.
pub(crate) fn send(id: IrqId, core: CpuId) {
    if let Some(gic) = GIC.get() {
        gic.send(id, core).expect("one of those between cores");
    }
}

fn handle() {
    let Some(gic) = GIC.get() else {
        return;
    };
    while let Some(irq) = gic.acknowledge() {
        let id = irq.id();
        match handler(id) {
            Some(handler) => handler(id),
            // Nobody's, and nobody would silence it.
            None => _ = gic.disable(id),
        }
        gic.end(irq);
    }
    if let Some(tail) = TAIL.get() {
        tail();
    }
}
