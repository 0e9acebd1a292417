//! Every rule, kept and broken, as sequences of events.

mod barriers;
mod common;
mod lines;
mod owners;
mod world;
