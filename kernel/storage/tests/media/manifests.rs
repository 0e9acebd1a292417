//! Manifests in the format of `sha256sum`.

use storage::manifest::{Line, Manifest, ManifestError, Verdict};

const SUM: [u8; 32] = [0xAB; 32];

fn line(path: &str) -> String {
    Line { sum: &SUM, path }.to_string()
}

#[test]
fn what_is_written_is_read_back_whatever_is_in_the_name() {
    for path in ["a", "two words", "Grüße", "back\\slash", "new\nline", "\\r"] {
        let mut manifest = Manifest::parse(&line(path)).expect(path);
        assert_eq!(manifest.check(path, &SUM), Verdict::Ok, "{path:?}");
    }
}

#[test]
fn files_are_right_wrong_extra_or_missing() {
    let text = format!("{}\r\n\n{}\n{}\n", line("a"), line("./b"), line("c"));
    let mut manifest = Manifest::parse(&text).unwrap();
    assert_eq!(manifest.check("a", &SUM), Verdict::Ok);
    assert_eq!(
        manifest.check("b", &[0; 32]),
        Verdict::Differs { expected: SUM }
    );
    assert_eq!(manifest.check("d", &SUM), Verdict::Extra);
    assert_eq!(manifest.missing("").collect::<Vec<_>>(), ["c"]);
    manifest.unread("c");
    assert_eq!(manifest.missing("").count(), 0);
}

#[test]
fn a_bad_line_is_told_by_its_number() {
    let bad = |text: &str| Manifest::parse(&format!("{}\n{text}\n", line("a"))).unwrap_err();
    let digits = "ab".repeat(32);
    for text in [
        "x",
        "ab  b",
        &digits,
        &format!("{digits}  "),
        &format!("{digits}a  b"),
        &format!("+{}  b", &digits[1..]),
    ] {
        assert_eq!(bad(text), ManifestError::Line { line: 2 }, "{text}");
    }
    assert_eq!(bad(&line("a")), ManifestError::Twice { line: 2 });
    assert!(Manifest::parse(&format!("{digits} *b")).is_ok());
}
