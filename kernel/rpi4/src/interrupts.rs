//! Interrupts: the controller, and who gets which.

#![expect(
    unsafe_code,
    reason = "takes possession of the controller, and unmasks interrupts"
)]

use crate::information::Machine;
use crate::{channels, cores, shell, timers, work};
use arch::{Gic400, IrqChip, IrqId, MmioRegion, Timer};
use boot::tree::Kind;
use hal::{Cpu, CpuId, PhysRange};
use log::warn;
use spin::Once;

static GIC: Once<Gic400> = Once::new();

/// Urgency of everything, in the middle of what there is.
const PRIORITY: u8 = 0x80;

/// Ends the sleep of a core.
pub(crate) const WAKE: IrqId = IrqId::between_cores(0).expect("below 16");
/// Has a core stand still for good.
pub(crate) const STOP: IrqId = IrqId::between_cores(1).expect("below 16");

/// Brings up the controller and the timer, and lets interrupts through.
///
/// Panics without a controller: transfers end by interrupt.
pub(crate) fn start(machine: &Machine) {
    let device = machine
        .info
        .device(Kind::Gic)
        .expect("the tree of this board has a GIC");
    let [distributor, interface] = [0, 1].map(|i| registers(device.registers.get(i)));
    let gic = Gic400::new(distributor, interface);
    let gic = GIC.call_once(|| gic.unwrap_or_else(|error| panic!("GIC: {error}")));
    arch::exception::set_irq_handler(handle);
    if let Err(error) = Timer.enable_sleep(gic) {
        warn!("timer: {error}");
    }
    start_core();
}

/// Lets interrupts through to the calling core: its timer's, those between cores, and what it
/// enables later.
///
/// Only the boot core sleeps while it waits for a transfer: it is the one that transfers interrupt.
pub(crate) fn start_core() {
    let gic = GIC.get().expect("the boot core brings it up");
    gic.init_core();
    [Timer::IRQ, WAKE, STOP].into_iter().for_each(enable);
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

/// Sends an interrupt to this core.
pub(crate) fn enable(id: IrqId) {
    let gic = GIC.get().expect("started before anything that interrupts");
    if let Err(error) = gic.enable(id, PRIORITY, arch::Board::cpu_id()) {
        warn!("{error}");
    }
}

/// Raises an interrupt between cores on `core`. Takes no lock.
pub(crate) fn send(id: IrqId, core: CpuId) {
    if let Some(gic) = GIC.get() {
        gic.send(id, core).expect("constants above");
    }
}

fn handle() {
    let Some(gic) = GIC.get() else {
        return;
    };
    let mut tick = false;
    while let Some(irq) = gic.acknowledge() {
        match irq.id() {
            Timer::IRQ => tick |= timers::expired(),
            STOP => cores::obey(),
            // Its arrival is all there is to it.
            WAKE => {}
            id if shell::input::is_source(id) => shell::input::receive(),
            id => channels::interrupt(id),
        }
        gic.end(irq);
    }
    if tick {
        work::tick();
    }
}
