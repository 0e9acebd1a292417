//! Whether calls cost the same however full the pool is, and refusals less than successes.

use super::row::Row;
use std::fmt::Write;

/// What the costliest case may cost of the empty pool's.
const FLAT: f64 = 1.3;

/// Rows of one section and size, where the pool is as full as a case says.
struct Occupancy<'a> {
    section: &'a str,
    size: u64,
    /// Of requests that many slots serve, and of those that few do.
    rare: bool,
    rows: Vec<&'a Row>,
}

const SECTIONS: [&str; 2] = ["slots", "occ"];

fn is_refusal(row: &Row) -> bool {
    row.op.ends_with("_fails")
}

fn is_rare(row: &Row) -> bool {
    row.case.starts_with("rare_")
}

/// The rows of `rows` that are about a pool with slots in use, by what was asked of it.
fn occupancies(rows: &[Row]) -> Vec<Occupancy<'_>> {
    let mut all: Vec<Occupancy<'_>> = Vec::new();
    for row in rows {
        let (section, size, rare) = (row.section.as_str(), row.size, is_rare(row));
        if !SECTIONS.contains(&section) {
            continue;
        }
        let same =
            |of: &&mut Occupancy<'_>| (of.section, of.size, of.rare) == (section, size, rare);
        match all.iter_mut().find(same) {
            Some(of) => of.rows.push(row),
            None => all.push(Occupancy {
                section,
                size,
                rare,
                rows: vec![row],
            }),
        }
    }
    all
}

impl<'a> Occupancy<'a> {
    fn of(&self, op: &str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().copied().filter(move |row| row.op == op)
    }

    fn empty(&self, op: &str) -> Option<&'a Row> {
        let mut rows = self.rows.iter().copied();
        rows.find(|row| row.op == op && row.live == 0)
    }

    fn worst(&self, op: &str) -> Option<&'a Row> {
        self.of(op).max_by(|a, b| a.mean.total_cmp(&b.mean))
    }

    /// The costliest pair, for each of the empty pool's.
    fn flatness(&self) -> Option<f64> {
        Some(self.worst("pair")?.mean / self.empty("pair")?.mean)
    }

    fn refusal(&self) -> Option<&'a Row> {
        let refusals = self.rows.iter().copied().filter(|row| is_refusal(row));
        refusals.max_by(|a, b| a.mean.total_cmp(&b.mean))
    }

    /// The success that a refusal is held against: the half of a pair that could be refused.
    fn success(&self) -> Option<&'a Row> {
        self.empty("map").or_else(|| self.empty("take"))
    }

    fn name(&self) -> String {
        let rare = if self.rare { " at rare places" } else { "" };
        format!("{} of {} bytes{rare}", self.section, self.size)
    }
}

/// The refusals of a pool that could grow, each with what a success takes where there is room.
fn of_growing(rows: &[Row]) -> impl Iterator<Item = (&Row, &Row)> {
    let refusals = rows
        .iter()
        .filter(|row| row.section == "dyn" && is_refusal(row));
    refusals.filter_map(|refusal| {
        let served = |row: &&Row| {
            let same = row.section == "occ" && row.size == refusal.size;
            same && row.op == "map" && row.live == 0
        };
        Some((refusal, rows.iter().find(served)?))
    })
}

/// What there is to tell, a line for each section and size.
pub(super) fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for of in occupancies(rows) {
        let (Some(empty), Some(worst)) = (of.empty("pair"), of.worst("pair")) else {
            continue;
        };
        let longest = of
            .rows
            .iter()
            .filter(|row| row.op != "pair" && !is_refusal(row));
        let longest = longest.max_by_key(|row| row.max);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{:<32} {:>6.0} empty, {:>6.0} worst ({} beside {}): {:.2}",
            of.name(),
            empty.mean,
            worst.mean,
            worst.case,
            worst.live,
            worst.mean / empty.mean,
        );
        if let Some(longest) = longest {
            let _ = write!(
                text,
                "; longest {} {} ({})",
                longest.op, longest.max, longest.case
            );
        }
        if let (Some(refusal), Some(success)) = (of.refusal(), of.success()) {
            let _ = write!(
                text,
                "; refused {:.0} at most ({}), served {:.0}",
                refusal.mean, refusal.case, success.mean
            );
        }
        text.push('\n');
    }
    for (refusal, success) in of_growing(rows) {
        let _ = writeln!(
            text,
            "{} of {} bytes: refused {:.0}, served {:.0}",
            refusal.case, refusal.size, refusal.mean, success.mean
        );
    }
    text
}

