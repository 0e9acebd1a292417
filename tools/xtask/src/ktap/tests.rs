//! Consoles as kernels print them, whole and broken.

use super::*;

fn error(console: &str) -> Option<KtapError> {
    Ktap::parse(console).error
}

#[test]
fn a_whole_run_is_read_with_its_reasons() {
    let ktap = Ktap::parse(
        "boot: hello\nKTAP version 1\n1..3\nok 1 maps low\r\nnot ok 2 bounces # 3 bytes differ\nok 3 - crosses # SKIP no RAM there\ncarom: bye\n",
    );
    assert_eq!(ktap.error, None);
    assert_eq!(ktap.outcome("maps low"), Some(&Outcome::Passed));
    assert_eq!(
        ktap.outcome("bounces"),
        Some(&Outcome::Failed("3 bytes differ".into()))
    );
    assert_eq!(
        ktap.outcome("crosses"),
        Some(&Outcome::Skipped("no RAM there".into()))
    );
    assert_eq!(ktap.outcome("other"), None);
}

#[test]
fn a_console_without_a_plan_is_no_run() {
    assert_eq!(error(""), Some(KtapError::NoPlan));
    assert_eq!(error("hello\n"), Some(KtapError::NoPlan));
    assert_eq!(error("KTAP version 1\n"), Some(KtapError::NoPlan));
    // Log lines before the version line are not ours to read.
    assert_eq!(error("1..1\nok 1 a\n"), Some(KtapError::NoPlan));
}

#[test]
fn lost_results_are_missed() {
    let console = "KTAP version 1\n1..3\nok 1 a\nok 2 b\n";
    assert_eq!(
        error(console),
        Some(KtapError::TooFew {
            planned: 3,
            found: 2
        })
    );
    let console = "KTAP version 1\n1..3\nok 1 a\nok 3 c\n";
    assert_eq!(
        error(console),
        Some(KtapError::OutOfOrder {
            expected: 2,
            found: 3
        })
    );
}

#[test]
fn doubled_and_invented_results_are_noticed() {
    let console = "KTAP version 1\n1..2\nok 1 a\nok 1 a\n";
    assert_eq!(
        error(console),
        Some(KtapError::OutOfOrder {
            expected: 2,
            found: 1
        })
    );
    let console = "KTAP version 1\n1..1\nok 1 a\nok 2 b\n";
    assert_eq!(error(console), Some(KtapError::TooMany { planned: 1 }));
    assert_eq!(
        error("KTAP version 1\nok 1 a\n"),
        Some(KtapError::BeforePlan(1))
    );
}

#[test]
fn a_kernel_that_starts_twice_or_plans_nothing_is_noticed() {
    let console = "KTAP version 1\n1..1\nok 1 a\nKTAP version 1\n1..1\nok 1 a\n";
    assert_eq!(error(console), Some(KtapError::SecondPlan(1)));
    assert_eq!(error("KTAP version 1\n1..0\n"), Some(KtapError::EmptyPlan));
}

#[test]
fn bailing_out_is_told_with_its_reason() {
    let console = "KTAP version 1\n1..2\nok 1 a\nBail out! no pool\n";
    assert_eq!(error(console), Some(KtapError::BailOut("no pool".into())));
}

#[test]
fn noise_and_nested_results_are_passed_over() {
    let console = "KTAP version 1\n1..2\n    KTAP version 1\n    1..1\n    not ok 1 inner\n# a remark\ndma: ok 7 fine\nok then\nok 1 a\n\u{fffd}\u{1}\nnot okay\nok 2 b\n";
    let ktap = Ktap::parse(console);
    assert_eq!(ktap.error, None);
    assert_eq!(ktap.results.len(), 2);
}

#[test]
fn the_test_that_was_running_at_the_end_is_known() {
    let ktap = Ktap::parse("KTAP version 1\n1..2\n# test a\nok 1 a\n# test b\npanic!\n");
    assert_eq!(ktap.running.as_deref(), Some("b"));
    let ktap = Ktap::parse("KTAP version 1\n1..1\n# test a\nok 1 a\n");
    assert_eq!(ktap.running, None);
}
