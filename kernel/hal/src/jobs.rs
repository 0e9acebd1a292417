//! The deed of a [`Defer`](crate::Defer): jobs that wait, first come, first served.

use crate::{Job, QueueFull};

/// Up to `N` jobs, in the order in which they came. Plain data: whoever shares one locks it.
#[derive(Debug)]
pub struct JobQueue<const N: usize> {
    jobs: [Option<Job>; N],
    first: usize,
    waiting: usize,
}

impl<const N: usize> JobQueue<N> {
    /// No job.
    pub const fn new() -> Self {
        Self {
            jobs: [None; N],
            first: 0,
            waiting: 0,
        }
    }

    /// Queues `job` behind all others.
    pub fn push(&mut self, job: Job) -> Result<(), QueueFull> {
        let waiting = self.waiting;
        if waiting == N {
            return Err(QueueFull { waiting });
        }
        self.jobs[(self.first + waiting) % N] = Some(job);
        self.waiting += 1;
        Ok(())
    }

    /// Takes the job that has waited longest.
    pub fn pop(&mut self) -> Option<Job> {
        let job = self.jobs.get_mut(self.first)?.take()?;
        self.first = (self.first + 1) % N;
        self.waiting -= 1;
        Some(job)
    }

    /// Jobs that wait.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }
}

impl<const N: usize> Default for JobQueue<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn job(arg: usize) -> Job {
        Job { run: |_| {}, arg }
    }

    #[test]
    fn jobs_leave_in_the_order_in_which_they_came_round_after_round() {
        let mut queue = JobQueue::<3>::new();
        for round in 0..5 {
            for arg in [2 * round, 2 * round + 1] {
                assert_eq!(queue.push(job(arg)), Ok(()));
            }
            assert_eq!(queue.pop().map(|job| job.arg), Some(2 * round));
            assert_eq!(queue.pop().map(|job| job.arg), Some(2 * round + 1));
        }
        assert!(queue.pop().is_none());
    }

    #[test]
    fn a_full_queue_refuses_with_its_count_and_keeps_what_it_has() {
        let mut queue = JobQueue::<2>::new();
        assert_eq!(queue.push(job(1)), Ok(()));
        assert_eq!(queue.push(job(2)), Ok(()));
        assert_eq!(queue.push(job(3)), Err(QueueFull { waiting: 2 }));
        assert_eq!(queue.pop().map(|job| job.arg), Some(1));
        assert_eq!(queue.waiting(), 1);
        assert_eq!(queue.push(job(4)), Ok(()));
        assert_eq!(queue.pop().map(|job| job.arg), Some(2));
        assert_eq!(queue.pop().map(|job| job.arg), Some(4));
    }

    #[test]
    fn a_queue_without_room_has_no_job() {
        let mut queue = JobQueue::<0>::new();
        assert_eq!(queue.push(job(1)), Err(QueueFull { waiting: 0 }));
        assert!(queue.pop().is_none());
    }
}
