//! Shares of labels among groups of comments, as JSONL, CSV, TSV or a table for people.

use super::delimited::{Delimited, line};
use super::rounded;
use super::table::Grid;
use crate::prevalence::Share;
use serde::Serialize;
use std::collections::BTreeMap;

/// The shares of the labels among the comments of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupShares {
    /// The value of the field that groups; `None` where it is missing or nothing groups.
    pub value: Option<String>,
    /// How many comments were decided for each label.
    pub counted: Vec<u64>,
    /// The corrected share of each label.
    pub shares: Vec<Share>,
}

impl GroupShares {
    fn n(&self) -> u64 {
        self.counted.iter().sum()
    }

    fn counted_share(&self, label: usize) -> f64 {
        self.counted[label] as f64 / self.n().max(1) as f64
    }
}

/// A group as it is written in JSON.
#[derive(Serialize)]
struct GroupView<'a> {
    by: Option<&'a str>,
    value: Option<&'a str>,
    n: u64,
    shares: BTreeMap<&'a str, ShareView>,
}

#[derive(Serialize)]
struct ShareView {
    share: f64,
    interval: [f64; 2],
    counted: u64,
    counted_share: f64,
}

/// One line of JSON for each group, with line ends; `by` is the field that groups.
pub fn shares_jsonl(groups: &[GroupShares], labels: &[String], by: Option<&str>) -> String {
    let mut out = String::new();
    for group in groups {
        let share = |label: usize| {
            let s = &group.shares[label];
            ShareView {
                share: rounded(s.share),
                interval: [rounded(s.low), rounded(s.high)],
                counted: group.counted[label],
                counted_share: rounded(group.counted_share(label)),
            }
        };
        let view = GroupView {
            by,
            value: group.value.as_deref(),
            n: group.n(),
            shares: (0..labels.len())
                .map(|l| (labels[l].as_str(), share(l)))
                .collect(),
        };
        out += &serde_json::to_string(&view).unwrap_or_default();
        out.push('\n');
    }
    out
}

/// A header and one row for each group and label, `value,n,label,share,low,high,counted,counted_share`, and how many cells
/// were neutralised.
pub fn shares_delimited(
    groups: &[GroupShares],
    labels: &[String],
    style: Delimited,
) -> (String, u64) {
    let header = "value n label share low high counted counted_share";
    let (mut out, mut n_neutralized) = line(style, header.split(' ').map(str::to_string));
    out.push('\n');
    for group in groups {
        for (l, (label, s)) in labels.iter().zip(&group.shares).enumerate() {
            let cells = [
                group.value.clone().unwrap_or_default(),
                group.n().to_string(),
                label.clone(),
                rounded(s.share).to_string(),
                rounded(s.low).to_string(),
                rounded(s.high).to_string(),
                group.counted[l].to_string(),
                rounded(group.counted_share(l)).to_string(),
            ];
            let (row, n) = line(style, cells.into_iter());
            n_neutralized += n;
            out += &row;
            out.push('\n');
        }
    }
    (out, n_neutralized)
}

/// A table with one row for each group and label.
pub fn shares_table(groups: &[GroupShares], labels: &[String], by: Option<&str>) -> String {
    let mut header = vec!["label", "share", "95 % interval", "counted", "comments"];
    if let Some(by) = by {
        header.insert(0, by);
    }
    let mut grid = Grid::new(&header);
    let percent = |x: f64| format!("{:.1} %", x * 100.0);
    for group in groups {
        for (l, (label, s)) in labels.iter().zip(&group.shares).enumerate() {
            let mut cells = vec![
                label.clone(),
                percent(s.share),
                format!("{:.1} to {:.1} %", s.low * 100.0, s.high * 100.0),
                percent(group.counted_share(l)),
                group.counted[l].to_string(),
            ];
            if by.is_some() {
                cells.insert(0, group.value.clone().unwrap_or("–".into()));
            }
            grid.row(cells);
        }
    }
    grid.to_text()
}
