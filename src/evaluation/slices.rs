//! The same figures on parts of the rows: languages, lengths, roles in the thread, and any field.

use super::report::Rows;
use crate::metrics::Interval;
use crate::normalize::normalize;
use crate::record::Comment;
use serde::Serialize;
use std::collections::BTreeMap;

/// The slices by one field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliceSet {
    /// What the rows are sliced by.
    pub by: String,
    /// The slices: the largest first for a field of the record, in their natural order otherwise.
    pub slices: Vec<Slice>,
    /// How many further values a field has; only the largest [`MAX_SLICES`] slices are listed.
    pub further_values: usize,
}

/// The figures on one part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slice {
    /// What the rows have in common.
    pub value: String,
    /// The number of rows.
    pub n: usize,
    /// The number of groups that they are in.
    pub groups: usize,
    /// Their accuracy.
    pub accuracy: Option<f64>,
    /// Their macro-F1, over the labels that occur among them.
    pub macro_f1: Option<f64>,
    /// The 95 % interval of the accuracy; `None` with fewer than [`MIN_GROUPS`] groups, which are too few to draw from.
    pub accuracy_interval: Option<Interval>,
    /// The 95 % interval of macro-F1; `None` likewise.
    pub macro_f1_interval: Option<Interval>,
}

/// The fewest groups that a slice's interval is drawn from.
pub const MIN_GROUPS: usize = 5;

/// The most slices of one field.
pub const MAX_SLICES: usize = 20;

/// What a row counts as where it lacks the field.
const ABSENT: &str = "not given";

/// The slices by language, length, role and context, as far as the rows differ in them, and by each of `fields`.
pub(super) fn slices(comments: &[Comment], rows: &Rows, fields: &[String]) -> Vec<SliceSet> {
    let mut sets = Vec::new();
    for (by, value) in STANDARD {
        let values: Vec<(usize, String)> = comments.iter().map(value).collect();
        let set = slice_set(by, &values, rows);
        if set.slices.len() > 1 && !fields.iter().any(|f| f == by) {
            sets.push(set);
        }
    }
    for field in fields {
        let values: Vec<(usize, String)> = comments
            .iter()
            .map(|c| (0, c.field(field).unwrap_or_else(|| ABSENT.into())))
            .collect();
        sets.push(slice_set(field, &values, rows));
    }
    sets
}

/// The value of a row with its place in the order of values.
type Value = fn(&Comment) -> (usize, String);

const STANDARD: [(&str, Value); 4] = [
    ("lang", |c| {
        (0, c.lang.clone().unwrap_or_else(|| ABSENT.into()))
    }),
    ("length", |c| {
        let n = c.text.chars().count();
        let at = LENGTHS.iter().position(|(most, _)| n <= *most);
        let at = at.unwrap_or(LENGTHS.len() - 1);
        (at, LENGTHS[at].1.into())
    }),
    ("role", |c| {
        let role = role(c);
        (role.0, role.1.into())
    }),
    ("context", |c| {
        let context = match (&c.headline, &c.body) {
            (Some(_), Some(_)) => (0, "headline and body"),
            (Some(_), None) => (1, "headline only"),
            (None, Some(_)) => (2, "body only"),
            (None, None) => (3, "no article"),
        };
        (context.0, context.1.into())
    }),
];

const LENGTHS: [(usize, &str); 4] = [
    (40, "up to 40 characters"),
    (120, "41 to 120 characters"),
    (280, "121 to 280 characters"),
    (usize::MAX, "over 280 characters"),
];

/// The role of a comment in its thread, as the context features tell it: a source repeats the headline, a direct reply
/// answers the article or source, a nested reply another comment.
fn role(comment: &Comment) -> (usize, &'static str) {
    let words = |text: &str| -> Vec<String> {
        normalize(text)
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(str::to_string)
            .collect()
    };
    let headline = comment.headline.as_deref().map(words);
    let text = words(&comment.text);
    if !text.is_empty() && headline.as_ref() == Some(&text) {
        return (0, "source");
    }
    match (comment.parent.as_deref().map(words), headline) {
        (Some(parent), Some(headline)) if parent == headline => (1, "direct reply"),
        (None, Some(_)) => (1, "direct reply"),
        (Some(_), _) => (2, "nested reply"),
        (None, None) => (3, "alone"),
    }
}

