//! Work that cannot be done where it is noticed.

/// A piece of deferred work: a function and a word for it.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Called once, with interrupts on and no lock held.
    pub run: fn(usize),
    /// Handed to `run`.
    pub arg: usize,
}

/// The queue has no room: the job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull {
    /// Jobs that wait already.
    pub waiting: usize,
}

/// Takes work for later. Callable with interrupts off, in a handler and under any lock.
pub trait Defer: Sync {
    /// Queues `job`; it runs soon on some core, in the order of queueing.
    fn defer(&self, job: Job) -> Result<(), QueueFull>;
}
