//! QEMU's plugin interface, version 4, as far as it is used (QEMU documentation, "QEMU TCG Plugins",
//! API reference).

#![expect(unsafe_code, reason = "declares and exports C symbols")]

use std::ffi::{c_char, c_int, c_uint, c_void};

/// Asked for by the emulator before it calls anything.
// SAFETY: the name is the interface's own, and nothing else here has it.
#[unsafe(no_mangle)]
pub(crate) static qemu_plugin_version: c_int = oracle::emulator::INTERFACE;

/// Names the plugin to the emulator.
pub(crate) type PluginId = u64;

/// The callback may read registers.
pub(crate) const READS_REGISTERS: c_int = 1;
/// Loads, stores.
pub(crate) const LOADS: c_int = 1;
pub(crate) const STORES: c_int = 2;

/// What the emulator tells about itself.
#[repr(C)]
pub(crate) struct Info {
    pub(crate) target: *const c_char,
    /// The oldest version that it supports, and its own.
    pub(crate) min: c_int,
    pub(crate) current: c_int,
    pub(crate) system: bool,
    pub(crate) cores: c_int,
    pub(crate) most_cores: c_int,
}

/// GLib's array of structs, and of bytes.
#[repr(C)]
pub(crate) struct Array {
    pub(crate) data: *mut u8,
    pub(crate) len: c_uint,
}

/// A register, in the array of `qemu_plugin_get_registers`.
#[repr(C)]
pub(crate) struct RegisterDescription {
    pub(crate) handle: *mut c_void,
    pub(crate) name: *const c_char,
    pub(crate) feature: *const c_char,
}

/// What an access loaded or stored, the lower half first.
#[repr(C)]
pub(crate) struct Value {
    pub(crate) kind: c_int,
    pub(crate) low: u64,
    pub(crate) high: u64,
}

pub(crate) type OnVcpu = extern "C" fn(PluginId, c_uint);
pub(crate) type OnTranslation = extern "C" fn(PluginId, *mut c_void);
pub(crate) type OnExit = extern "C" fn(PluginId, *mut c_void);
pub(crate) type OnInstruction = extern "C" fn(c_uint, *mut c_void);
pub(crate) type OnAccess = extern "C" fn(c_uint, u32, u64, *mut c_void);

unsafe extern "C" {
    pub(crate) fn qemu_plugin_register_vcpu_init_cb(id: PluginId, call: OnVcpu);
    pub(crate) fn qemu_plugin_register_vcpu_tb_trans_cb(id: PluginId, call: OnTranslation);
    pub(crate) fn qemu_plugin_register_atexit_cb(id: PluginId, call: OnExit, data: *mut c_void);

    pub(crate) fn qemu_plugin_register_vcpu_tb_exec_cb(
        block: *mut c_void,
        call: OnInstruction,
        flags: c_int,
        data: *mut c_void,
    );
    pub(crate) fn qemu_plugin_tb_n_insns(block: *const c_void) -> usize;
    pub(crate) fn qemu_plugin_tb_get_insn(block: *const c_void, index: usize) -> *mut c_void;
    pub(crate) fn qemu_plugin_insn_data(insn: *const c_void, to: *mut u8, len: usize) -> usize;
    pub(crate) fn qemu_plugin_insn_vaddr(insn: *const c_void) -> u64;
    pub(crate) fn qemu_plugin_register_vcpu_insn_exec_cb(
        insn: *mut c_void,
        call: OnInstruction,
        flags: c_int,
        data: *mut c_void,
    );
    pub(crate) fn qemu_plugin_register_vcpu_mem_cb(
        insn: *mut c_void,
        call: OnAccess,
        flags: c_int,
        direction: c_int,
        data: *mut c_void,
    );

    pub(crate) fn qemu_plugin_mem_size_shift(access: u32) -> c_uint;
    pub(crate) fn qemu_plugin_mem_get_value(access: u32) -> Value;
    pub(crate) fn qemu_plugin_get_hwaddr(access: u32, virt: u64) -> *mut c_void;
    pub(crate) fn qemu_plugin_hwaddr_is_io(place: *const c_void) -> bool;
    pub(crate) fn qemu_plugin_hwaddr_phys_addr(place: *const c_void) -> u64;

    pub(crate) fn qemu_plugin_get_registers() -> *mut Array;
    pub(crate) fn qemu_plugin_read_register(handle: *mut c_void, to: *mut Array) -> c_int;
    pub(crate) fn qemu_plugin_read_memory_vaddr(virt: u64, to: *mut Array, len: usize) -> bool;

    pub(crate) fn g_byte_array_new() -> *mut Array;
    pub(crate) fn g_byte_array_set_size(array: *mut Array, len: c_uint) -> *mut Array;
}
