//! `oracle`: the real image under the modelled cache of `tools/oracle`, and what is told of it.
//!
//! | file | what |
//! |---|---|
//! | `plugin` | builds the plugin, and what it is started with |
//! | `runs` | the boots, each with and without it |
//! | `planted` | an image that makes every mistake on purpose: the oracle's own test |
//! | `marks` | which mistakes those are, from its sources |
//! | `watch` | for a kernel that may be wrong: what is noticed first |
//! | `told` | its lines, with functions and files, each once |
//!
//! Of the image with planted mistakes each must be told. Any other run fails if anything was found,
//! if no transfer was seen, if the plugin did not come to its end, or if the kernel itself was not
//! well. `CAROM_ORACLE=trace` tells the events around each finding.

mod marks;
mod planted;
mod plugin;
mod runs;
mod told;
mod watch;

pub(crate) use planted::are_absent_from;
pub(crate) use watch::Watch;

use crate::args::TestArgs;
use crate::image;
use crate::interrupt;
use crate::process::Echo;
use crate::report::{Group, Totals};
use crate::test::{broken, scenario};
use crate::workspace::Workspace;
use std::time::Instant;

/// What the names of its runs begin with.
const NAME: &str = "the cache oracle";

/// Runs everything under the oracle and prints what it tells.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<bool> {
    let totals = Totals::default();
    groups(workspace, &TestArgs::default(), Echo::On, &totals);
    println!("{}", totals.line());
    Ok(totals.ok())
}

/// The same as a part of the test run.
pub(crate) fn groups(workspace: &Workspace, options: &TestArgs, echo: Echo, totals: &Totals) {
    let mut scenarios = scenario::watched();
    scenarios.retain(|scenario| options.names(&named(&scenario.name)));
    let planted = options.names(&named(planted::NAME));
    if scenarios.is_empty() && !planted {
        return;
    }
    let sources = &workspace.sources;
    let plugin = plugin::build(sources, echo);
    let made = plugin.and_then(|plugin| Ok((plugin, workspace.out()?)));
    let Some((plugin, out)) = told(NAME, made, totals) else {
        return;
    };
    if planted {
        let go_on = step(planted::NAME, totals, || {
            let built = image::build_planted(sources, echo)?;
            planted::judge(&plugin, &built, &sources.root, &out)
        });
        if !go_on || scenarios.is_empty() {
            return;
        }
    }
    let Some(built) = told(NAME, image::build(sources, echo), totals) else {
        return;
    };
    for scenario in scenarios {
        let go_on = step(&scenario.name, totals, || {
            runs::judge(&scenario, &plugin, &built, &sources.root, &out)
        });
        if !go_on {
            return;
        }
    }
}

fn named(name: &str) -> String {
    format!("{NAME}: {name}")
}

/// What was made, or a failure in the report.
fn told<T>(name: &str, made: anyhow::Result<T>, totals: &Totals) -> Option<T> {
    made.map_err(|error| totals.add(&broken(name, &error))).ok()
}

/// One run, as one test of the report. False if no other can do better.
fn step(name: &str, totals: &Totals, judge: impl FnOnce() -> anyhow::Result<String>) -> bool {
    if interrupt::seen() {
        return false;
    }
    let start = Instant::now();
    let judged = judge();
    let refused = judged
        .as_ref()
        .is_err_and(|error| error.is::<runs::Refused>());
    let result = judged.map(|text| println!("{text}"));
    let result = result.map_err(|error| format!("{error:#}"));
    totals.add(&Group::single(&named(name), start.elapsed(), result));
    !refused
}
