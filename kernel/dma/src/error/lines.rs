//! Every error of the crate is one line that says what is wrong, in numbers, and what to do.

extern crate std;

mod samples;
mod words;

use super::MapError;
use crate::checker::{Cause, Finding, NotForDevices};
use crate::door::Quarantined;
use crate::users::Consumer;
use samples::{block, lines};
use std::string::ToString;

/// Columns of the longest line that is still read.
const LONGEST: usize = 220;

/// Is the word an order, or does it name what to look at?
fn says_what_to_do(line: &str) -> bool {
    const ORDERS: &[&str] = &[
        "boot with",
        "use ",
        "map ",
        "sync ",
        "unmap ",
        "give ",
        "report ",
        "transfer ",
        "move ",
        "check ",
        "push ",
        "reserve ",
        "refill ",
        "want ",
        "must be ",
        "must start ",
        "try ",
        "no name of",
        "DMA is off",
        "make ",
        "halt ",
    ];
    let line = line.trim_end_matches(" (and 12 more)");
    let tail = line.rsplit([':', '(']).next().unwrap_or_default();
    ORDERS.iter().any(|order| tail.contains(order))
}

#[test]
fn each_error_is_one_line_with_its_numbers_that_says_what_to_do() {
    for line in lines() {
        assert!(
            !line.contains('\n') && line.len() <= LONGEST,
            "{} {line}",
            line.len()
        );
        assert!(says_what_to_do(&line), "what is to be done: {line}");
        let exempt = [
            "does not snoop",
            "cannot share",
            "list is empty",
            "NoStaging",
            "staging memory is in",
            "ignored",
        ];
        let numbers = line.chars().any(|c| c.is_ascii_digit());
        assert!(
            numbers || exempt.iter().any(|words| line.contains(words)),
            "no number: {line}"
        );
    }
}

#[test]
fn a_full_pool_names_who_has_most_of_it_and_the_option() {
    let (wanted, free, largest_run) = (4, 3, 1);
    let top = Some(Consumer {
        device: "emmc2",
        slots: 96,
    });
    let line = MapError::PoolFull {
        wanted,
        free,
        largest_run,
        top,
    }
    .to_string();
    assert_eq!(
        line,
        "bounce pool full: 4 slots in a row wanted, 3 free, none longer than 1, emmc2 has 96: unmap \
         something first, or give it more, by swiotlb= or its reg"
    );
}

#[test]
fn findings_and_quarantine_are_one_line_each() {
    let causes = [
        Cause::Unknown { addr: 1, len: 2 },
        Cause::Sentinel,
        Cause::Length {
            addr: 1,
            mapped: 2,
            len: 3,
        },
        Cause::Memory {
            block: block(),
            is: NotForDevices::ReadOnly,
        },
        Cause::Overlap {
            block: block(),
            other: block(),
            by: "emmc2",
        },
        Cause::Crowd {
            block: block(),
            count: 7,
        },
    ];
    for cause in causes {
        let callers = [u64::MAX, u64::MAX, 0];
        let line = Finding {
            device: "mailbox",
            cause,
            callers,
        }
        .to_string();
        assert!(!line.contains('\n') && line.len() <= LONGEST, "{line}");
        assert!(line.starts_with("dma-debug: mailbox: "), "{line}");
    }
    let quarantined = Quarantined {
        device: "dma",
        len: 64,
        recorded: true,
    };
    assert!(
        quarantined
            .to_string()
            .contains("64 bytes are kept in quarantine")
    );
}
