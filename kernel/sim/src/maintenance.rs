//! Cache maintenance that was asked for and is not known to be done.
//!
//! The architecture orders operations of one core on one line among themselves, and nothing else:
//! any other operation may finish early, or only when its core's `dsb` does (CM-7).

use crate::cache::Event;
use hal::{CpuId, PhysAddr};
use std::hash::{Hash, Hasher};

/// One operation on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) cpu: CpuId,
    pub(crate) line: PhysAddr,
    pub(crate) event: Event,
}

/// Requests in the order of issue; those that finished early leave a gap until their core's `dsb`.
#[derive(Default)]
pub(crate) struct Pending(Vec<Option<Request>>);

impl Pending {
    pub(crate) fn push(&mut self, request: Request) {
        self.0.push(Some(request));
    }

    /// Length including gaps: the bound for an index to sample.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The request that must finish before the one at `index` can: the oldest of the same core and
    /// line. `None` for a gap.
    pub(crate) fn oldest_like(&self, index: usize) -> Option<usize> {
        let wanted = self.0[index]?;
        self.position(|r| r.cpu == wanted.cpu && r.line == wanted.line)
    }

    /// All requests that may finish next.
    pub(crate) fn eligible(&self) -> Vec<usize> {
        (0..self.0.len())
            .filter(|&i| self.oldest_like(i) == Some(i))
            .collect()
    }

    /// The oldest request on `line`, of any core.
    pub(crate) fn on_line(&self, line: PhysAddr) -> Option<usize> {
        self.position(|r| r.line == line)
    }

    /// What waits, for a search.
    pub(crate) fn fingerprint(&self, hasher: &mut impl Hasher) {
        for Request { cpu, line, event } in self.0.iter().flatten() {
            (cpu.index(), line.get(), *event as u8).hash(hasher);
        }
        hasher.write_u8(0xFF);
    }

    fn position(&self, wanted: impl Fn(&Request) -> bool) -> Option<usize> {
        self.0.iter().position(|r| r.as_ref().is_some_and(&wanted))
    }

    /// Takes the request at `index` out, if it is still there.
    pub(crate) fn take(&mut self, index: usize) -> Option<Request> {
        self.0[index].take()
    }

    /// Takes out all requests of `cpu`, in order.
    pub(crate) fn drain(&mut self, cpu: CpuId) -> Vec<Request> {
        let requests = self.0.drain(..).flatten();
        let (mine, others): (Vec<_>, Vec<_>) = requests.partition(|r| r.cpu == cpu);
        self.0 = others.into_iter().map(Some).collect();
        mine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cpu: usize, line: u64, event: Event) -> Request {
        Request {
            cpu: CpuId::new(cpu).expect("four cores"),
            line: PhysAddr::new(line),
            event,
        }
    }

    #[test]
    fn only_the_oldest_of_a_line_and_core_may_finish_next() {
        let mut pending = Pending::default();
        pending.push(request(0, 0x40, Event::WriteBack));
        pending.push(request(0, 0x40, Event::Invalidate));
        pending.push(request(0, 0x80, Event::Invalidate));
        pending.push(request(1, 0x40, Event::Evict));
        assert_eq!(pending.eligible(), [0, 2, 3]);
        pending.take(0);
        assert_eq!(pending.eligible(), [1, 2, 3]);
    }

    #[test]
    fn a_barrier_waits_for_its_own_core_alone() {
        let mut pending = Pending::default();
        pending.push(request(0, 0x40, Event::WriteBack));
        pending.push(request(1, 0x80, Event::Evict));
        assert_eq!(
            pending.drain(CpuId::BOOT),
            [request(0, 0x40, Event::WriteBack)]
        );
        assert_eq!(pending.eligible(), [0]);
    }
}