/// Cases that are not flat, and refusals that cost more than what they refuse.
pub(super) fn flaws(rows: &[Row]) -> Vec<String> {
    let mut flaws = Vec::new();
    for of in occupancies(rows) {
        // Longer buffers cost more because of their bytes, and are flat if these are.
        let judged = of.size == 64 && !of.rare;
        if judged && let Some(flatness) = of.flatness().filter(|flatness| *flatness > FLAT) {
            flaws.push(format!("{}: {flatness:.2} of an empty pool's", of.name()));
        }
        if let (Some(refusal), Some(success)) = (of.refusal(), of.success()) {
            flaws.extend(too_dear(&of.name(), refusal, success));
        }
    }
    for (refusal, success) in of_growing(rows) {
        let name = format!("{} of {} bytes", refusal.case, refusal.size);
        flaws.extend(too_dear(&name, refusal, success));
    }
    flaws
}

/// What is to be said of a refusal that costs more than a success.
fn too_dear(name: &str, refusal: &Row, success: &Row) -> Option<String> {
    let (refusal, success) = (refusal.mean, success.mean);
    let told = || format!("{name}: a refusal takes {refusal:.0}, a success {success:.0}");
    (refusal > success).then(told)
}

#[cfg(test)]
mod tests {
    use super::super::row::from_csv;
    use super::*;

    const HEADER: &str = "config,section,case,op,dir,size,live,iters,mean,best,min,max,note\n";

    fn flaws_of(worst: u64, refusal: u64) -> Vec<String> {
        let row = |case: &str, op: &str, live, mean: u64| {
            format!("carom,slots,{case},{op},-,64,{live},1,{mean}.00,{mean}.00,{mean},{mean},\n")
        };
        let rows = [
            row("contig", "take", 0, 60),
            row("contig", "pair", 0, 100),
            row("random", "pair", 9, worst),
            row("full", "take_fails", 10, refusal),
        ];
        flaws(&from_csv(&(HEADER.to_owned() + &rows.concat())).unwrap())
    }

    #[test]
    fn a_full_pool_may_cost_a_little_more_than_an_empty_one() {
        assert_eq!(flaws_of(130, 60), Vec::<String>::new());
        assert_eq!(
            flaws_of(131, 60),
            ["slots of 64 bytes: 1.31 of an empty pool's"]
        );
    }

    #[test]
    fn a_refusal_costs_no_more_than_a_success() {
        let told = flaws_of(100, 61);
        assert_eq!(
            told,
            ["slots of 64 bytes: a refusal takes 61, a success 60"]
        );
    }

    #[test]
    fn a_pool_that_could_grow_is_held_against_one_with_room() {
        let row = |section: &str, case: &str, op: &str, mean: u64| {
            format!("carom,{section},{case},{op},-,64,0,1,{mean}.00,{mean}.00,{mean},{mean},\n")
        };
        let rows = [
            row("occ", "contig", "map", 60),
            row("occ", "contig", "pair", 100),
            row("dyn", "refused", "map_fails", 61),
        ];
        let rows = from_csv(&(HEADER.to_owned() + &rows.concat())).unwrap();
        assert_eq!(
            flaws(&rows),
            ["refused of 64 bytes: a refusal takes 61, a success 60"]
        );
        assert!(text(&rows).contains("refused of 64 bytes: refused 61, served 60"));
    }
}
