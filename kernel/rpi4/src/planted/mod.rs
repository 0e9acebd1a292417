//! Mistakes on purpose: what the cache oracle (`tools/oracle`) must see. Feature `planted`, which no
//! image for use has.
//!
//! Each is a small function that hands memory to a DMA channel by hand, as no driver does, and gets
//! one thing wrong. The line that is to be told bears its kind behind it, and `cargo xtask oracle`
//! reads these marks: each must be told once, with its kind, function and line, and nothing else.
//!
//! | file | what goes wrong |
//! |---|---|
//! | `handover` | before the doorbell |
//! | `addresses` | where the device is sent |
//! | `meanwhile` | while the device has its memory |
//! | `afterwards` | before the CPU uses what the device wrote |
//! | `caches` | without any device |
//! | `right` | nothing |
//!
//! `carom.planted=` on the command line runs those with that text in their names, all if it is empty,
//! and ends. Context: the boot core, after everything was brought up.

mod addresses;
mod afterwards;
pub(crate) mod alias;
mod caches;
mod handover;
mod meanwhile;
mod rig;
mod right;

use crate::console::say;
use crate::layer::Layer;
use crate::memory::Memory;
use boot::CommandLine;
use rig::Rig;

/// A mistake: its name, and what makes it.
type Bug = (&'static str, fn(&mut Rig<'_>));

/// The text that the names of those to make must have.
pub(crate) fn wanted<'a>(line: &CommandLine<'a>) -> Option<&'a str> {
    line.value("carom.planted")
}

/// Makes every mistake, and between them a transfer as it should be. False if there was none to make.
pub(crate) fn run(layer: &Layer, memory: &Memory, pattern: &str) -> bool {
    let groups = [
        handover::BUGS,
        addresses::BUGS,
        meanwhile::BUGS,
        afterwards::BUGS,
        caches::BUGS,
    ];
    let mut bugs = groups
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.contains(pattern))
        .peekable();
    let any = bugs.peek().is_some();
    for (name, plant) in bugs {
        let (Some(mut sound), Some(mut rig)) = (Rig::new(layer, memory), Rig::new(layer, memory))
        else {
            say!("planted: neither channel nor memory for {name}");
            return false;
        };
        right::right(&mut sound);
        say!("planted: {name}");
        plant(&mut rig);
    }
    any
}
