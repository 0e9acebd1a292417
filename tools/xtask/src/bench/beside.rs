//! Our rows, each beside the one that it is held against.

use super::row::Row;
use super::work::{Work, work};
use std::collections::{HashMap, VecDeque};

/// A row of ours and what belongs to it.
#[derive(Debug)]
pub(super) struct Beside<'a> {
    pub(super) ours: Row,
    /// The same call there. `None` if it was not counted.
    pub(super) linux: Option<&'a Row>,
    pub(super) work: Work,
}

impl Beside<'_> {
    /// Our instructions for each of theirs. Of rows that count something else there is none.
    pub(super) fn ratio(&self) -> Option<f64> {
        let linux = self.linux.filter(|_| self.ours.is_cost())?;
        Some(self.ours.mean / linux.mean)
    }

    /// Whether it is about a pool that others have slots of.
    pub(super) fn is_of_occupancy(&self) -> bool {
        matches!(self.ours.section.as_str(), "slots" | "occ" | "dyn" | "smp")
    }

    /// Whether our call copied instead of lending the buffer itself.
    pub(super) fn bounced(&self) -> bool {
        self.ours.note.starts_with("bounced")
    }
}

/// Which call a row is about.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, u64, u64);

fn key(row: &Row) -> Key<'_> {
    // There the heap's cases are named after what became of the buffer, which is for each to decide.
    let case = match row.section.as_str() {
        "kmalloc" => "",
        _ => &row.case,
    };
    (
        config(&row.config),
        &row.section,
        case,
        &row.op,
        &row.dir,
        row.size,
        row.live,
    )
}

/// The configuration there that is ours here.
fn config(name: &str) -> &str {
    match name {
        "carom" => "bar",
        "carom-force" => "lean-force",
        "carom-dyn" => "leandyn-2M",
        "carom-smp" => "lean-smpicount",
        other => other,
    }
}

/// Puts every row of ours beside the one of `baseline` that is about the same call. Where a call was
/// counted several times, the first is beside the first.
pub(super) fn beside(rows: Vec<Row>, baseline: &[Row]) -> Vec<Beside<'_>> {
    let mut known: HashMap<Key<'_>, VecDeque<&Row>> = HashMap::new();
    for row in baseline {
        known.entry(key(row)).or_default().push_back(row);
    }
    let mut take = |ours: &Row| {
        let of_call = known.iter_mut().find(|(known, _)| **known == key(ours));
        of_call.and_then(|(_, rows)| rows.pop_front())
    };
    let rows = rows.into_iter().map(|ours| Beside {
        linux: take(&ours),
        work: work(&ours),
        ours,
    });
    rows.collect()
}

/// The sections that are counted whole, by configuration.
const WHOLE: [(&str, &[&str]); 2] = [
    ("bar", &["base", "map", "kmalloc", "sync"]),
    ("lean-force", &["map", "sync"]),
];

/// Rows of `baseline` in the sections that are counted whole, without one of ours. Only
/// configurations that are there at all are asked for.
pub(super) fn absent(compared: &[Beside<'_>], baseline: &[Row]) -> Vec<String> {
    let configs: Vec<&str> = compared
        .iter()
        .map(|row| config(&row.ours.config))
        .collect();
    let found: Vec<Key<'_>> = compared.iter().map(|row| key(&row.ours)).collect();
    let wanted = |row: &&Row| {
        let mut whole = WHOLE.iter().filter(|(config, _)| configs.contains(config));
        whole.any(|(config, sections)| {
            *config == row.config && sections.contains(&row.section.as_str())
        })
    };
    let absent = baseline.iter().filter(wanted);
    let absent = absent.filter(|row| !found.contains(&key(row)));
    absent
        .map(|row| format!("{} was not counted", row.label()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::row::from_csv;
    use super::*;

    const HEADER: &str = "config,section,case,op,dir,size,live,iters,mean,best,min,max,note\n";

    fn rows(text: &str) -> Vec<Row> {
        from_csv(&format!("{HEADER}{text}")).unwrap()
    }

    #[test]
    fn a_call_finds_its_like_by_everything_but_the_counts() {
        let baseline = rows(
            "bar,map,low,pair,TO_DEVICE,64,0,9,200.00,200.00,200,200,\n\
             bar,map,low,pair,TO_DEVICE,64,7,9,300.00,300.00,300,300,\n\
             lean-force,map,low,pair,TO_DEVICE,64,0,9,400.00,400.00,400,400,\n",
        );
        let ours = rows(
            "carom,map,low,pair,TO_DEVICE,64,0,1,100.00,100.00,100,100,direct phys=0\n\
             carom-force,map,low,pair,TO_DEVICE,64,0,1,100.00,100.00,100,100,bounced phys=0\n\
             carom,map,low,pair,TO_DEVICE,65,0,1,100.00,100.00,100,100,direct phys=0\n",
        );
        let compared = beside(ours, &baseline);
        let ratios: Vec<_> = compared.iter().map(Beside::ratio).collect();
        assert_eq!(ratios, [Some(0.5), Some(0.25), None]);
    }

    #[test]
    fn calls_that_were_counted_twice_stand_in_their_order() {
        let baseline = rows(
            "leandyn-2M,dyn,release,unmap,TO_DEVICE,64,0,9,200.00,200.00,200,200,\n\
             leandyn-2M,dyn,release,unmap,TO_DEVICE,64,0,9,400.00,400.00,400,400,\n",
        );
        let ours = "carom-dyn,dyn,release,unmap,TO_DEVICE,64,0,1,100.00,100.00,100,100,\n";
        let compared = beside(rows(&ours.repeat(3)), &baseline);
        let ratios: Vec<_> = compared.iter().map(Beside::ratio).collect();
        assert_eq!(ratios, [Some(0.5), Some(0.25), None]);
    }

    #[test]
    fn what_is_no_cost_is_not_compared() {
        let row = |config| format!("{config},smp,bounce_4096,iter_per_s,-,64,1,9,5.00,5.00,5,5,\n");
        let baseline = rows(&row("lean-smpicount"));
        let compared = beside(rows(&row("carom-smp")), &baseline);
        assert!(compared[0].linux.is_some() && compared[0].ratio().is_none());
    }

    #[test]
    fn objects_of_the_heap_are_found_whatever_became_of_them_there() {
        let baseline =
            rows("bar,kmalloc,bounced_align8,pair,FROM_DEVICE,1,0,9,2000.00,2000.00,2000,2000,\n");
        let ours =
            rows("carom,kmalloc,heap,pair,FROM_DEVICE,1,0,1,100.00,100.00,100,100,direct phys=0\n");
        let compared = beside(ours, &baseline);
        assert_eq!(compared[0].ratio(), Some(0.05));
        assert!(
            super::super::row::to_csv(&compared)
                .unwrap()
                .contains("carom,kmalloc,bounced_align8,")
        );
    }

    #[test]
    fn a_call_that_was_not_counted_is_told() {
        let baseline = rows(
            "bar,map,low,pair,TO_DEVICE,64,0,9,200.00,200.00,200,200,\n\
             bar,map,low,pair,TO_DEVICE,512,0,9,200.00,200.00,200,200,\n\
             bar,sg,low,map_sg,TO_DEVICE,4096,1,9,200.00,200.00,200,200,\n",
        );
        let ours =
            rows("carom,map,low,pair,TO_DEVICE,64,0,1,100.00,100.00,100,100,direct phys=0\n");
        let absent = absent(&beside(ours, &baseline), &baseline);
        assert_eq!(absent, ["bar map/low pair TO_DEVICE 512 was not counted"]);
    }
}
