//! Where a lock stands in the kernel's order.

/// The order in which a core may take locks, from the top of this list to its bottom: whoever holds
/// one takes only those further down, and never two of a rank.
///
/// Debug builds check it (`IrqLock`); a lock says its rank where it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Taken with no lock held: the console, so that nobody prints under a lock, and whatever a core
    /// holds while others work for it.
    Outermost,
    /// A driver's registers and what it knows of its device.
    Device,
    /// The mapping layer's pool and its quarantine.
    Layer,
    /// Free objects of the heap.
    Heap,
    /// Free pages.
    Pages,
    /// What the pages' own bookkeeping lies in.
    Bookkeeping,
    /// Taken under any other: the work queue, a core's timer, the interrupt controller.
    Innermost,
}
