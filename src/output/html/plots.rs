//! Coordinates of the report's plots, in the units of their SVG view boxes.

use super::super::report::{figure, percent, tenths};
use crate::evaluation::Report;
use crate::metrics::{Bin, Interval};

/// An interval and a value on a line from 0 to 1 that is 200 units long.
pub(super) struct Bar {
    /// The ends of the interval.
    pub(super) range: Option<(String, String)>,
    /// Where the mark of the value begins.
    pub(super) left: String,
}

impl Bar {
    /// The bar for `value`, where it is known; below 0 (kappa can be) it stands at 0.
    pub(super) fn of(value: Option<f64>, interval: Option<Interval>) -> Option<Self> {
        let x = |v: f64| v.clamp(0.0, 1.0) * 200.0;
        Some(Bar {
            left: unit((x(value?) - 1.5).clamp(0.0, 197.0)),
            range: interval.map(|(low, high)| (unit(x(low)), unit(x(high)))),
        })
    }
}

/// A tick of both axes.
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) label_y: String,
    pub(super) label: String,
}

/// A dot of a curve, with what it says when pointed at.
pub(super) struct Dot {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) size: String,
    pub(super) words: String,
}

/// The plots of reliability and coverage.
pub(super) struct Certainty {
    pub(super) words: String,
    pub(super) axes: Vec<Tick>,
    pub(super) reliability_line: String,
    pub(super) reliability: Vec<Dot>,
    pub(super) accuracy_line: String,
    pub(super) macro_f1_line: String,
    pub(super) coverage: Vec<Dot>,
    pub(super) table: Vec<Vec<String>>,
}

/// The plots' inside: from (40, 210) below left to (330, 10) above right.
fn x(share: f64) -> f64 {
    40.0 + 290.0 * share
}

fn y(share: f64) -> f64 {
    210.0 - 200.0 * share
}

fn unit(value: f64) -> String {
    format!("{value:.1}")
}

fn line(points: impl Iterator<Item = (f64, f64)>) -> String {
    let points: Vec<String> = points
        .map(|(a, b)| format!("{:.1},{:.1}", x(a), y(b)))
        .collect();
    points.join(" ")
}

impl Certainty {
    /// The plots of `report`, where the probabilities are known.
    pub(super) fn of(report: &Report) -> Option<Self> {
        let calibration = report.calibration.as_ref()?;
        let curve = report.coverage.as_ref()?;
        let bins: Vec<(&Bin, f64, f64)> = calibration
            .bins
            .iter()
            .filter_map(|bin| Some((bin, bin.probability?, bin.accuracy?)))
            .collect();
        let half = tenths(curve).into_iter().find(|p| p.coverage < 0.85);
        let gain = half.map_or(String::new(), |p| {
            format!(
                " If the least certain {} go to a person, {} of the rest are right.",
                percent(Some(1.0 - p.coverage)),
                percent(p.accuracy)
            )
        });
        Some(Certainty {
            words: format!(
                "A label’s probability is off by {:.1} points on average.{gain}",
                calibration.error.unwrap_or(0.0) * 100.0
            ),
            axes: (0..=5).map(|i| tick(f64::from(i) / 5.0)).collect(),
            reliability_line: line(bins.iter().map(|b| (b.1, b.2))),
            reliability: bins
                .iter()
                .map(|(bin, probability, accuracy)| Dot {
                    x: unit(x(*probability)),
                    y: unit(y(*accuracy)),
                    size: unit(3.0 + 9.0 * (bin.n as f64 / report.n.max(1) as f64).sqrt()),
                    words: format!(
                        "{} comments with {:.0} to {:.0} %: mean {:.0} %, right {:.0} %",
                        bin.n,
                        bin.from * 100.0,
                        bin.to * 100.0,
                        probability * 100.0,
                        accuracy * 100.0
                    ),
                })
                .collect(),
            accuracy_line: line(curve.iter().filter_map(|p| Some((p.coverage, p.accuracy?)))),
            macro_f1_line: line(curve.iter().filter_map(|p| Some((p.coverage, p.macro_f1?)))),
            coverage: curve
                .iter()
                .filter_map(|p| {
                    Some(Dot {
                        x: unit(x(p.coverage)),
                        y: unit(y(p.accuracy?)),
                        size: "3.0".into(),
                        words: format!(
                            "{:.0} % of the comments, those with p from {:.2}: {:.0} % right",
                            p.coverage * 100.0,
                            p.threshold,
                            p.accuracy? * 100.0
                        ),
                    })
                })
                .collect(),
            table: tenths(curve)
                .into_iter()
                .map(|p| {
                    vec![
                        percent(Some(p.coverage)),
                        format!("{:.2}", p.threshold),
                        figure(p.accuracy),
                        figure(p.macro_f1),
                    ]
                })
                .collect(),
        })
    }
}

fn tick(share: f64) -> Tick {
    Tick {
        x: unit(x(share)),
        y: unit(y(share)),
        label_y: unit(y(share) + 4.0),
        label: format!("{:.0} %", share * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_lines_stand_where_the_numbers_say() {
        let bar = Bar::of(Some(0.5), Some((0.25, 0.75))).unwrap();
        assert_eq!(bar.left, "98.5");
        assert_eq!(bar.range, Some(("50.0".into(), "150.0".into())));
        assert_eq!(Bar::of(Some(-0.2), None).unwrap().left, "0.0");
        assert!(Bar::of(None, None).is_none());
        assert_eq!(
            line([(0.0, 0.0), (1.0, 1.0)].into_iter()),
            "40.0,210.0 330.0,10.0"
        );
    }
}
