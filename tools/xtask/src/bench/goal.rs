//! How cheap a call shall be, in instructions for each of Linux's.

use super::beside::Beside;

/// Every call.
const HALF: f64 = 0.5;
/// Direct ones from a page on: two instructions for each line are what the instruction set allows, and
/// there they are nearly all.
const LINES: f64 = 0.55;
/// The middle one of those that bounce.
pub(super) const BOUNCED_MEDIAN: f64 = 0.25;
const PAGE: u64 = 4096;

/// The goal of one call.
pub(super) fn goal(row: &Beside<'_>) -> f64 {
    let looped = matches!(row.ours.section.as_str(), "map" | "sync");
    if looped && !row.bounced() && row.ours.size >= PAGE {
        LINES
    } else {
        HALF
    }
}

/// Whether a call is as cheap as it shall be. `None` where nothing is known to compare.
pub(super) fn met(row: &Beside<'_>) -> Option<bool> {
    row.ratio().map(|ratio| ratio <= goal(row))
}

/// The middle ratio of all `op`s that bounce out of an empty pool.
pub(super) fn bounced_median(rows: &[Beside<'_>], op: &str) -> Option<f64> {
    let bounced = rows
        .iter()
        .filter(|row| row.bounced() && !row.is_of_occupancy() && row.ours.op == op);
    let mut ratios: Vec<f64> = bounced.filter_map(Beside::ratio).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::super::beside::beside;
    use super::super::row::from_csv;
    use super::*;

    const HEADER: &str = "config,section,case,op,dir,size,live,iters,mean,best,min,max,note\n";

    /// A call of `ours` instructions beside one of 100.
    fn judged(section: &str, size: u64, ours: u64, note: &str) -> Option<bool> {
        let row = |config, mean| {
            let call = format!("{section},low,map,TO_DEVICE,{size},0,1");
            format!("{config},{call},{mean}.00,{mean}.00,{mean},{mean},{note}\n")
        };
        let rows = |text: String| from_csv(&(HEADER.to_owned() + &text)).unwrap();
        let baseline = rows(row("bar", 100));
        met(&beside(rows(row("carom", ours)), &baseline)[0])
    }

    #[test]
    fn a_call_shall_cost_half_and_a_direct_one_from_a_page_on_a_little_more() {
        assert_eq!(judged("map", 64, 50, "direct"), Some(true));
        assert_eq!(judged("map", 64, 51, "direct"), Some(false));
        assert_eq!(judged("map", 4096, 55, "direct"), Some(true));
        assert_eq!(judged("map", 4096, 56, "direct"), Some(false));
        assert_eq!(judged("map", 4096, 51, "bounced"), Some(false));
        assert_eq!(judged("kmalloc", 4096, 51, "direct"), Some(false));
    }
}
