//! What the upper bounds say after a search and after a release, and what the search by them finds.

use super::*;

/// A chunk whose slots from `first` on are all in use but those in `free`.
fn full_but_for(first: u32, slots: u32, free: &[(u32, u32)]) -> Chunk {
    let mut chunk = Chunk::new(first, slots);
    assert!(chunk.alloc_at(first, slots));
    for (first, slots) in free {
        chunk.release(*first, *slots);
    }
    chunk
}

#[test]
fn a_release_raises_the_longest_runs_to_what_it_made_and_says_so() {
    let mut chunk = full_but_for(0, 192, &[]);
    assert_eq!(chunk.alloc(&plain(1)), None);
    assert_eq!(chunk.bounds(), [0, 0]);
    for ((first, slots), longer, bounds) in [
        ((67, 2), true, [2, 1]),
        ((71, 1), false, [2, 1]),
        // As long as there was one.
        ((75, 2), false, [2, 1]),
        ((130, 6), true, [6, 6]),
        // From the first slot of a word on, and then across its edge.
        ((128, 2), true, [8, 8]),
        ((126, 2), true, [10, 10]),
    ] {
        assert_eq!(chunk.release(first, slots), longer, "{first}+{slots}");
        assert_eq!(chunk.bounds(), bounds, "{first}+{slots}");
    }
}

#[test]
fn a_word_is_looked_into_in_vain_once_and_again_after_a_release() {
    let mut chunk = full_but_for(64, 128, &[(74, 3), (140, 16)]);
    assert_eq!(chunk.alloc(&plain(16)), Some(140));
    let next = chunk.bounds[Kind::Any.bound()].first_at_least(16, 0);
    assert_eq!(next, Some(2), "the word before has no such run");
    chunk.release(77, 13);
    assert_eq!(chunk.alloc(&plain(16)), Some(74));
}

#[test]
fn a_run_of_which_words_have_no_place_is_found_wherever_it_lies() {
    let rare = |slots| Layout::of(slots, (128, 5), CHUNK_SLOTS, 0);
    let mut chunk = full_but_for(0, CHUNK_SLOTS, &[(261, 1)]);
    assert_eq!(chunk.alloc(&rare(1)), Some(261), "inside a word");
    let mut chunk = Chunk::new(0, CHUNK_SLOTS);
    let firsts: Vec<_> = core::iter::from_fn(|| chunk.alloc(&rare(200))).collect();
    assert_eq!(firsts, [5, 261, 517, 773]);
}
