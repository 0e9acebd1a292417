//! `dma pools`: how full the bounce pool is, chunk by chunk.

use super::Context;
use crate::console::say;
use crate::layer::inspector;
use crate::report;
use ::shell::{Arguments, Command, Completion, Refusal};
use arch::Board;
use core::fmt;
use dma::cells::{self, CELL};
use dma::swiotlb::{CHUNK_SLOTS, ChunkUsage, Extent, PARTS, SLOT, SetUsage, Usage};
use dma::{DmaDevice, PoolView, RestrictedPool};
use hal::{KIB, PhysRange};

pub(super) const COMMAND: Command<Context> = Command {
    name: "dma pools",
    arguments: "[reset]",
    summary: "the bounce pools: slots in use, the most so far, growth",
    details: "\
A row for each chunk; its bar has a character for every 64 KiB: . none of it
in use, - up to a half, + more, # all, blank where the chunk has no memory.
The longest free run is an upper bound: a search that fails makes it exact.
What a device reserved counts as in use. A map that may wait waits for slots.
Small objects bounce by cells, which no cache holds; without one, by slots.
\"reset\" lets the high-water marks start anew.",
    completion: Completion::Words(&["reset"]),
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let dma = context.layer.dma;
    match arguments {
        [] => {}
        ["reset"] => inspector().reset_high_water(dma),
        _ => return Err(Refusal::Usage),
    }
    report::print_pool(&context.memory);
    for view in inspector().pools(dma) {
        print_view(&view);
    }
    inspector()
        .reservations(dma)
        .for_each(|set| print_reserved(&set));
    context.layer.masters.iter().for_each(print_quota);
    if let waiters @ 1.. = inspector().waiters(dma) {
        say!("  waiting    {waiters} maps");
    }
    say!("devices     slots   most    bounced        KiB  refused");
    for master in context.layer.masters {
        print_device(context, master);
    }
    Ok(())
}

fn print_view(view: &PoolView<'_, Board>) {
    if view.restricted().is_some() {
        say!("restricted  {} {}", view.range(), view.name());
    }
    print_usage(&view.usage());
    print_extent(&view.extent());
    view.chunks().for_each(|chunk| print_chunk(&chunk));
    if let Some((range, usage)) = view.cells() {
        print_cells(range, usage);
    }
}

fn print_device(context: &Context, master: &DmaDevice) {
    let totals = inspector().totals(master);
    let (used, most) = inspector().slots_of(context.layer.dma, master);
    let pool = inspector().restricted_pool(master);
    say!(
        "  {:<9} {used:>5}  {most:>5}  {:>9}  {:>9}  {}{}",
        master.name(),
        totals.bounced_all(),
        totals.bounced_bytes / KIB,
        Refused(&totals.refused_by),
        Own(pool)
    );
}

/// Refusals by kind, as far as there are any.
struct Refused<'a>(&'a [u64; dma::Refusal::COUNT]);

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = dma::Refusal::ALL.iter().zip(self.0);
        let mut some = kinds.filter(|(_, count)| **count > 0);
        let Some((kind, count)) = some.next() else {
            return f.write_str("none");
        };
        write!(f, "{kind} {count}")?;
        some.try_for_each(|(kind, count)| write!(f, ", {kind} {count}"))
    }
}

/// The pool that a device has for itself and its like.
struct Own(Option<RestrictedPool>);

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |own| write!(f, " ({})", own.name()))
    }
}

fn print_reserved(set: &SetUsage) {
    let SetUsage {
        device,
        cells,
        used,
        max_len,
        slots,
    } = set;
    say!("  reserved   {device}: {used} of {cells} in use, {max_len} bytes, {slots} slots each");
}

fn print_quota(master: &DmaDevice) {
    if let (Some(quota), Some(used)) = (master.quota(), inspector().quota_used(master)) {
        let name = master.name();
        say!("  quota      {name}: {used} of {quota} slots in use");
    }
}

fn print_cells(range: PhysRange, cells::Usage { total, used }: cells::Usage) {
    say!("cells       {range}, not cacheable");
    say!("  cells      {total} of {CELL} bytes");
    say!("  in use     {used}");
}

fn print_usage(usage: &Usage) {
    say!("  slots      {} of {SLOT} bytes", usage.total);
    say!("  in use     {}", usage.used);
    say!("  most       {}", usage.high_water);
    say!(
        "  served     {} runs, {} KiB, refused: {}",
        usage.runs,
        usage.bytes / KIB,
        Refused(&usage.refused)
    );
    say!("  free run   at most {} slots", usage.largest_run);
}

fn print_extent(extent: &Extent) {
    say!(
        "  floor      {} slots, ceiling {}, idle {} ms",
        extent.floor,
        extent.ceiling,
        extent.idle_us / 1000
    );
    let spare = if extent.spare { "one ready" } else { "none" };
    say!(
        "  growth     {} chunks came, {} went, spare: {spare}",
        extent.grown,
        extent.returned
    );
}

fn print_chunk(chunk: &ChunkUsage) {
    let ChunkUsage {
        memory,
        total,
        used,
        stays,
        parts,
    } = chunk;
    let stays = if *stays { "stays" } else { "" };
    say!("  {memory} {used:>5}/{total:<5}|{}| {stays}", Bar(parts));
}

/// A character for each part.
struct Bar<'a>(&'a [Option<u8>; PARTS]);

impl fmt::Display for Bar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALL: u32 = CHUNK_SLOTS / PARTS as u32;
        self.0.iter().try_for_each(|part| {
            f.write_str(match part.map(u32::from) {
                None => " ",
                Some(0) => ".",
                Some(ALL..) => "#",
                Some(used) if used > ALL / 2 => "+",
                Some(_) => "-",
            })
        })
    }
}
