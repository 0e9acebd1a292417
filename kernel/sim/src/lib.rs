//! A machine that misbehaves on purpose (host only).
//!
//! [`Machine`] implements every seam of `hal` over RAM that lies behind a write-back cache which no
//! device can see. Between any two memory operations an adversary may fetch a line, evict one, or
//! finish maintenance that was asked for and not yet waited for: whatever the architecture allows a
//! core to do on its own. Code that is right under every [`Adversary`] follows the rules; code that
//! is wrong under one of them has forgotten a clean, an invalidate, a barrier or a neighbour.
//!
//! Devices reach RAM through a [`BusView`], by hand ([`Machine::device_write`]), at moments of the
//! adversary's choice ([`Machine::device_begins`]), or as a model of a controller ([`dma_engine`]). What the chip leaves undefined, a model refuses with a panic.
//!
//! Breaking a rule that leaves no trace in the data (a barrier, freed memory, a bus address outside
//! the window) is a [`Violation`]: a panic, or an entry in [`Machine::violations`] if the builder
//! says [`collect_violations`](Builder::collect_violations).
//!
//! | to test | use |
//! |---|---|
//! | one sequence of calls under all adversaries | [`under_every_adversary`] |
//! | all scripts of so many moves, of a case of one or two lines | [`explore`] |
//! | all states that any adversary brings such a case into | [`explore_states`] |
//! | the order of maintenance and barriers | [`Machine::trace`] |
//! | the cost in lines and bytes | [`Machine::counters`] |
//! | a driver against its controller | [`dma_engine::DmaEngine`], [`sdhci::Sdhci`] |
//!
//! A panic under a random adversary names its seed, one under [`explore`] its script; both replay.

mod accesses;
mod adversary;
mod background;
mod builder;
mod bus;
mod cache;
mod cpu;
mod device;
pub mod dma_engine;
mod explore;
mod lines;
mod machine;
mod maintenance;
mod memory;
mod order;
mod pages;
mod platform;
mod ram;
pub mod sdhci;
mod services;
mod trace;
mod turn;
mod uncached;
mod violation;
mod walk;
mod world;

pub use adversary::{Adversary, Oracle};
pub use background::Access as DeviceAccess;
pub use builder::Builder;
pub use bus::{BusError, BusView};
pub use cache::LineState;
pub use cpu::{irq_depth, irq_masks, irqs_masked, set_cpu, set_place};
pub use explore::{MOST_RUNS, explore, under_every_adversary};
pub use machine::Machine;
pub use trace::{Counters, Op};
pub use violation::{Violation, Who};
pub use walk::{Explored, explore_states};
