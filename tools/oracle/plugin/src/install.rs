//! The emulator's first call: is this an emulator that is understood, and what shall be done?

#![expect(unsafe_code, reason = "reads what the emulator passes")]

use crate::callbacks::{ORACLE, on_core, on_exit, on_translation};
use crate::ffi::{self, Info, PluginId};
use crate::follow::Oracle;
use oracle::emulator::{Emulator, Options};
use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::ptr::null_mut;

/// Called once by the emulator; anything but 0 makes it end.
///
/// # Safety
/// Called by the emulator alone: `info` and the `count` strings at `words` are valid.
// SAFETY: the name is the interface's own, and nothing else here has it.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn qemu_plugin_install(
    id: PluginId,
    info: *const Info,
    count: c_int,
    words: *const *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    let info = unsafe { &*info };
    let words = (0..count as usize).map(|i| {
        // SAFETY: the caller's promise: there are `count` of them.
        let word = unsafe { words.add(i) };
        // SAFETY: as above.
        let word = unsafe { *word };
        // SAFETY: as above.
        let word = unsafe { CStr::from_ptr(word) };
        OsStr::from_bytes(word.to_bytes()).to_owned()
    });
    match check(info).and_then(|()| install(id, words)) {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("oracle: {why}");
            1
        }
    }
}

fn check(info: &Info) -> Result<(), String> {
    // SAFETY: the emulator's own string.
    let target = unsafe { CStr::from_ptr(info.target) };
    let emulator = Emulator {
        oldest: info.min,
        current: info.current,
        target: &target.to_string_lossy(),
        system: info.system,
        cores: info.cores,
    };
    emulator.check().map_err(|unfit| unfit.to_string())
}

fn install(id: PluginId, words: impl Iterator<Item = OsString>) -> Result<(), String> {
    let oracle = Oracle::new(&Options::parse(words)?)?;
    *ORACLE.lock().map_err(|error| error.to_string())? = Some(oracle);
    // SAFETY: `id` is ours.
    unsafe { ffi::qemu_plugin_register_vcpu_init_cb(id, on_core) };
    // SAFETY: as above.
    unsafe { ffi::qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation) };
    // SAFETY: as above; the callback takes no data.
    unsafe { ffi::qemu_plugin_register_atexit_cb(id, on_exit, null_mut()) };
    Ok(())
}
