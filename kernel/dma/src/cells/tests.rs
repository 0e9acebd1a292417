extern crate std;
use super::bits::run_starts;
use super::*;
use hal::{KIB, MAX_CPUS, PhysAddr, RamRegion};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

/// A page, and a multiple of nothing larger.
const START: u64 = 0x3B20_1000;

#[expect(unsafe_code, reason = "memory that no test touches")]
fn memory(start: u64, len: u64) -> UncachedRegion {
    let range = PhysRange::new(PhysAddr::new(start), len).expect("valid");
    // SAFETY: numbers alone; no byte of it is used.
    let ram = unsafe { RamRegion::assume_owned(range) };
    // SAFETY: as above.
    unsafe { UncachedRegion::assume_uncached(ram) }
}

fn cells(len: u64) -> Cells {
    Cells::new(memory(START, len)).expect("whole pages on a page")
}

fn core(index: usize) -> CpuId {
    CpuId::new(index).expect("four cores")
}

/// The obvious version: a set of the cells that are taken.
#[derive(Default)]
struct Model {
    used: BTreeSet<u64>,
    total: u64,
}

impl Model {
    fn cells_of(run: &Run) -> impl Iterator<Item = u64> {
        let first = (run.data.start().get() - START) / CELL;
        first..=(run.data.last().get() - START) / CELL
    }

    /// Could `count` neighbours in one page be had?
    fn has(&self, count: u64) -> bool {
        let fits = |first: u64| {
            let last = first + count - 1;
            last < self.total
                && first / 64 == last / 64
                && (first..=last).all(|cell| !self.used.contains(&cell))
        };
        (0..self.total).any(fits)
    }
}

#[test]
fn memory_off_a_page_or_less_than_one_is_given_back() {
    for (start, len) in [(START + 64, 8 * KIB), (START, 4 * KIB - 1)] {
        let refused = Cells::new(memory(start, len)).expect_err("bad");
        let told = refused.to_string();
        assert!(told.starts_with(&memory(start, len).range().to_string()));
        assert_eq!(refused.memory, memory(start, len));
    }
}

#[test]
#[cfg_attr(miri, ignore = "numbers alone, thousands of them")]
fn geo_3_cells_beyond_the_end_are_never_handed_out() {
    for len in [4 * KIB, 4 * KIB + 65, MOST_MEMORY, 2 * MOST_MEMORY] {
        let cells = cells(len);
        let runs: Vec<Run> = std::iter::from_fn(|| cells.alloc(core(0), CELL)).collect();
        assert_eq!(runs.len() as u64, len.min(MOST_MEMORY) / CELL);
        assert!(runs.iter().all(|run| cells.range().contains(run.data)));
    }
}

#[test]
fn a_core_finds_again_what_it_gave_back_and_another_core_is_elsewhere() {
    let cells = cells(MOST_MEMORY);
    let mine = cells.alloc(core(0), 16).expect("free");
    let theirs = cells.alloc(core(3), 16).expect("free");
    let apart = mine.data.start().offset_from(theirs.data.start());
    let apart = apart.or(theirs.data.start().offset_from(mine.data.start()));
    assert!(
        apart.is_some_and(|bytes| bytes >= 8 * WORD_BYTES),
        "other lines of bits"
    );
    let at = mine.data;
    cells.release(core(0), mine);
    assert_eq!(cells.alloc(core(0), 16).map(|run| run.data), Some(at));
}

#[test]
fn the_last_free_cell_is_found_by_every_core() {
    let cells = cells(MOST_MEMORY);
    let mut runs: Vec<Run> = std::iter::from_fn(|| cells.alloc(core(1), 1)).collect();
    for cpu in 0..MAX_CPUS {
        assert_eq!(cells.alloc(core(cpu), 1), None);
        let one = runs.swap_remove(1000 * cpu);
        let at = one.data;
        cells.release(core(2), one);
        let found = cells.alloc(core(cpu), 1).expect("one is free");
        assert_eq!(found.data, at);
        runs.push(found);
    }
}

