//! KTAP, the format in which the kernel tells its test results.
//!
//! Only lines that begin in the first column count; everything else on the console (the log, nested
//! tests, diagnostics) is passed over. The numbers must be 1, 2, 3.. up to the plan: a result that
//! was lost, doubled or invented is an error. Source: the kernel's "KTAP version 1" document.

use std::fmt;

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `ok`
    Passed,
    /// `not ok`, with the reason if one was given.
    Failed(String),
    /// `ok .. # SKIP reason`
    Skipped(String),
}

/// One result line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestResult {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
}

/// Why a console does not hold a whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KtapError {
    /// No `1..N` after a version line.
    NoPlan,
    /// A second `1..N`, with its number.
    SecondPlan(usize),
    /// A plan of no tests says nothing.
    EmptyPlan,
    /// A result whose number is not the next one.
    OutOfOrder { expected: usize, found: usize },
    /// Results before any plan.
    BeforePlan(usize),
    /// The kernel gave up.
    BailOut(String),
    /// Fewer results than planned.
    TooFew { planned: usize, found: usize },
    /// More results than planned.
    TooMany { planned: usize },
}

impl fmt::Display for KtapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPlan => write!(f, "no KTAP plan on the console"),
            Self::SecondPlan(n) => write!(f, "a second KTAP plan, 1..{n}"),
            Self::EmptyPlan => write!(f, "a KTAP plan of no tests"),
            Self::OutOfOrder { expected, found } => {
                write!(f, "KTAP result {found} where {expected} was due")
            }
            Self::BeforePlan(n) => write!(f, "KTAP result {n} before the plan"),
            Self::BailOut(why) => write!(f, "the kernel bailed out: {why}"),
            Self::TooFew { planned, found } => {
                write!(f, "{found} KTAP results of {planned} planned")
            }
            Self::TooMany { planned } => write!(f, "more than the {planned} KTAP results planned"),
        }
    }
}

/// All results on a console, and what is wrong with the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ktap {
    pub(crate) results: Vec<TestResult>,
    /// The first mistake; results from there on are not trusted.
    pub(crate) error: Option<KtapError>,
    /// The last `# test NAME` without a result: what was running when the console ended.
    pub(crate) running: Option<String>,
    plan: Option<usize>,
    started: bool,
}

impl Ktap {
    /// Reads a whole console.
    pub(crate) fn parse(console: &str) -> Self {
        let mut ktap = Self::default();
        for line in console.lines() {
            if let Err(error) = ktap.line(line.trim_end()) {
                ktap.error = Some(error);
                return ktap;
            }
        }
        ktap.error = ktap.end().err();
        ktap
    }

    /// How the test called `name` went.
    pub(crate) fn outcome(&self, name: &str) -> Option<&Outcome> {
        let found = self.results.iter().find(|result| result.name == name);
        found.map(|result| &result.outcome)
    }

    fn line(&mut self, line: &str) -> Result<(), KtapError> {
        if let Some(why) = line.strip_prefix("Bail out!") {
            return Err(KtapError::BailOut(why.trim().to_owned()));
        }
        if line.starts_with("KTAP version ") {
            self.started = true;
        }
        if !self.started {
            return Ok(());
        }
        if let Some(name) = line.strip_prefix("# test ") {
            self.running = Some(name.to_owned());
        }
        match (plan(line), result(line)) {
            (Some(n), _) => self.take_plan(n),
            (_, Some((number, result))) => self.take_result(number, result),
            _ => Ok(()),
        }
    }

    fn take_plan(&mut self, n: usize) -> Result<(), KtapError> {
        match self.plan {
            Some(_) => Err(KtapError::SecondPlan(n)),
            None if n == 0 => Err(KtapError::EmptyPlan),
            None => {
                self.plan = Some(n);
                Ok(())
            }
        }
    }

    fn take_result(&mut self, number: usize, result: TestResult) -> Result<(), KtapError> {
        let planned = self.plan.ok_or(KtapError::BeforePlan(number))?;
        let expected = self.results.len() + 1;
        if number != expected {
            return Err(KtapError::OutOfOrder {
                expected,
                found: number,
            });
        }
        if number > planned {
            return Err(KtapError::TooMany { planned });
        }
        self.running = None;
        self.results.push(result);
        Ok(())
    }

    fn end(&self) -> Result<(), KtapError> {
        let planned = self.plan.ok_or(KtapError::NoPlan)?;
        let found = self.results.len();
        if found < planned {
            return Err(KtapError::TooFew { planned, found });
        }
        Ok(())
    }
}

/// `1..N`
fn plan(line: &str) -> Option<usize> {
    line.strip_prefix("1..")?.parse().ok()
}

/// `ok 1 name`, `not ok 2 name # reason`, `ok 3 name # SKIP reason`, with or without a dash.
fn result(line: &str) -> Option<(usize, TestResult)> {
    let (passed, rest) = match line.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok ")?),
    };
    let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, remark) = rest.split_once(" # ").unwrap_or((rest, ""));
    let name = name.strip_prefix("- ").unwrap_or(name).trim().to_owned();
    let outcome = outcome(passed, remark.trim());
    Some((number.parse().ok()?, TestResult { name, outcome }))
}

fn outcome(passed: bool, remark: &str) -> Outcome {
    match (passed, remark.strip_prefix("SKIP")) {
        (true, Some(why)) => Outcome::Skipped(why.trim().to_owned()),
        (true, None) => Outcome::Passed,
        // A test that fails and says skip has failed.
        (false, _) => Outcome::Failed(remark.to_owned()),
    }
}

#[cfg(test)]
mod tests;
