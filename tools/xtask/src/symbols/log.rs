//! What a console says about where it came from and where it was.
//!
//! The banner: `carom <version> (build <hex>)`. A dump starts with `panic: ` or `fatal: ` in the
//! first column. A backtrace is a line `  0x<16 hex digits>` for each function; all are addresses
//! that something returns to, save one right after the line `backtrace:`, where an exception
//! stopped the program at that very instruction.
//!
//! A finding of the checker ends with `; mapped at 0x<address> < 0x<address> ..`, innermost first, all of
//! them addresses that something returns to.

/// What the checker says before who mapped something.
const MAPPED_AT: &str = "; mapped at ";

/// Digits of an address, as the kernel writes it.
const DIGITS: usize = 16;

/// The build ids of all banners, in order.
pub(super) fn builds(console: &str) -> Vec<&str> {
    console.lines().filter_map(build).collect()
}

fn build(line: &str) -> Option<&str> {
    let (_, id) = line.strip_prefix("carom ")?.split_once(" (build ")?;
    let id = id.trim_end().strip_suffix(')')?;
    (!id.is_empty() && id.bytes().all(|c| c.is_ascii_hexdigit())).then_some(id)
}

/// From the first line of the first dump to the end; a second dump is often the first one's fault.
pub(super) fn dump(console: &str) -> Option<&str> {
    let starts = |line: &str| line.starts_with("panic: ") || line.starts_with("fatal: ");
    let mut at = 0;
    for line in console.split_inclusive('\n') {
        if starts(line) {
            return Some(&console[at..]);
        }
        at += line.len();
    }
    None
}

/// The console with the lines of `frames` under each address of a backtrace.
///
/// `frames` is asked for an address inside the instruction that was running: the one before the
/// address that a call returns to.
pub(super) fn annotate(console: &str, frames: impl Fn(u64) -> Vec<String>) -> String {
    let mut text = String::new();
    let mut last = "";
    for line in console.lines() {
        text.extend([line, "\n"]);
        let mut explain = |running| {
            let frames = frames(running);
            text.extend(frames.iter().map(|frame| format!("      {frame}\n")));
        };
        if let Some(address) = address(line) {
            let exact = last.trim_end() == "backtrace:";
            explain(address.wrapping_sub(u64::from(!exact)));
        }
        mapped_at(line).for_each(|address| explain(address.wrapping_sub(1)));
        last = line;
    }
    text
}

/// Does a console tell who mapped something?
pub(super) fn names_callers(console: &str) -> bool {
    console.lines().any(|line| mapped_at(line).next().is_some())
}

/// The findings of an annotated console, each with the functions below it.
pub(super) fn findings(annotated: &str) -> String {
    let mut told = false;
    let lines = annotated.lines().filter(|line| {
        told = line.contains(MAPPED_AT) || (told && line.starts_with("      "));
        told
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The addresses behind a finding.
fn mapped_at(line: &str) -> impl Iterator<Item = u64> {
    let found = line.split_once(MAPPED_AT);
    let addresses = found.map_or("", |(_, addresses)| addresses);
    addresses.split('<').filter_map(|address| {
        let digits = address.trim().strip_prefix("0x")?;
        u64::from_str_radix(digits, 16).ok()
    })
}

/// The address on a line that holds nothing else.
fn address(line: &str) -> Option<u64> {
    let digits = line.trim_end().strip_prefix("  0x")?;
    let whole = digits.len() == DIGITS && digits.bytes().all(|c| c.is_ascii_hexdigit());
    let address = u64::from_str_radix(digits, 16).ok();
    address.filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the emulator's serial line gave them, shortened.
    const FATAL: &str = "\
carom 0.1.0 (build ffb53a2d06b9f2506ffc76f2694b2da60f3134c6)\r
  0x000000000-0x03bffffff     983040 KiB  RAM\r
\r
fatal: core 0: synchronous exception from thread at 0xffffffffc0017098: undefined instruction\r
 x0  0000000000000000 x1  0000000000000001\r
 spsr 60000244 (EL1t, flags -ZC-, masked D--F)\r
backtrace:\r
  0xffffffffc0017098\r
  0xffffffffc0017ac0\r
";

    const PANIC: &str = "\
carom 0.1.0 (build ffb53a2d06b9f2506ffc76f2694b2da60f3134c6)
panic: core 0: panicked at kernel/rpi4/src/main.rs:1:1:
why
  0xffffffffc0000010
";

    #[test]
    fn the_banner_tells_the_build() {
        let id = "ffb53a2d06b9f2506ffc76f2694b2da60f3134c6";
        assert_eq!(builds(FATAL), [id]);
        assert_eq!(
            builds("carom 0.1.0 (build )\ncarom: digest none x\n"),
            [""; 0]
        );
    }

    #[test]
    fn the_place_of_a_fault_is_exact_and_a_caller_is_before_its_return_address() {
        let text = annotate(FATAL, |address| vec![format!("<{address:x}>")]);
        assert!(
            text.contains("  0xffffffffc0017098\n      <ffffffffc0017098>\n"),
            "{text}"
        );
        assert!(
            text.ends_with("  0xffffffffc0017ac0\n      <ffffffffc0017abf>\n"),
            "{text}"
        );
        let text = annotate(PANIC, |address| vec![format!("<{address:x}>")]);
        assert!(text.ends_with("      <ffffffffc000000f>\n"), "{text}");
    }

    #[test]
    fn who_mapped_what_a_finding_is_about_is_named() {
        let finding =
            "dma-debug: emmc2: unmap of 64 bytes; mapped at 0xffffffffc0001234 < 0x1000\r\n";
        let text = annotate(finding, |address| vec![format!("<{address:x}>")]);
        assert_eq!(
            text.lines().collect::<Vec<_>>()[1..],
            ["      <ffffffffc0001233>", "      <fff>"]
        );
        assert!(names_callers(finding) && !names_callers(FATAL));
        assert_eq!(
            findings(&format!("before\n{text}behind\n")),
            text.replace('\r', "")
        );
    }

    #[test]
    fn other_addresses_are_left_alone() {
        let text = annotate(FATAL, |_| vec!["here".to_owned()]);
        assert_eq!(text.matches("here").count(), 2);
    }

    #[test]
    fn a_dump_starts_at_its_headline() {
        assert!(dump(FATAL).unwrap().starts_with("fatal: core 0"));
        assert!(dump(PANIC).unwrap().starts_with("panic: core 0: panicked"));
        assert_eq!(dump("# a fatal: word in a line\n"), None);
    }
}
