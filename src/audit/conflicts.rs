//! The same text with labels that differ, and groups that stand in two files.

use crate::record::Comment;
use std::collections::{BTreeMap, BTreeSet};

/// Rows with the same text and labels that differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The rows, increasing.
    pub rows: Vec<usize>,
    /// Whether two of them with different labels stand under one article and reply to the same: then one label is wrong.
    /// Elsewhere the article may decide.
    pub same_article: bool,
}

/// What a comment stands under: its article, else its headline, else its group.
pub fn article_key(comment: &Comment) -> Option<&str> {
    comment
        .article_id
        .as_deref()
        .or(comment.headline.as_deref())
        .or(comment.group.as_deref())
}

/// The conflicts among rows that `texts` shows to have the same text: `same` holds the rows of each text.
pub fn conflicts(comments: &[&Comment], same: &[Vec<usize>]) -> Vec<Conflict> {
    same.iter()
        .filter_map(|rows| {
            let labelled: Vec<usize> = rows
                .iter()
                .copied()
                .filter(|&r| comments[r].label.is_some())
                .collect();
            let labels: BTreeSet<_> = labelled.iter().map(|&r| &comments[r].label).collect();
            if labels.len() < 2 {
                return None;
            }
            let mut under: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for &row in &labelled {
                let comment = comments[row];
                let place = (article_key(comment), comment.parent.as_deref());
                under.entry(place).or_default().insert(&comment.label);
            }
            Some(Conflict {
                rows: labelled,
                same_article: under.values().any(|labels| labels.len() > 1),
            })
        })
        .collect()
}

/// A group or article whose rows stand in more than one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Straddler {
    /// `group` or `article`.
    pub kind: &'static str,
    /// Its name.
    pub key: String,
    /// How many of its rows each file has, by file; two or more files.
    pub rows: BTreeMap<usize, usize>,
}

/// The groups, and the articles that are no group, whose rows stand in more than one file; `files` tells each row's.
pub fn straddlers(comments: &[&Comment], files: &[usize]) -> Vec<Straddler> {
    let mut places: BTreeMap<(&'static str, &str), BTreeMap<usize, usize>> = BTreeMap::new();
    for (comment, &file) in comments.iter().zip(files) {
        let group = comment.group_key();
        let article = comment
            .article_id
            .as_deref()
            .or(comment.headline.as_deref());
        let keys = [
            group.map(|key| ("group", key)),
            article
                .filter(|a| group != Some(a))
                .map(|key| ("article", key)),
        ];
        for key in keys.into_iter().flatten() {
            *places.entry(key).or_default().entry(file).or_default() += 1;
        }
    }
    places
        .into_iter()
        .filter(|(_, rows)| rows.len() > 1)
        .map(|((kind, key), rows)| Straddler {
            kind,
            key: key.to_string(),
            rows,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(label: Option<&str>, article: &str, group: Option<&str>) -> Comment {
        Comment {
            label: label.map(str::to_string),
            article_id: Some(article.into()),
            group: group.map(str::to_string),
            ..Comment::new("same")
        }
    }

    #[test]
    fn a_conflict_under_one_article_is_told_from_one_under_two() {
        let rows = [
            comment(Some("a"), "1", None),
            comment(Some("b"), "2", None),
            comment(Some("b"), "1", None),
            comment(None, "1", None),
        ];
        let rows: Vec<&Comment> = rows.iter().collect();
        let same = |rows: &[usize]| vec![rows.to_vec()];
        assert!(conflicts(&rows, &same(&[1, 2, 3])).is_empty());
        let two = conflicts(&rows, &same(&[0, 1]));
        assert!(!two[0].same_article);
        let one = conflicts(&rows, &same(&[0, 1, 2, 3]));
        assert_eq!(
            one,
            [Conflict {
                rows: vec![0, 1, 2],
                same_article: true
            }]
        );
    }

    #[test]
    fn groups_in_two_files_are_found_and_so_are_articles_of_different_groups() {
        let rows = [
            comment(None, "1", Some("g")),
            comment(None, "2", Some("g")),
            comment(None, "3", Some("h")),
            comment(None, "3", Some("i")),
            comment(None, "4", None),
            comment(None, "4", None),
        ];
        let rows: Vec<&Comment> = rows.iter().collect();
        let found = straddlers(&rows, &[0, 1, 0, 1, 0, 1]);
        let keys: Vec<_> = found.iter().map(|s| (s.kind, s.key.as_str())).collect();
        assert_eq!(keys, [("article", "3"), ("group", "4"), ("group", "g")]);
        assert_eq!(found[2].rows, BTreeMap::from([(0, 1), (1, 1)]));
        assert!(straddlers(&rows, &[0; 6]).is_empty());
    }
}
