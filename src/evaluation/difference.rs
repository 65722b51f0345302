//! A difference of two figures on the same rows, with its interval.

use super::Rows;
use crate::metrics::{Counts, Interval};
use serde::Serialize;

/// How much one figure exceeds another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The difference; `None` where a figure is undefined.
    pub value: Option<f64>,
    /// Its 95 % interval, from draws of the same groups for both.
    pub interval: Option<Interval>,
}

/// What a 95 % interval of a difference shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It lies above 0.
    More,
    /// It lies below 0.
    Less,
    /// It holds 0.
    Nothing,
}

impl Difference {
    /// How much macro-F1, and accuracy, are higher with the predictions `b` than with those of `rows`.
    pub fn of(rows: &Rows, b: &[usize]) -> (Self, Self) {
        let figures = |c: &Counts| vec![c.macro_f1(), c.accuracy()];
        let gold = rows.pairs.iter().map(|pair| pair.0);
        let other = figures(&Counts::of(rows.labels.len(), gold.zip(b.iter().copied())));
        let this = figures(&rows.counts());
        let intervals = rows.difference_intervals(b, figures);
        let difference = |i: usize| Difference {
            value: other[i].zip(this[i]).map(|(b, a)| b - a),
            interval: intervals.get(i).copied().flatten(),
        };
        (difference(0), difference(1))
    }

    /// The same difference seen from the other side.
    pub fn reversed(&self) -> Self {
        Difference {
            value: self.value.map(|v| 0.0 - v),
            interval: self.interval.map(|(low, high)| (0.0 - high, 0.0 - low)),
        }
    }

    /// What it shows.
    pub fn shown(&self) -> Shown {
        match self.interval {
            Some((low, _)) if low > 0.0 => Shown::More,
            Some((_, high)) if high < 0.0 => Shown::Less,
            _ => Shown::Nothing,
        }
    }

    /// The difference in words: "+1.2 points of macro-F1, 95 % interval −2.0 to +4.1".
    pub fn words(&self, figure: &str) -> String {
        let interval = self.interval.map_or(String::new(), |(low, high)| {
            format!(", 95 % interval {} to {}", points(low), points(high))
        });
        match self.value {
            Some(value) => format!("{} points of {figure}{interval}", points(value)),
            None => "undefined".into(),
        }
    }
}

/// A difference in points, hundredths, with its sign.
pub(crate) fn points(value: f64) -> String {
    let rounded = format!("{:.1}", value.abs() * 100.0);
    let sign = match value {
        _ if rounded == "0.0" => "±",
        v if v < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{rounded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_what_it_shows() {
        let d = |value, low, high| Difference {
            value: Some(value),
            interval: Some((low, high)),
        };
        let unsure = d(0.012, -0.02, 0.041);
        assert_eq!(
            unsure.words("F1"),
            "+1.2 points of F1, 95 % interval −2.0 to +4.1"
        );
        assert_eq!(unsure.shown(), Shown::Nothing);
        assert_eq!(d(0.02, 0.01, 0.03).shown(), Shown::More);
        assert_eq!(d(0.02, 0.01, 0.03).reversed().shown(), Shown::Less);
        assert_eq!(
            d(0.0, 0.0, 0.0).words("F1"),
            "±0.0 points of F1, 95 % interval ±0.0 to ±0.0"
        );
    }
}
