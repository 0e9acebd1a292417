//! Interrupts: the controller, and who gets which.

#![expect(
    unsafe_code,
    reason = "takes possession of the controller, and unmasks interrupts"
)]

use crate::channels;
use crate::information::Machine;
use crate::shell;
use arch::{Gic400, IrqChip, IrqId, MmioRegion, Timer};
use boot::tree::Kind;
use core::sync::atomic::{AtomicUsize, Ordering};
use hal::{Cpu, PhysRange};
use log::warn;
use spin::Once;

static GIC: Once<Gic400> = Once::new();

/// Urgency of everything, in the middle of what there is.
const PRIORITY: u8 = 0x80;

/// A function that the next timer interrupt runs, as an address; 0 is none.
static AT_TIMER: AtomicUsize = AtomicUsize::new(0);

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
    gic.init_core();
    arch::exception::set_irq_handler(handle);
    enable(Timer::IRQ);
    if let Err(error) = Timer.enable_sleep(gic) {
        warn!("timer: {error}");
    }
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

/// Has `f` run in the handler of the next timer interrupt, `micros` from now.
pub(crate) fn at_timer(micros: u64, f: fn()) {
    AT_TIMER.store(f as usize, Ordering::Release);
    Timer.arm(Timer.deadline(micros));
}

fn handle() {
    let Some(gic) = GIC.get() else {
        return;
    };
    while let Some(irq) = gic.acknowledge() {
        if irq.id() == Timer::IRQ {
            Timer.disarm();
            run_timer_function();
        } else if shell::input::is_source(irq.id()) {
            shell::input::receive();
        } else {
            channels::interrupt(irq.id());
        }
        gic.end(irq);
    }
}

fn run_timer_function() {
    let f = AT_TIMER.swap(0, Ordering::Acquire);
    if f != 0 {
        // SAFETY: only `at_timer` stores here, and it stores a `fn()`.
        let f = unsafe { core::mem::transmute::<usize, fn()>(f) };
        f();
    }
}
