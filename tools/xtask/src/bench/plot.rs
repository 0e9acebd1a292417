//! The comparison as a picture: `map` and `unmap` of pages, and looks at a mapping at rest.

use super::beside::Beside;
use super::goal::goal;
use anyhow::anyhow;
use plotters::prelude::*;

/// A panel: what it shows, and which rows those are.
type Panel = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const PANELS: [Panel; 6] = [
    (
        "map+unmap, direct, to the device",
        "map",
        "low",
        "pair",
        "TO_DEVICE",
    ),
    (
        "map+unmap, direct, from the device",
        "map",
        "low",
        "pair",
        "FROM_DEVICE",
    ),
    (
        "map+unmap, bounced, to the device",
        "map",
        "high",
        "pair",
        "TO_DEVICE",
    ),
    (
        "map+unmap, bounced, from the device",
        "map",
        "high",
        "pair",
        "FROM_DEVICE",
    ),
    (
        "for_cpu, direct, from the device",
        "sync",
        "low",
        "for_cpu",
        "FROM_DEVICE",
    ),
    (
        "for_cpu, bounced, from the device",
        "sync",
        "high",
        "for_cpu",
        "FROM_DEVICE",
    ),
];

const SIZE: (u32, u32) = (960, 1080);

/// The picture. Panels without rows stay empty.
pub(super) fn svg(rows: &[Beside<'_>]) -> anyhow::Result<String> {
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        let drawn = area.fill(&WHITE).map_err(|error| anyhow!("{error}"));
        drawn?;
        for (panel, part) in PANELS.iter().zip(area.split_evenly((3, 2))) {
            let points = points(rows, panel);
            if !points.is_empty() {
                draw(&part, panel.0, &points).map_err(|error| anyhow!("{}: {error}", panel.0))?;
            }
        }
        area.present().map_err(|error| anyhow!("{error}"))?;
    }
    Ok(picture)
}

/// Bytes; instructions there, ours, and the most that ours shall be.
type Point = (f64, [f64; 3]);

fn points(rows: &[Beside<'_>], (_, section, case, op, dir): &Panel) -> Vec<Point> {
    let shown = |row: &&Beside<'_>| {
        let ours = &row.ours;
        ours.config == "carom"
            && (&*ours.section, &*ours.case, &*ours.op, &*ours.dir) == (*section, *case, *op, *dir)
    };
    let point = |row: &Beside<'_>| {
        let linux = row.linux?.mean;
        Some((
            row.ours.size as f64,
            [linux, row.ours.mean, linux * goal(row)],
        ))
    };
    rows.iter().filter(shown).filter_map(point).collect()
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    title: &str,
    points: &[Point],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let bytes = points.iter().map(|point| point.0);
    let counts = || points.iter().flat_map(|point| point.1);
    let (least, most) = (
        counts().fold(f64::MAX, f64::min),
        counts().fold(1.0, f64::max),
    );
    let (first, last) = (
        bytes.clone().fold(f64::MAX, f64::min),
        bytes.fold(1.0, f64::max),
    );
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (first..last * 1.01).log_scale(),
            (least * 0.7..most * 1.5).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("bytes")
        .y_desc("instructions")
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()?;
    let colours = [(RED, "Linux"), (BLUE, "Carom"), (GREEN, "goal")];
    for (i, (colour, name)) in colours.into_iter().enumerate() {
        let line = points.iter().map(|point| (point.0, point.1[i]));
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(2)).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(BLACK)
        .background_style(WHITE)
        .draw()
}
