//! Where the instructions of a row go: the emulator is stepped through one call of it, and every
//! instruction is set down to the function of ours that it was compiled from, inlined or not.
//!
//! The benchmark reads the cycle counter before and after each call. Those reads are found in the image
//! by their encoding; the emulator runs from one to the next, and is stepped where a row begins.

use super::row::Row;
use super::{boot, gdb::Gdb};
use crate::image::Built;
use crate::symbols::Elf;
use anyhow::{Context, ensure};
use object::{Object, ObjectSection};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// `mrs Xt, pmccntr_el0`, and the bits that name Xt.
const READ: u32 = 0xD53B_9D00;
const REGISTER: u32 = 0x1F;

/// Empty measurements that the kernel makes first.
const EMPTY: usize = 8;

/// Calls with more instructions are not stepped: they repeat one loop.
const LONG: f64 = 6000.0;

/// Instructions by function.
type Shares = BTreeMap<String, u64>;

/// Prints where the instructions of the rows go.
pub(super) fn tell(built: &Built, root: &Path, out: &Path, filter: &str) -> anyhow::Result<()> {
    let rows = boot::counted(built, out, "", filter)?;
    let elf = Elf::open(&built.elf)?;
    let socket = out.join("gdb.sock");
    let running = boot::stopped(built, out, filter, &socket)?;
    let mut gdb = Gdb::connect(&socket)?;
    let reads = reads(&built.elf)?;
    for address in &reads {
        gdb.stop_at(*address)?;
    }
    let mut at = 0;
    let mut region = |wanted: usize, gdb: &mut Gdb| -> anyhow::Result<Vec<u64>> {
        while at < wanted {
            // One stop before, one after.
            gdb.go_on()?;
            gdb.go_on()?;
            at += 1;
        }
        gdb.go_on()?;
        at += 1;
        steps(gdb, &reads)
    };
    let mut first = EMPTY;
    for series in series(&rows) {
        for (i, row) in series.iter().enumerate().filter(|(_, row)| row.mean < LONG) {
            let steps = region(first + i, &mut gdb)?;
            print!("{}", text(row, &shares(&elf, root, &steps)));
        }
        first += series.len() * series[0].iters as usize;
    }
    gdb.kill();
    running.join().ok().context("the emulator's thread")??;
    Ok(())
}

/// Rows whose calls alternate in one loop, without the sums.
fn series(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut all: Vec<Vec<&Row>> = Vec::new();
    for row in rows.iter().filter(|row| row.op != "pair") {
        let same = |other: &Row| {
            (&other.section, &other.case, &other.dir, other.size)
                == (&row.section, &row.case, &row.dir, row.size)
        };
        match all.last_mut().filter(|series| same(series[0])) {
            Some(series) => series.push(row),
            None => all.push(vec![row]),
        }
    }
    all
}

/// Every place where the counter is read.
fn reads(elf: &Path) -> anyhow::Result<HashSet<u64>> {
    let bytes = std::fs::read(elf)?;
    let file = object::File::parse(&bytes[..])?;
    let text = file.section_by_name(".text").context("no section .text")?;
    let words = text
        .data()?
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes(word.try_into().expect("chunks of four")));
    let addresses = (text.address()..).step_by(4);
    let found = addresses
        .zip(words)
        .filter(|(_, word)| word & !REGISTER == READ);
    let found: HashSet<u64> = found.map(|(address, _)| address).collect();
    ensure!(!found.is_empty(), "the image never reads the cycle counter");
    Ok(found)
}

/// Steps from one read of the counter to the next.
fn steps(gdb: &mut Gdb, reads: &HashSet<u64>) -> anyhow::Result<Vec<u64>> {
    let mut steps = Vec::new();
    loop {
        let pc = gdb.step()?;
        if reads.contains(&pc) {
            return Ok(steps);
        }
        steps.push(pc);
    }
}

fn shares(elf: &Elf, root: &Path, steps: &[u64]) -> Shares {
    let mut shares = Shares::new();
    for address in steps {
        *shares
            .entry(elf.function_of_ours(*address, root))
            .or_default() += 1;
    }
    shares
}

fn text(row: &Row, shares: &Shares) -> String {
    let total: u64 = shares.values().sum();
    let mut sorted: Vec<_> = shares.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let head = format!(
        "\n{}: {:.0} counted, {total} stepped\n",
        row.label(),
        row.mean
    );
    let lines = sorted
        .iter()
        .map(|(name, count)| format!("{count:>8}  {name}\n"));
    head + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::super::row::from_csv;
    use super::*;

    fn rows() -> Vec<Row> {
        let calls = [
            ("low", "map"),
            ("low", "unmap"),
            ("low", "pair"),
            ("high", "map"),
        ];
        let rows = calls.map(|(case, op)| {
            format!("carom,map,{case},{op},TO_DEVICE,64,0,4,9.00,9.00,9,9,direct phys=0\n")
        });
        let header = "config,section,case,op,dir,size,live,iters,mean,best,min,max,note\n";
        from_csv(&(header.to_owned() + &rows.concat())).unwrap()
    }

    #[test]
    fn calls_that_alternate_stand_together_and_sums_are_no_calls() {
        let rows = rows();
        let ops: Vec<Vec<&str>> = series(&rows)
            .iter()
            .map(|series| series.iter().map(|row| row.op.as_str()).collect())
            .collect();
        assert_eq!(ops, [vec!["map", "unmap"], vec!["map"]]);
    }

    #[test]
    fn the_largest_share_comes_first_and_the_sum_is_told() {
        let shares = Shares::from([("a".to_owned(), 2), ("b".to_owned(), 5)]);
        let text = text(&rows()[0], &shares);
        assert!(text.contains("9 counted, 7 stepped"), "{text}");
        assert!(
            text.find("5  b").unwrap() < text.find("2  a").unwrap(),
            "{text}"
        );
    }
}
