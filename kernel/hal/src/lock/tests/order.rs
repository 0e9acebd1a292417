//! The order of locks as debug builds check it. Each thread is a core.

extern crate std;
use super::super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::mpsc;
use std::{format, thread, thread_local};

thread_local! {
    static HELD: HeldLocks = const { HeldLocks::new() };
}

struct Core;
impl Irq for Core {
    type State = ();
    fn mask() {}
    fn restore((): ()) {}
    fn with_held<R>(f: impl FnOnce(&HeldLocks) -> R) -> Option<R> {
        Some(HELD.with(f))
    }
}

type Lock = IrqLock<u32, Core>;

const fn lock(rank: Rank, name: &'static str) -> Lock {
    IrqLock::new(rank, name, 0)
}

/// The report of the panic that `f` must end in.
fn report(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it was let through");
    *payload.downcast::<String>().expect("a formatted text")
}

/// Takes `inner` under `outer`, and lets go of both.
fn nest(outer: &Lock, inner: &Lock) {
    let outer = outer.lock();
    drop(inner.lock());
    drop(outer);
}

#[test]
fn locks_are_taken_from_the_outermost_inwards_again_and_again() {
    let (outer, middle, inner) = (
        lock(Rank::Outermost, "outer"),
        lock(Rank::Layer, "middle"),
        lock(Rank::Innermost, "inner"),
    );
    for _ in 0..20 {
        let held = (outer.lock(), middle.lock(), inner.lock());
        drop(held);
        nest(&outer, &inner);
    }
}

#[test]
fn an_inversion_is_told_with_both_names_and_both_places() {
    let (pages, pool) = (lock(Rank::Pages, "pages"), lock(Rank::Layer, "pool"));
    let (mut held_at, mut wanted_at) = (0, 0);
    let report = report(|| {
        held_at = line!() + 1;
        let _pages = pages.lock();
        wanted_at = line!() + 1;
        drop(pool.lock());
    });
    let file = file!();
    for part in [
        "lock order: \"pool\" (Layer) is wanted at ",
        &format!("{file}:{wanted_at}:"),
        " under \"pages\" (Pages), held since ",
        &format!("{file}:{held_at}:"),
    ] {
        assert!(report.contains(part), "no {part} in {report}");
    }
}

#[test]
fn two_of_a_rank_are_an_inversion() {
    let (a, b) = (lock(Rank::Pages, "low"), lock(Rank::Pages, "high"));
    assert!(report(|| nest(&a, &b)).contains("\"high\" (Pages) is wanted"));
    assert!(report(|| nest(&b, &a)).contains("under \"high\" (Pages)"));
}

#[test]
fn the_innermost_of_all_that_is_held_counts() {
    let (outer, inner) = (lock(Rank::Outermost, "outer"), lock(Rank::Heap, "inner"));
    let wanted = lock(Rank::Layer, "wanted");
    let report = report(|| {
        let _held = (outer.lock(), inner.lock());
        drop(wanted.lock());
    });
    assert!(report.contains("under \"inner\" (Heap)"), "{report}");
}

#[test]
fn a_core_that_would_wait_for_itself_is_told() {
    let pool = lock(Rank::Layer, "pool");
    let report = report(|| nest(&pool, &pool));
    assert!(
        report.contains("by the core that holds it since "),
        "{report}"
    );
}

#[test]
fn after_a_report_nothing_is_held_any_more() {
    let (pages, pool) = (lock(Rank::Pages, "pages"), lock(Rank::Layer, "pool"));
    report(|| nest(&pages, &pool));
    nest(&pool, &pages);
}

#[test]
fn a_try_is_in_order_anywhere_but_what_it_took_is_held() {
    let (pages, pool, outer) = (
        lock(Rank::Pages, "pages"),
        lock(Rank::Layer, "pool"),
        lock(Rank::Outermost, "outer"),
    );
    let held = pages.lock();
    let tried = pool.try_lock().expect("it is free");
    drop(held);
    assert!(report(|| drop(outer.lock())).contains("under \"pool\" (Layer)"));
    assert!(
        pool.try_lock().is_none(),
        "a try of its own lock just fails"
    );
    drop(tried);
    drop(outer.lock());
}

#[test]
fn locks_may_be_let_go_in_any_order() {
    let (outer, middle, inner) = (
        lock(Rank::Outermost, "outer"),
        lock(Rank::Layer, "middle"),
        lock(Rank::Innermost, "inner"),
    );
    let (first, second, third) = (outer.lock(), middle.lock(), inner.lock());
    drop(first);
    drop(third);
    assert!(report(|| drop(outer.lock())).contains("under \"middle\""));
    drop(second);
    drop(outer.lock());
}

#[test]
fn what_one_core_holds_is_nothing_to_another() {
    static PAGES: Lock = lock(Rank::Pages, "pages");
    static POOL: Lock = lock(Rank::Layer, "pool");
    let (taken, go_on) = (mpsc::channel(), mpsc::channel::<()>());
    let other = thread::spawn(move || {
        let held = PAGES.lock();
        taken.0.send(()).expect("the test waits for it");
        go_on.1.recv().expect("the test lets it go on");
        drop(held);
    });
    taken.1.recv().expect("the other core has the pages");
    drop(POOL.lock());
    go_on.0.send(()).expect("the other core waits");
    other.join().expect("it panicked");
}

#[test]
fn more_than_a_list_holds_is_told() {
    let locks = [const { lock(Rank::Innermost, "one of many") }; 9];
    let report = report(|| {
        let _held = locks.each_ref().map(|lock| lock.try_lock());
    });
    assert!(report.contains("under too many others"), "{report}");
}
