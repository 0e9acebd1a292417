//! The emulator's interface with types. The values exist inside of the emulator's callbacks alone:
//! [`callbacks`](crate::callbacks) makes them from what it is called with.

#![expect(unsafe_code, reason = "calls the emulator")]

use crate::ffi;
use std::ffi::c_void;
use std::marker::PhantomData;

/// A block of instructions that is being translated.
pub(crate) struct Block<'a>(*mut c_void, PhantomData<&'a ()>);

/// An instruction of it.
pub(crate) struct Instruction<'a>(*mut c_void, PhantomData<&'a ()>);

/// An access that has just happened.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    info: u32,
    pub(crate) virt: u64,
    inside: PhantomData<&'a ()>,
}

impl<'a> Block<'a> {
    /// # Safety
    /// `block` is what the emulator's translation callback was called with, which has not returned.
    pub(crate) unsafe fn new(block: *mut c_void) -> Self {
        Self(block, PhantomData)
    }

    pub(crate) fn instructions(&self) -> impl Iterator<Item = Instruction<'a>> {
        // SAFETY: the block is valid, by `new`.
        let count = unsafe { ffi::qemu_plugin_tb_n_insns(self.0) };
        let block = self.0;
        (0..count).map(move |i| {
            // SAFETY: as above, and the block has that many.
            Instruction(
                unsafe { ffi::qemu_plugin_tb_get_insn(block, i) },
                PhantomData,
            )
        })
    }
}

impl Block<'_> {
    /// Has `call` called before each execution.
    pub(crate) fn before(&self, call: ffi::OnInstruction) {
        let (flags, none) = (ffi::READS_REGISTERS, std::ptr::null_mut());
        // SAFETY: the block is valid, by `new`; the callback takes no data.
        unsafe { ffi::qemu_plugin_register_vcpu_tb_exec_cb(self.0, call, flags, none) };
    }
}

impl Instruction<'_> {
    /// Where it is.
    pub(crate) fn virt(&self) -> u64 {
        // SAFETY: an instruction of a block that is being translated.
        unsafe { ffi::qemu_plugin_insn_vaddr(self.0) }
    }

    /// The word itself.
    pub(crate) fn word(&self) -> u32 {
        let mut bytes = [0; 4];
        // SAFETY: as above; the emulator writes at most the four bytes that there are.
        unsafe { ffi::qemu_plugin_insn_data(self.0, bytes.as_mut_ptr(), bytes.len()) };
        u32::from_le_bytes(bytes)
    }

    /// Has `call` called before each execution, with `data`.
    pub(crate) fn before(&self, call: ffi::OnInstruction, data: usize) {
        let data = std::ptr::without_provenance_mut(data);
        // SAFETY: as above; the callback takes any data for a number.
        unsafe {
            ffi::qemu_plugin_register_vcpu_insn_exec_cb(self.0, call, ffi::READS_REGISTERS, data);
        }
    }

    /// Has `on_load` and `on_store` called after each access, with its address.
    pub(crate) fn after_accesses(&self, on_load: ffi::OnAccess, on_store: ffi::OnAccess) {
        for (call, direction) in [(on_load, ffi::LOADS), (on_store, ffi::STORES)] {
            let data = std::ptr::without_provenance_mut(self.virt() as usize);
            let flags = ffi::READS_REGISTERS;
            // SAFETY: as in `before`.
            unsafe {
                ffi::qemu_plugin_register_vcpu_mem_cb(self.0, call, flags, direction, data);
            }
        }
    }
}

/// Where an access went.
pub(crate) struct Place {
    pub(crate) phys: u64,
    /// To a device, and not to RAM.
    pub(crate) device: bool,
}

impl Access<'_> {
    /// # Safety
    /// `info` and `virt` are what the emulator's memory callback was called with, which has not
    /// returned.
    pub(crate) unsafe fn new(info: u32, virt: u64) -> Self {
        Self {
            info,
            virt,
            inside: PhantomData,
        }
    }

    /// Bytes.
    pub(crate) fn len(self) -> u64 {
        // SAFETY: the access is the one of this callback, by `new`.
        1 << unsafe { ffi::qemu_plugin_mem_size_shift(self.info) }
    }

    /// What was loaded or stored, as a register of 32 bits has it.
    pub(crate) fn value(self) -> u32 {
        // SAFETY: as above.
        unsafe { ffi::qemu_plugin_mem_get_value(self.info) }.low as u32
    }

    /// Where it went, by the emulator's own tables.
    pub(crate) fn place(self) -> Option<Place> {
        // SAFETY: as above.
        let place = unsafe { ffi::qemu_plugin_get_hwaddr(self.info, self.virt) };
        if place.is_null() {
            return None;
        }
        // SAFETY: valid until the callback returns.
        let device = unsafe { ffi::qemu_plugin_hwaddr_is_io(place) };
        // SAFETY: as above.
        let phys = unsafe { ffi::qemu_plugin_hwaddr_phys_addr(place) };
        Some(Place { phys, device })
    }
}
