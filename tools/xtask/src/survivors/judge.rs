//! What noticed, what is argued, what is neither.

use super::argued::Argued;
use super::mutant::{Mutant, Outcome};
use std::fmt;

/// A run and the arguments, held against each other.
pub(super) struct Judged {
    /// Every mutant of the run.
    pub(super) tried: Vec<(Mutant, Verdict)>,
    /// Arguments that have lost their mutant, and how.
    pub(super) stale: Vec<(Argued, String)>,
}

/// What came of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A test failed, or did not end, or the change does not build.
    Gone(Outcome),
    /// All tests passed, and this is why none can fail.
    Argued(String),
    /// All tests passed.
    Survived,
}

impl Judged {
    /// `all` is what could be tried, `outcomes` what was.
    pub(super) fn new(all: &[Mutant], outcomes: &[(Mutant, Outcome)], argued: &[Argued]) -> Self {
        let found: Vec<_> = argued.iter().map(|it| (it, it.find(all))).collect();
        let verdict = |(mutant, outcome): &(Mutant, Outcome)| {
            let about = found.iter().find(|(_, found)| *found == Ok(mutant));
            let verdict = match (outcome, about) {
                (Outcome::Missed, Some((argued, _))) => Verdict::Argued(argued.why.clone()),
                (Outcome::Missed, None) => Verdict::Survived,
                (outcome, _) => Verdict::Gone(*outcome),
            };
            (mutant.clone(), verdict)
        };
        let tried: Vec<_> = outcomes.iter().map(verdict).collect();
        let gone = |mutant: &Mutant| {
            let about = tried.iter().find(|(tried, _)| tried == mutant);
            about.is_some_and(|(_, verdict)| matches!(verdict, Verdict::Gone(_)))
        };
        let mut stale = Vec::new();
        for (argued, found) in &found {
            match found {
                Err(why) => stale.push(((*argued).clone(), why.clone())),
                Ok(mutant) if gone(mutant) => {
                    stale.push(((*argued).clone(), "does not survive any more".to_owned()));
                }
                Ok(_) => {}
            }
        }
        Self { tried, stale }
    }

    fn survivors(&self) -> impl Iterator<Item = &Mutant> {
        let survived = |tried: &(Mutant, Verdict)| tried.1 == Verdict::Survived;
        (self.tried.iter().filter(move |tried| survived(tried))).map(|(mutant, _)| mutant)
    }

    /// Whether none survived without an argument, and no argument is without its mutant.
    pub(super) fn ok(&self) -> bool {
        self.survivors().next().is_none() && self.stale.is_empty()
    }
}

/// What there is to do.
impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (argued, why) in &self.stale {
            let Argued {
                file, change, line, ..
            } = argued;
            writeln!(f, "stale argument: {file}: {change}: `{line}`: {why}")?;
        }
        for Mutant {
            file,
            change,
            at,
            line,
        } in self.survivors()
        {
            writeln!(f, "survived: {file}:{}:{}: {change}: `{line}`", at.0, at.1)?;
        }
        let survivors = self.survivors().count();
        writeln!(f, "{survivors} to mend, {} stale", self.stale.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(change: &str) -> Mutant {
        Mutant {
            file: "a.rs".to_owned(),
            change: change.to_owned(),
            at: (1, 1),
            line: "x".to_owned(),
        }
    }

    fn argued(change: &str) -> Argued {
        Argued {
            file: "a.rs".to_owned(),
            change: change.to_owned(),
            line: "x".to_owned(),
            nth: None,
            why: "same".to_owned(),
        }
    }

    #[test]
    fn a_survivor_fails_the_run_unless_it_is_argued() {
        let all = [mutant("c")];
        let missed = [(mutant("c"), Outcome::Missed)];
        assert!(!Judged::new(&all, &missed, &[]).ok());
        let judged = Judged::new(&all, &missed, &[argued("c")]);
        assert!(judged.ok());
        assert_eq!(judged.tried[0].1, Verdict::Argued("same".to_owned()));
        for outcome in [Outcome::Caught, Outcome::Timeout, Outcome::Unviable] {
            assert!(Judged::new(&all, &[(mutant("c"), outcome)], &[]).ok());
        }
    }

    #[test]
    fn an_argument_without_its_survivor_fails_the_run() {
        let all = [mutant("c"), mutant("other")];
        let caught = [(mutant("c"), Outcome::Caught)];
        assert!(!Judged::new(&all, &caught, &[argued("c")]).ok());
        assert!(!Judged::new(&all, &caught, &[argued("gone")]).ok());
        // Not tried this time, in another shard.
        assert!(Judged::new(&all, &caught, &[argued("other")]).ok());
    }

    #[test]
    fn the_report_says_where_and_what() {
        let judged = Judged::new(
            &[mutant("c")],
            &[(mutant("c"), Outcome::Missed)],
            &[argued("gone")],
        );
        assert_eq!(
            judged.to_string(),
            "stale argument: a.rs: gone: `x`: there is no such mutant\n\
             survived: a.rs:1:1: c: `x`\n1 to mend, 1 stale\n"
        );
    }
}
