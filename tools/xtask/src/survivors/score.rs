//! The run in numbers, by module of the crate.

use super::judge::{Judged, Verdict};
use super::mutant::Outcome;
use std::collections::BTreeMap;

const HEAD: &str = "| module | mutants | caught | no end | do not build | argued | survive | score |\n\
                    |---|---:|---:|---:|---:|---:|---:|---:|\n";

/// Caught, timed out, unviable, argued, survived.
type Counts = [usize; 5];

/// A row for each module, and one for all.
pub(super) fn table(judged: &Judged) -> String {
    let mut modules: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut all = Counts::default();
    for (mutant, verdict) in &judged.tried {
        let column = column(verdict);
        modules.entry(module(&mutant.file)).or_default()[column] += 1;
        all[column] += 1;
    }
    let rows = modules.iter().map(|(module, counts)| row(module, counts));
    HEAD.to_owned() + &rows.collect::<String>() + &row("all", &all)
}

fn column(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Gone(Outcome::Caught | Outcome::Missed) => 0,
        Verdict::Gone(Outcome::Timeout) => 1,
        Verdict::Gone(Outcome::Unviable) => 2,
        Verdict::Argued(_) => 3,
        Verdict::Survived => 4,
    }
}

/// The first folder or file below `src`.
fn module(file: &str) -> &str {
    let inner = file.split_once("/src/").map_or(file, |(_, inner)| inner);
    let first = inner.split('/').next().unwrap_or(inner);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn row(name: &str, counts: &Counts) -> String {
    let cells: String = counts.iter().map(|n| format!(" {n} |")).collect();
    let total: usize = counts.iter().sum();
    format!("| {name} | {total} |{cells} {} |\n", score(counts))
}

/// Of those that build, and that change anything, how many were noticed; rounded down, so that 100 %
/// means all.
fn score([caught, timeout, _, _, survived]: &Counts) -> String {
    let noticed = caught + timeout;
    match (noticed * 100).checked_div(noticed + survived) {
        Some(percent) => format!("{percent} %"),
        None => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survivors::mutant::Mutant;

    #[test]
    fn a_row_for_each_module_and_one_for_all() {
        let tried = |file: &str, verdict| {
            let mutant = Mutant {
                file: format!("kernel/dma/src/{file}"),
                change: String::new(),
                at: (1, 1),
                line: String::new(),
            };
            (mutant, verdict)
        };
        let judged = Judged {
            tried: vec![
                tried("sg/plan.rs", Verdict::Gone(Outcome::Caught)),
                tried("sg/map.rs", Verdict::Survived),
                tried("sg/map.rs", Verdict::Gone(Outcome::Timeout)),
                tried("span.rs", Verdict::Argued("same".to_owned())),
                tried("span.rs", Verdict::Gone(Outcome::Unviable)),
            ],
            stale: Vec::new(),
        };
        let table = table(&judged);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| sg | 3 | 1 | 1 | 0 | 0 | 1 | 66 % |",
                "| span | 2 | 0 | 0 | 1 | 1 | 0 | - |",
                "| all | 5 | 1 | 1 | 1 | 1 | 1 | 66 % |"
            ]
        );
    }
}
