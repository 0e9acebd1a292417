//! Findings on their way to whoever may print: counted all, told few (DM-4).

use super::finding::Finding;
use super::options::Name;
use arrayvec::ArrayVec;

/// Findings that wait to be printed.
const WAITING: usize = 16;

/// Counts, switches, and what waits.
#[derive(Debug)]
pub(super) struct Reports {
    waiting: ArrayVec<Finding, WAITING>,
    /// Wrong uses so far, told or not.
    pub(super) errors: u64,
    /// Findings that may still be told, unless all are.
    pub(super) num_errors: u32,
    pub(super) all_errors: bool,
    pub(super) driver: Option<Name>,
}

impl Reports {
    pub(super) const fn new(driver: Option<Name>) -> Self {
        Self {
            waiting: ArrayVec::new_const(),
            errors: 0,
            num_errors: 1,
            all_errors: false,
            driver,
        }
    }

    /// Counts a finding, and keeps it if it is to be told. True if it is.
    pub(super) fn note(&mut self, finding: Finding) -> bool {
        self.errors += 1;
        let asked = self.driver.is_none_or(|name| *name == *finding.device);
        if !asked || self.waiting.is_full() || !(self.all_errors || self.num_errors > 0) {
            return false;
        }
        if !self.all_errors {
            self.num_errors -= 1;
        }
        self.waiting.push(finding);
        true
    }

    /// The oldest that waits.
    pub(super) fn take(&mut self) -> Option<Finding> {
        self.waiting.pop_at(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Cause;
    use super::*;

    fn finding(device: &'static str) -> Finding {
        Finding {
            device,
            cause: Cause::Sentinel,
            callers: [0; 3],
        }
    }

    #[test]
    fn dm_4_the_first_is_told_and_all_are_counted() {
        let mut reports = Reports::new(None);
        assert!(reports.note(finding("a")) && !reports.note(finding("b")));
        assert_eq!(
            (reports.errors, reports.take(), reports.take()),
            (2, Some(finding("a")), None)
        );
        reports.num_errors = 2;
        assert!(
            reports.note(finding("c")) && reports.note(finding("d")) && !reports.note(finding("e"))
        );
        reports.all_errors = true;
        assert!(reports.note(finding("f")));
    }

    #[test]
    fn dm_4_others_than_the_one_asked_for_are_counted_alone() {
        let name = Name::from("b").expect("short");
        let mut reports = Reports::new(Some(name));
        assert!(!reports.note(finding("a")) && reports.note(finding("b")));
        assert_eq!(reports.errors, 2);
    }

    #[test]
    fn what_finds_no_place_is_counted() {
        let mut reports = Reports::new(None);
        reports.all_errors = true;
        let told = (0..100).filter(|_| reports.note(finding("a"))).count();
        assert_eq!((told, reports.errors), (WAITING, 100));
    }
}
