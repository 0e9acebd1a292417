//! The emulator's side of the cache oracle: a plugin that turns what the CPU executes into the
//! events of `oracle`. All that decides is there; what is here moves values over the border.
//!
//! | file | what |
//! |---|---|
//! | `ffi` | the emulator's plugin interface, declared by hand, as far as it is used |
//! | `api` | the same with types: what exists only inside of a callback cannot be made elsewhere |
//! | `values` | the same for the values that it gives |
//! | `install` | the emulator's first call |
//! | `callbacks` | what the emulator calls |
//! | `follow` | instructions and accesses into events |
//! | `tell` | findings into lines of the file |
//! | `guest` | the guest's registers and memory; who called |
//!
//! The interface changes with the emulator's releases; any but the one that is known
//! (`oracle::emulator`) is refused with a line that says so.
//!
//! Context: the emulator runs all cores on one thread, as `-icount` makes it. The lock around the
//! state is there for the thread that ends the process.

mod api;
mod callbacks;
mod ffi;
mod follow;
mod guest;
mod install;
mod tell;
mod values;
