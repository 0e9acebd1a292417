//! Cards in memory: sound ones, spoilt ones, and what is made of them.

mod audits;
mod cards;
mod common;
mod manifests;
mod names;
mod pieces;
