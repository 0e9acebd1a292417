//! Many random steps: whatever is handed out is free in the model, and what is refused is not there.

use super::super::{CHUNK, CHUNK_SLOTS, Full, SLOT, Slots};
use super::*;
use oorandom::Rand32;
use std::vec::Vec;

/// Every slot of every chunk: free or not.
struct Bitmap(Vec<Vec<bool>>);

impl Bitmap {
    fn new(slots: u64) -> Self {
        let chunks = slots.div_ceil(1024);
        let chunk = |chunk| (0..1024).map(|slot| chunk * 1024 + slot < slots).collect();
        Self((0..chunks).map(chunk).collect())
    }

    fn free(&self) -> u32 {
        self.0.iter().flatten().filter(|free| **free).count() as u32
    }

    /// Is there a run of this shape: in a chunk, or from the first place in one over its neighbours?
    fn has(&self, layout: &Layout) -> bool {
        if layout.is_long() {
            let all: Vec<bool> = self.0.concat();
            let (first, slots) = (layout.phase as usize, layout.slots as usize);
            let free = |at: usize| {
                all.get(at..at + slots)
                    .is_some_and(|run| run.iter().all(|f| *f))
            };
            return (0..self.0.len()).any(|chunk| free(chunk * 1024 + first));
        }
        self.0.iter().any(|chunk| has_run(chunk, layout))
    }

    fn set(&mut self, slots: &Slots, free: bool) {
        let start = u32::from(slots.chunk) * CHUNK_SLOTS + u32::from(slots.first);
        for slot in start..start + slots.count {
            let slot = &mut self.0[(slot / CHUNK_SLOTS) as usize][(slot % CHUNK_SLOTS) as usize];
            assert_ne!(
                *slot, free,
                "{slots:?} handed out or released twice (INV-5)"
            );
            *slot = free;
        }
    }
}

fn has_run(chunk: &[bool], layout: &Layout) -> bool {
    let mut run = 0;
    chunk.iter().enumerate().any(|(slot, free)| {
        run = if *free { run + 1 } else { 0 };
        run >= layout.slots && layout.allows(slot as u32 + 1 - layout.slots)
    })
}

/// A request: mostly small, sometimes with masks, a boundary, or more than a chunk.
fn request(pool: &Pool<Core>, random: &mut Rand32) -> Option<(u64, u64, Limits, u64, Layout)> {
    let mut one_in = |n: u32| random.rand_range(0..n) == 0;
    let bits = [
        one_in(8),
        one_in(16),
        one_in(16),
        one_in(4),
        one_in(16),
        one_in(32),
    ];
    let mut below = |n: u32| u64::from(random.rand_range(0..n));
    let limits = Limits {
        min_align_mask: if bits[0] { (1 << below(18)) - 1 } else { 0 },
        seg_boundary_mask: if bits[1] {
            (1 << (11 + below(20))) - 1
        } else {
            u64::MAX
        },
        ..Limits::DEFAULT
    };
    let area = if bits[2] { (1 << below(18)) - 1 } else { 0 };
    let longest = match bits {
        [.., true] => 4 * CHUNK as u32,
        [.., true, _] => CHUNK as u32,
        [_, _, _, true, ..] => 0x1_0000,
        _ => 0x2000,
    };
    let (orig, len) = (below(0x40_0000), 1 + below(longest));
    let layout = shape(pool, orig, len, &limits, area)?;
    Some((orig, len, limits, area, layout))
}

/// AL-1 to AL-3 and the boundary, as predicates of a result.
fn assert_rules(slots: &Slots, orig: u64, limits: &Limits, area: u64) {
    let (data, mask) = (slots.data().start().get(), limits.min_align_mask);
    assert_eq!(data & mask, orig & mask, "AL-2: {slots:?}");
    let first = BASE + u64::from(slots.chunk) * CHUNK + u64::from(slots.first) * SLOT;
    let padding = data - first;
    assert_eq!(padding, orig & mask & (area | 0x7FF), "AL-1: {slots:?}");
    if mask <= area | 0x7FF {
        assert_eq!(first & area & !0x7FF, 0, "AL-2: the area of {slots:?}");
    }
    if mask == 0 && area == 0 && slots.data().len() >= 4096 {
        assert_eq!(data % 4096, 0, "AL-3: {slots:?}");
    }
    let crossed = (data ^ slots.data().last().get()) & !limits.seg_boundary_mask;
    assert_eq!(crossed, 0, "FR-5: {slots:?}");
}

fn agree(slots: u64, seed: u64, steps: u32) {
    let (pool, mut model) = (pool(slots), Bitmap::new(slots));
    let mut random = Rand32::new(seed);
    let mut live: Vec<Slots> = Vec::new();
    let mut filling = true;
    for _ in 0..steps {
        // In phases, so that the pool is empty, full and in between for a while each.
        if random.rand_range(0..2000) == 0 {
            filling = !filling;
        }
        if random.rand_range(0..16) < if filling { 10 } else { 6 } {
            let Some((orig, len, limits, area, layout)) = request(&pool, &mut random) else {
                continue;
            };
            match pool.alloc(&layout, len) {
                Ok(slots) => {
                    assert_rules(&slots, orig, &limits, area);
                    model.set(&slots, false);
                    live.push(slots);
                }
                Err(Full { free, .. }) => {
                    assert!(!model.has(&layout), "refused {layout:?}");
                    assert_eq!(free, model.free(), "INV-6");
                }
            }
        } else if !live.is_empty() {
            let slots = live.swap_remove(random.rand_range(0..live.len() as u32) as usize);
            model.set(&slots, true);
            pool.release(slots);
        }
    }
    let used = pool.usage().used;
    assert_eq!(
        used,
        live.iter().map(|slots| slots.count).sum::<u32>(),
        "INV-5"
    );
    live.drain(..).for_each(|slots| pool.release(slots));
    let whole = plain(&pool, slots.min(1024) * SLOT);
    assert!(
        pool.alloc(&whole, slots.min(1024) * SLOT).is_ok(),
        "INV-5: as at first"
    );
}

const SIZES: [u64; 6] = [3, 64, 1000, 1024, 2 * 1024 + 130, 5 * 1024];

#[test]
#[cfg_attr(miri, ignore = "numbers alone, thousands of them")]
fn inv_5_inv_6_random_steps_agree_with_a_plain_bitmap() {
    for (seed, slots) in SIZES.into_iter().enumerate() {
        agree(slots, seed as u64, 40_000);
    }
}

#[test]
#[ignore = "the long form: ten million steps"]
fn inv_5_inv_6_millions_of_random_steps_agree_with_a_plain_bitmap() {
    for seed in 0..40 {
        for slots in SIZES {
            agree(slots, 1000 + seed, 50_000);
        }
    }
}
