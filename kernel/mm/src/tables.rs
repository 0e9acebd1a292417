//! The kernel's final page tables.
//!
//! [`Plan`] says what is visible where and with which rights; it is pure and refuses what must not
//! be. [`build()`] writes it down with `aarch64-paging`, into pages of the image, since at that time
//! nothing else is mapped. `arch` then switches to the root that comes out.

mod area;
mod build;
mod plan;

pub use area::{Area, Kind};
pub use build::{BuildError, TableMemory, build};
pub use plan::{Plan, PlanError};

#[cfg(test)]
mod tests;
