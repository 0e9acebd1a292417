//! `oracle`: the real image under the modelled cache of `tools/oracle`, and what is told of it.
//!
//! | file | what |
//! |---|---|
//! | `plugin` | builds the plugin, and what it is started with |
//! | `runs` | the boots, each with and without it |
//! | `told` | its lines, with functions and files, each once |
//!
//! A run fails if anything was found, if no transfer was seen, if the plugin did not come to its
//! end, or if the kernel itself was not well. `CAROM_ORACLE=trace` tells the events before each
//! finding.

mod plugin;
mod runs;
mod told;

use crate::args::TestArgs;
use crate::image;
use crate::interrupt;
use crate::process::Echo;
use crate::report::{Group, Totals};
use crate::test::scenario;
use crate::workspace::Workspace;
use std::time::Instant;

/// What the names of its runs begin with.
const NAME: &str = "the cache oracle";

/// Runs everything under the oracle and prints what it tells.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<bool> {
    let mut totals = Totals::default();
    groups(workspace, &TestArgs::default(), Echo::On, &mut totals);
    println!("{}", totals.line());
    Ok(totals.ok())
}

/// The same as a part of the test run.
pub(crate) fn groups(workspace: &Workspace, options: &TestArgs, echo: Echo, totals: &mut Totals) {
    let named = |name: &str| format!("{NAME}: {name}");
    let mut scenarios = scenario::watched();
    scenarios.retain(|scenario| options.names(&named(&scenario.name)));
    if scenarios.is_empty() {
        return;
    }
    let start = Instant::now();
    let made = plugin::build(&workspace.sources, echo)
        .and_then(|plugin| Ok((plugin, image::build(&workspace.sources, echo)?)))
        .and_then(|made| Ok((made, workspace.out()?)));
    let ((plugin, built), out) = match made {
        Ok(made) => made,
        Err(error) => {
            let result = Err(format!("{error:#}"));
            return totals.add(&Group::single(NAME, start.elapsed(), result));
        }
    };
    for scenario in scenarios {
        if interrupt::seen() {
            return;
        }
        let start = Instant::now();
        let root = &workspace.sources.root;
        let judged = runs::judge(&scenario, &plugin, &built, root, &out);
        let refused = judged
            .as_ref()
            .is_err_and(|error| error.is::<runs::Refused>());
        let result = judged.map(|text| println!("{text}"));
        let result = result.map_err(|error| format!("{error:#}"));
        let name = named(&scenario.name);
        totals.add(&Group::single(&name, start.elapsed(), result));
        if refused {
            return;
        }
    }
}
