//! Values that the emulator gives: registers and memory of the core that a callback is about.

#![expect(unsafe_code, reason = "calls the emulator")]

use crate::ffi;
use std::collections::HashMap;
use std::ffi::CStr;

/// A register of a core, by the emulator's handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Register(usize);

/// Bytes that the emulator gives.
pub(crate) struct Bytes(usize);

impl Bytes {
    pub(crate) fn new() -> Self {
        // SAFETY: no preconditions.
        Self(unsafe { ffi::g_byte_array_new() }.expose_provenance())
    }

    fn array(&self) -> *mut ffi::Array {
        std::ptr::with_exposed_provenance_mut(self.0)
    }

    fn clear(&mut self) {
        // SAFETY: the array is ours, and borrowed exclusively.
        unsafe { ffi::g_byte_array_set_size(self.array(), 0) };
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the array is ours and lives for ever.
        let array = unsafe { &*self.array() };
        if array.len == 0 {
            return &[];
        }
        // SAFETY: GLib keeps that many bytes there until the array is changed, which takes it
        // exclusively.
        unsafe { std::slice::from_raw_parts(array.data, array.len as usize) }
    }

    /// The value of a register of the core that the callback is about; such a callback asked for it.
    pub(crate) fn register(&mut self, register: Register) -> Option<u64> {
        self.clear();
        let handle = std::ptr::with_exposed_provenance_mut(register.0);
        // SAFETY: the emulator's own handle; the array is ours.
        unsafe { ffi::qemu_plugin_read_register(handle, self.array()) };
        Some(u64::from_le_bytes(self.bytes().try_into().ok()?))
    }

    /// Memory as that core sees it.
    pub(crate) fn memory(&mut self, virt: u64, len: usize) -> Option<&[u8]> {
        // SAFETY: the array is ours; the emulator sizes it.
        let read = unsafe { ffi::qemu_plugin_read_memory_vaddr(virt, self.array(), len) };
        read.then(|| self.bytes())
    }
}

/// The registers of the core that has just been made, by their names.
///
/// # Safety
/// Called inside of the emulator's callback for a new core.
pub(crate) unsafe fn registers() -> HashMap<String, Register> {
    // SAFETY: the caller's promise.
    let array = unsafe { ffi::qemu_plugin_get_registers() };
    // SAFETY: the emulator gives an array of descriptions.
    let array = unsafe { &*array };
    let all = array.data.cast::<ffi::RegisterDescription>();
    // SAFETY: as many as it says; the array is ours, and never freed.
    let all = unsafe { std::slice::from_raw_parts(all, array.len as usize) };
    let named = all.iter().map(|register| {
        // SAFETY: the emulator's own string.
        let name = unsafe { CStr::from_ptr(register.name) };
        let handle = Register(register.handle.expose_provenance());
        (name.to_string_lossy().into_owned(), handle)
    });
    named.collect()
}
