//! Audits: what each finding is, what is counted, and what ends one.

use crate::common::{Card, Heap, card, edit, files};
use fatfs::FatType;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::OnceLock;
use storage::manifest::{NAME, Verdict};
use storage::{Audit, Finding, Tally, Volume, Watcher, audit};

const MOST: u64 = 64 << 10;
const CONTINUE: ControlFlow<()> = ControlFlow::Continue(());

/// A line of a manifest.
fn line(path: &str, bytes: &[u8]) -> String {
    let mut line = String::new();
    for byte in Sha256::digest(bytes) {
        write!(line, "{byte:02x}").expect("a string");
    }
    line + "  " + path + "\n"
}

fn manifest() -> String {
    files().iter().map(|f| line(&f.0, &f.1)).collect()
}

fn write(image: &mut [u8], path: &str, bytes: &[u8]) {
    edit(image, |root| {
        let _ = root.remove(path);
        let mut file = root.create_file(path).expect(path);
        file.write_all(bytes).expect(path);
    });
}

/// A card whose manifest is this; none if it is empty.
fn with_manifest(text: impl AsRef<[u8]>) -> Vec<u8> {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    let mut image = IMAGE.get_or_init(|| card(FatType::Fat16)).clone();
    if !text.as_ref().is_empty() {
        write(&mut image, NAME, text.as_ref());
    }
    image
}

/// Writes down what it is told, and breaks at a line that begins so.
#[derive(Default)]
struct Notes {
    lines: Vec<String>,
    until: Option<&'static str>,
}

impl Notes {
    fn note(&mut self, line: String) -> ControlFlow<()> {
        let last = self.until.is_some_and(|until| line.starts_with(until));
        self.lines.push(line);
        if last {
            ControlFlow::Break(())
        } else {
            CONTINUE
        }
    }
}

impl Watcher<&'static str> for Notes {
    fn found(&mut self, finding: &Finding<'_, &'static str>) -> ControlFlow<()> {
        self.note(match finding {
            Finding::Summed { path, verdict, .. } => match verdict {
                Some(Verdict::Ok) => format!("right {path}"),
                Some(Verdict::Differs { .. }) => format!("wrong {path}"),
                Some(Verdict::Extra) => format!("extra {path}"),
                None => format!("summed {path}"),
            },
            Finding::Unread { path, error } => format!("unread {path}: {error}"),
            Finding::Missing { path } => format!("missing {path}"),
        })
    }

    fn reading(&mut self, path: &str, bytes: u64, size: u32) -> ControlFlow<()> {
        assert!(0 < bytes && bytes <= u64::from(size));
        match self.until {
            Some(until) if until == format!("reading {path}") => ControlFlow::Break(()),
            _ => CONTINUE,
        }
    }
}

fn audit_at(card: &mut Card, path: &str, until: Option<&'static str>) -> (Audit, Vec<String>) {
    let heap = Heap::default();
    let mut volume = Volume::open(card, &heap, &heap).expect("a volume");
    let at = volume.locate(path).expect(path);
    let lines = Vec::new();
    let mut notes = Notes { lines, until };
    (audit(&mut volume, &at, MOST, &mut notes), notes.lines)
}

fn audited(image: Vec<u8>) -> (Tally, Vec<String>) {
    let (audit, lines) = audit_at(&mut Card::new(image), "", None);
    assert!(audit.complete);
    (audit.tally, lines)
}

/// All files are read and right.
fn sound() -> Tally {
    let all = files();
    Tally {
        files: all.len() as u64,
        bytes: all.iter().map(|f| f.1.len() as u64).sum(),
        right: all.len() as u64,
        manifest: true,
        ..Tally::default()
    }
}

fn not_right(lines: &[String]) -> Vec<&str> {
    let lines = lines.iter().map(String::as_str);
    lines.filter(|line| !line.starts_with("right ")).collect()
}

#[test]
fn a_sound_card_is_sound_and_its_manifest_is_not_counted() {
    let (tally, lines) = audited(with_manifest(manifest()));
    assert_eq!(tally, sound());
    assert!(tally.is_sound() && not_right(&lines).is_empty());
    assert_eq!(lines.len(), files().len());
}

#[test]
fn a_wrong_an_extra_and_a_missing_file_are_each_told_and_counted() {
    let mut image = with_manifest(manifest() + &line("gone/away.bin", b""));
    write(&mut image, "one.bin", b"?");
    write(&mut image, "tree/new.bin", b"new");
    let (tally, lines) = audited(image);
    let expected = [
        "extra tree/new.bin",
        "missing gone/away.bin",
        "wrong one.bin",
    ];
    let mut told = not_right(&lines);
    told.sort_unstable();
    assert_eq!(told, expected);
    let all = sound();
    let changed = Tally {
        files: all.files + 1,
        bytes: all.bytes + 3,
        right: all.right - 1,
        wrong: 1,
        extra: 1,
        missing: 1,
        ..all
    };
    assert_eq!(tally, changed);
}

