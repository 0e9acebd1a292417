//! The SD driver on the simulated controller, with a card behind it.

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod errors;
mod identification;
mod requests;
