//! One row of the table: a call, and what it costs.

use super::beside::Beside;
use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The columns of `tools/bench/linux-baseline.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(super) config: String,
    pub(super) section: String,
    pub(super) case: String,
    pub(super) op: String,
    pub(super) dir: String,
    pub(super) size: u64,
    pub(super) live: u64,
    pub(super) iters: u64,
    /// Instructions per call.
    pub(super) mean: f64,
    pub(super) best: f64,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) note: String,
}

/// What stands in front of every row of ours.
const OURS: &str = "carom";

impl Row {
    /// What was counted, in words.
    pub(super) fn label(&self) -> String {
        let Self {
            config,
            section,
            case,
            op,
            dir,
            size,
            live,
            ..
        } = self;
        let live = match live {
            0 => String::new(),
            live => format!(" beside {live}"),
        };
        format!("{config} {section}/{case} {op} {dir} {size}{live}")
    }

    /// Does it count instructions? Others count what fits, or how often something is done.
    pub(super) fn is_cost(&self) -> bool {
        !matches!(
            self.op.as_str(),
            "iter_per_s" | "map_ok" | "mappings_that_fit"
        )
    }

    /// What cannot be right about it, if anything.
    pub(super) fn flaw(&self) -> Option<String> {
        let within = self.min as f64 <= self.best && self.best <= self.mean;
        let sound = self.iters > 0 && within && self.mean <= self.max as f64;
        (!sound).then(|| {
            format!(
                "{}: its numbers contradict each other: {self:?}",
                self.label()
            )
        })
    }
}

/// The rows of a file.
pub(super) fn from_csv(text: &str) -> anyhow::Result<Vec<Row>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Result<_, _> = reader.deserialize().collect();
    Ok(rows?)
}

/// Our rows, found among whatever else a kernel says.
pub(super) fn from_console(console: &str) -> anyhow::Result<Vec<Row>> {
    let lines = console.lines().map(str::trim_end);
    let is_row = |line: &&str| line.starts_with("config,") || is_ours(line);
    let table: Vec<&str> = lines.filter(is_row).collect();
    from_csv(&table.join("\n"))
}

fn is_ours(line: &str) -> bool {
    line.split(',').next().is_some_and(|config| {
        config
            .strip_prefix(OURS)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }) && line.contains(',')
}

/// A row with what the call has to do by the rules.
#[derive(Serialize)]
struct Line<'a> {
    config: &'a str,
    section: &'a str,
    case: &'a str,
    op: &'a str,
    dir: &'a str,
    size: u64,
    live: u64,
    iters: u64,
    mean: String,
    best: String,
    min: u64,
    max: u64,
    note: &'a str,
    lines: u64,
    copied: u64,
    barriers: u64,
}

/// Our rows as a file. Their names are those of the rows that they stand beside.
pub(super) fn to_csv(rows: &[Beside<'_>]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for Beside { ours, linux, work } in rows {
        writer.serialize(Line {
            config: &ours.config,
            section: &ours.section,
            case: linux.map_or(&ours.case, |linux| &linux.case),
            op: &ours.op,
            dir: &ours.dir,
            size: ours.size,
            live: ours.live,
            iters: ours.iters,
            mean: format!("{:.2}", ours.mean),
            best: format!("{:.2}", ours.best),
            min: ours.min,
            max: ours.max,
            note: &ours.note,
            lines: work.lines,
            copied: work.copied,
            barriers: work.barriers,
        })?;
    }
    let bytes = writer.into_inner().context("the table")?;
    Ok(String::from_utf8(bytes)?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const CONSOLE: &str = "carom 0.1.0 (build 1)\r\ncores 4\r\n\
        config,section,case,op,dir,size,live,iters,mean,best,min,max,note\r\n\
        carom,map,high,pair,TO_DEVICE,65,0,256,1089.00,1089.00,1089,1089,bounced phys=40000001\r\n\
        a word in between\r\n\
        carom-force,map,low,unmap,FROM_DEVICE,64,0,256,12.50,12.00,12,13,direct phys=1000\r\n";

    #[test]
    fn rows_are_found_among_what_else_a_kernel_says() {
        let rows = from_console(CONSOLE).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].size, rows[0].mean), (65, 1089.0));
        assert_eq!(rows[1].config, "carom-force");
        assert!(rows.iter().all(|row| row.flaw().is_none()));
    }

    #[test]
    fn a_row_that_lacks_a_column_is_an_error() {
        let cut = CONSOLE.replace(",bounced phys=40000001", "");
        assert!(from_console(&cut).is_err());
    }

    #[test]
    fn numbers_that_contradict_each_other_are_told() {
        let flaw = |from: &str, to: &str| {
            let rows = from_console(&CONSOLE.replace(from, to)).unwrap();
            rows.iter().find_map(Row::flaw)
        };
        assert!(
            flaw("12.00,12,13", "12.00,13,13").is_some(),
            "least above the best"
        );
        assert!(
            flaw("12.50,12.00", "11.50,12.00").is_some(),
            "mean below the best"
        );
        assert!(
            flaw("12.00,12,13", "12.00,12,12").is_some(),
            "mean above the most"
        );
        assert!(flaw("64,0,256", "64,0,0").is_some(), "never counted");
    }
}