#[test]
fn each_of_wrong_unread_and_missing_is_unsound_and_extra_is_not() {
    let tally = Tally::default();
    let (wrong, unread, missing, extra) = (1, 1, 1, 1);
    assert!(!Tally { wrong, ..tally }.is_sound());
    assert!(!Tally { unread, ..tally }.is_sound());
    assert!(!Tally { missing, ..tally }.is_sound());
    assert!(Tally { extra, ..tally }.is_sound());
}

#[test]
fn without_a_manifest_all_files_are_summed_and_nothing_is_wrong() {
    let (tally, lines) = audited(with_manifest(""));
    let expected = Tally {
        right: 0,
        manifest: false,
        ..sound()
    };
    assert_eq!(tally, expected);
    assert!(lines.iter().all(|line| line.starts_with("summed ")));
}

#[test]
fn a_manifest_that_cannot_be_read_is_told_and_the_files_are_summed() {
    let bad = [
        (
            &b"nonsense\n"[..],
            "unread SHA256SUMS: manifest line 1: no digest and path",
        ),
        (
            &b"ab\xFF"[..],
            "unread SHA256SUMS: manifest: byte 2 is no UTF-8",
        ),
    ];
    for (text, told) in bad {
        let (tally, lines) = audited(with_manifest(text));
        assert_eq!(lines[0], told);
        // Without a manifest in force it is a file like any other.
        assert_eq!((tally.unread, tally.manifest), (1, false));
        assert_eq!(tally.files, sound().files + 1);
    }
}

#[test]
fn a_part_of_a_volume_misses_only_what_is_missing_there() {
    let text = manifest() + &line("tree/gone", b"") + &line("trees", b"") + &line("gone", b"");
    let mut card = Card::new(with_manifest(text));
    let (audit, lines) = audit_at(&mut card, "TREE", None);
    let expected = ["right tree/branch/Blätter im Wind.bin", "missing tree/gone"];
    assert_eq!(lines, expected);
    assert_eq!((audit.tally.files, audit.tally.missing), (1, 1));
    let (audit, lines) = audit_at(&mut card, "ONE.BIN", None);
    assert_eq!(lines, ["right one.bin"]);
    assert_eq!(audit.tally.missing, 0);
}

#[test]
fn the_manifest_is_summed_where_it_is_asked_for() {
    let mut card = Card::new(with_manifest(manifest()));
    let (_, lines) = audit_at(&mut card, "sha256sums", None);
    assert_eq!(lines, ["extra SHA256SUMS"]);
}

#[test]
fn a_file_that_the_device_fails_to_read_is_unread_and_not_missing() {
    let mut card = Card::new(with_manifest(manifest()));
    // In the middle of the large file.
    card.broken = 2048..2049;
    let (audit, lines) = audit_at(&mut card, "", None);
    let told = not_right(&lines);
    assert!(
        told[0].starts_with("unread LARGE.BIN: read at block "),
        "{told:?}"
    );
    let all = sound();
    let expected = Tally {
        files: all.files - 1,
        right: all.right - 1,
        bytes: audit.tally.bytes,
        unread: 1,
        ..all
    };
    assert_eq!((told.len(), audit.tally), (1, expected));
}

#[test]
fn what_lies_below_a_directory_that_cannot_be_read_is_not_missing() {
    let mut image = with_manifest(manifest());
    let many = crate::common::entry(&image, b"MANY       ");
    image[many + 26..many + 28].fill(0);
    let (tally, lines) = audited(image);
    let told = not_right(&lines);
    assert!(told[0].starts_with("unread many: "), "{told:?}");
    assert_eq!((told.len(), tally.unread, tally.missing), (1, 1, 0));
}

#[test]
fn a_watcher_ends_it_and_nothing_is_missing_then() {
    let text = manifest() + &line("gone", b"");
    for until in ["right one.bin", "reading LARGE.BIN"] {
        let mut card = Card::new(with_manifest(&text));
        let (audit, lines) = audit_at(&mut card, "", Some(until));
        assert!(!audit.complete);
        assert!(lines.len() < files().len());
        assert_eq!(audit.tally.missing, 0);
        assert_eq!(audit.tally.files, lines.len() as u64);
    }
}