fn slice_set(by: &str, values: &[(usize, String)], rows: &Rows) -> SliceSet {
    let mut members: BTreeMap<&(usize, String), Vec<usize>> = BTreeMap::new();
    for (row, value) in values.iter().enumerate() {
        members.entry(value).or_default().push(row);
    }
    let mut members: Vec<_> = members.into_iter().collect();
    members.sort_by_key(|((at, _), rows)| (*at, std::cmp::Reverse(rows.len())));
    let further_values = members.len().saturating_sub(MAX_SLICES);
    members.truncate(MAX_SLICES);
    let slices = members.into_iter().map(|((_, value), members)| {
        let part = rows.part(&members);
        let counts = part.counts();
        let intervals = match part.n_groups() {
            0..MIN_GROUPS => vec![None; 2],
            _ => part.intervals(|c| vec![c.accuracy(), c.macro_f1()]),
        };
        Slice {
            value: value.clone(),
            n: members.len(),
            groups: part.n_groups(),
            accuracy: counts.accuracy(),
            macro_f1: counts.macro_f1(),
            accuracy_interval: intervals[0],
            macro_f1_interval: intervals[1],
        }
    });
    SliceSet {
        by: by.into(),
        slices: slices.collect(),
        further_values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(text: &str, headline: Option<&str>, parent: Option<&str>) -> Comment {
        Comment {
            headline: headline.map(Into::into),
            parent: parent.map(Into::into),
            ..Comment::new(text)
        }
    }

    #[test]
    fn roles_are_the_features_roles() {
        let h = Some("Ship sunk.");
        for (c, expected) in [
            (comment("Ship sunk!", h, None), "source"),
            (comment("wow", h, None), "direct reply"),
            (comment("wow", h, h), "direct reply"),
            (comment("wow", h, Some("no way")), "nested reply"),
            (comment("wow", None, Some("no way")), "nested reply"),
            (comment("wow", None, None), "alone"),
            (comment("", Some(""), None), "direct reply"),
        ] {
            assert_eq!(role(&c).1, expected, "{c:?}");
        }
    }

    #[test]
    fn slices_hold_all_rows_once_and_their_own_figures() {
        let comments: Vec<Comment> = (0..60)
            .map(|i| Comment {
                lang: Some(if i < 20 { "ru" } else { "en" }.into()),
                fields: Some(format!("{{\"war\":{i}}}")),
                ..Comment::new("x".repeat(if i % 2 == 0 { 3 } else { 300 }))
            })
            .collect();
        // All of "ru" wrong, all of "en" right.
        let pairs = (0..60).map(|i| (0, usize::from(i < 20))).collect();
        let rows = Rows::new(
            vec!["a".into(), "b".into()],
            pairs,
            &[const { None }; 60],
            1,
        );
        let sets = slices(&comments, &rows, &["war".to_string()]);
        let names: Vec<&str> = sets.iter().map(|s| s.by.as_str()).collect();
        assert_eq!(names, ["lang", "length", "war"]);
        let lang = &sets[0].slices;
        assert_eq!((lang[0].value.as_str(), lang[0].n), ("en", 40));
        assert_eq!(lang[0].accuracy, Some(1.0));
        assert_eq!((lang[1].value.as_str(), lang[1].n), ("ru", 20));
        assert_eq!(lang[1].accuracy_interval, Some((0.0, 0.0)));
        let lengths: Vec<usize> = sets[1].slices.iter().map(|s| s.n).collect();
        assert_eq!(lengths, [30, 30]);
        assert_eq!((sets[2].slices.len(), sets[2].further_values), (20, 40));
    }
}
