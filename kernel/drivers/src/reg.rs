//! A register as a typed offset.

use core::marker::PhantomData;
use hal::Mmio;
use tock_registers::fields::FieldValue;
use tock_registers::{LocalRegisterCopy, RegisterLongName};

/// The register at a fixed offset of its block, with the fields that `R` names.
pub(crate) struct Reg<R: RegisterLongName = ()> {
    offset: usize,
    fields: PhantomData<R>,
}

impl<R: RegisterLongName> Reg<R> {
    /// The register `offset` bytes into the block.
    pub(crate) const fn at(offset: usize) -> Self {
        Self {
            offset,
            fields: PhantomData,
        }
    }

    /// Loads the register, once.
    pub(crate) fn read<M: Mmio>(&self, io: &mut M) -> LocalRegisterCopy<u32, R> {
        LocalRegisterCopy::new(io.read32(self.offset))
    }

    /// Stores `fields`; all others become zero.
    pub(crate) fn write<M: Mmio>(&self, io: &mut M, fields: FieldValue<u32, R>) {
        io.write32(self.offset, fields.value);
    }

    /// Stores a whole word.
    pub(crate) fn set<M: Mmio>(&self, io: &mut M, word: u32) {
        io.write32(self.offset, word);
    }
}