#[test]
fn runs_of_bits_are_those_of_an_obvious_search() {
    for free in [
        0,
        1,
        u64::MAX,
        0b1101_1011_1011,
        0xF000_0000_0000_0007,
        3 << 62,
    ] {
        for count in 1..=4 {
            let starts =
                (0..=64 - count).filter(|at| (*at..at + count).all(|bit| free >> bit & 1 == 1));
            let expected = starts.fold(0, |mask, at| mask | 1u64 << at);
            assert_eq!(run_starts(free, count), expected, "{free:#x} {count}");
        }
    }
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore = "numbers alone, thousands of them")]
    fn inv_5_runs_never_overlap_and_a_refusal_is_the_models(
        steps in prop::collection::vec((0usize..MAX_CPUS, 1u64..=MOST_BYTES, 0usize..64, 0u8..5), 1..900),
        pages in 1u64..4,
    ) {
        let cells = cells(pages * WORD_BYTES);
        let mut model = Model { total: 64 * pages, ..Model::default() };
        let mut live = vec![];
        for (cpu, len, which, kind) in steps {
            if kind == 0 && !live.is_empty() {
                let run: Run = live.swap_remove(which % live.len());
                Model::cells_of(&run).for_each(|cell| assert!(model.used.remove(&cell)));
                cells.release(core(cpu), run);
            } else {
                let found = cells.alloc(core(cpu), len);
                prop_assert_eq!(found.is_some(), model.has(len.div_ceil(CELL)));
                if let Some(run) = found {
                    prop_assert_eq!(run.data.len(), len);
                    prop_assert!(run.data.start().is_aligned(CELL), "a cell owns its line");
                    let (first, last) = (run.data.start().get(), run.data.last().get());
                    prop_assert_eq!(first / WORD_BYTES, last / WORD_BYTES, "no boundary within");
                    prop_assert!(Model::cells_of(&run).all(|cell| model.used.insert(cell)));
                    live.push(run);
                }
            }
            prop_assert_eq!(u64::from(cells.usage().used), model.used.len() as u64);
        }
        live.into_iter().for_each(|run| cells.release(core(0), run));
        prop_assert_eq!(cells.usage(), Usage { total: model.total as u32, used: 0 });
        prop_assert!((0..64 * pages).all(|_| cells.alloc(core(0), CELL).map(core::mem::forget).is_some()));
    }
}

/// Four cores take and give back as fast as they can; each looks whether it is alone.
#[test]
fn inv_5_cores_at_once_never_get_the_same_cell() {
    use core::sync::atomic::{AtomicBool, Ordering};
    const PAGES: u64 = 2;
    let rounds = if cfg!(miri) { 50 } else { 100_000 };
    let start = std::sync::Barrier::new(MAX_CPUS);
    let cells = cells(PAGES * WORD_BYTES);
    let taken: Vec<AtomicBool> = (0..64 * PAGES).map(|_| AtomicBool::new(false)).collect();
    let mark = |run: &Run, to: bool| {
        Model::cells_of(run).for_each(|cell| {
            let was = taken[cell as usize].swap(to, Ordering::Relaxed);
            assert_ne!(was, to, "cell {cell} has two owners");
        });
    };
    std::thread::scope(|scope| {
        for cpu in 0..MAX_CPUS {
            let (cells, mark, start) = (&cells, &mark, &start);
            scope.spawn(move || {
                let mut held: Vec<Run> = vec![];
                // A core whose thread comes late would find the others gone.
                start.wait();
                for round in 0..rounds {
                    if held.len() == 20 || (round % 3 == 2 && !held.is_empty()) {
                        let run = held.swap_remove(round % held.len());
                        mark(&run, false);
                        cells.release(core(cpu), run);
                    }
                    if let Some(run) = cells.alloc(core(cpu), 1 + (round as u64 * 37) % MOST_BYTES)
                    {
                        mark(&run, true);
                        held.push(run);
                    }
                }
                for run in held {
                    mark(&run, false);
                    cells.release(core(cpu), run);
                }
            });
        }
    });
    assert_eq!(cells.usage().used, 0);
}
