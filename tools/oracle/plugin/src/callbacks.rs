//! What the emulator calls.

#![expect(
    unsafe_code,
    reason = "takes what the emulator passes for what it says it is"
)]

use crate::api::{Access, Block};
use crate::ffi::PluginId;
use crate::follow::Oracle;
use crate::values;
use std::ffi::{c_uint, c_void};
use std::sync::Mutex;

/// All state; set by `install`.
pub(crate) static ORACLE: Mutex<Option<Oracle>> = Mutex::new(None);

fn with(act: impl FnOnce(&mut Oracle)) {
    if let Ok(mut oracle) = ORACLE.lock()
        && let Some(oracle) = oracle.as_mut()
    {
        act(oracle);
    }
}

pub(crate) extern "C" fn on_core(_: PluginId, _core: c_uint) {
    // SAFETY: this is the callback for a new core.
    let registers = unsafe { values::registers() };
    with(|oracle| oracle.guest.learn(&registers));
}

pub(crate) extern "C" fn on_translation(_: PluginId, block: *mut c_void) {
    // SAFETY: what the emulator passes to this callback.
    let block = unsafe { Block::new(block) };
    with(|oracle| oracle.translate(&block));
}

pub(crate) extern "C" fn on_block(_: c_uint, _: *mut c_void) {
    with(|oracle| oracle.guest.identify());
}

pub(crate) extern "C" fn on_instruction(_: c_uint, number: *mut c_void) {
    with(|oracle| oracle.instruction(number.addr()));
}

pub(crate) extern "C" fn on_load(_: c_uint, info: u32, virt: u64, pc: *mut c_void) {
    // SAFETY: what the emulator passes to this callback.
    let access = unsafe { Access::new(info, virt) };
    with(|oracle| oracle.access(access, pc.addr() as u64, false));
}

pub(crate) extern "C" fn on_store(_: c_uint, info: u32, virt: u64, pc: *mut c_void) {
    // SAFETY: as above.
    let access = unsafe { Access::new(info, virt) };
    with(|oracle| oracle.access(access, pc.addr() as u64, true));
}

pub(crate) extern "C" fn on_exit(_: PluginId, _: *mut c_void) {
    with(Oracle::end);
}
