//! Does a model use the article, or only the comment?

use super::difference::{Difference, Shown};
use super::{Predictions, Rows, predict};
use crate::classifier::Classifier;
use crate::record::Comment;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The same comments under their own article, under none, and under another one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContextTest {
    /// The number of rows with a headline or a body; the others are the same in all three.
    pub rows_with_article: usize,
    /// Macro-F1 with the row's own article.
    pub macro_f1: Option<f64>,
    /// Macro-F1 without headline and body.
    pub macro_f1_without: Option<f64>,
    /// Macro-F1 under an article of another group.
    pub macro_f1_swapped: Option<f64>,
    /// How much macro-F1 is higher with the own article than with none.
    pub over_none: Difference,
    /// How much it is higher with the own article than with another.
    pub over_swapped: Difference,
    /// The share of rows whose label changes when another article takes the place of their own.
    pub changed_by_swap: f64,
    /// What that says, in words.
    pub verdict: String,
}

type Article = (Option<Arc<str>>, Option<Arc<str>>);

/// Tests `classifier` on `comments`, for which it said `predictions`; whole `groups` are drawn, from `seed`, which also
/// decides the swaps. An article takes the place of another of the same language where there is one, never of one in
/// the same group. A parent that is the headline goes with it. `None` where fewer than two groups have articles.
pub fn context_test(
    classifier: &Classifier,
    comments: &[Comment],
    predictions: &Predictions,
    groups: &[Option<String>],
    seed: u64,
) -> Option<ContextTest> {
    let swapped = swap_articles(comments, groups, seed)?;
    let without: Vec<Comment> = comments.iter().map(|c| under(c, (None, None))).collect();
    let difference = |other: &Predictions| {
        let (rows, other) = Rows::of_two(comments, predictions, other, groups, seed);
        let (macro_f1, _) = Difference::of(&rows, &other);
        (rows.counts().macro_f1(), macro_f1)
    };
    let swapped = predict(classifier, &swapped);
    let (macro_f1, none_over) = difference(&predict(classifier, &without));
    let (_, swapped_over) = difference(&swapped);
    let changed = swapped
        .predicted
        .iter()
        .zip(&predictions.predicted)
        .filter(|(a, b)| a != b)
        .count();
    let plus = |d: &Difference| macro_f1.zip(d.value).map(|(a, d)| a + d);
    let (over_none, over_swapped) = (none_over.reversed(), swapped_over.reversed());
    Some(ContextTest {
        rows_with_article: comments.iter().filter(|c| has_article(c)).count(),
        macro_f1,
        macro_f1_without: plus(&none_over),
        macro_f1_swapped: plus(&swapped_over),
        changed_by_swap: changed as f64 / comments.len().max(1) as f64,
        verdict: verdict(&over_none, &over_swapped),
        over_none,
        over_swapped,
    })
}

fn verdict(over_none: &Difference, over_swapped: &Difference) -> String {
    let none = match over_none.shown() {
        Shown::More => "The article helps",
        Shown::Less => "The article hurts",
        Shown::Nothing => "The article is not shown to help",
    };
    let swapped = match over_swapped.shown() {
        Shown::More => "It matters which article it is",
        Shown::Less => "A wrong article does better than the right one",
        Shown::Nothing => {
            "It is not shown to matter which article it is, so the labels may come from the comments alone"
        }
    };
    format!(
        "{none}: {} against no article. {swapped}: {} against the article of another group.",
        over_none.words("macro-F1"),
        over_swapped.words("macro-F1")
    )
}

fn has_article(comment: &Comment) -> bool {
    comment.headline.is_some() || comment.body.is_some()
}

fn article(comment: &Comment) -> Article {
    (comment.headline.clone(), comment.body.clone())
}

/// `comment` under another article.
fn under(comment: &Comment, (headline, body): Article) -> Comment {
    let parent_is_headline =
        comment.parent.is_some() && comment.parent.as_deref() == comment.headline.as_deref();
    let parent = match parent_is_headline {
        true => headline.as_deref().map(str::to_string),
        false => comment.parent.clone(),
    };
    Comment {
        headline,
        body,
        parent,
        ..comment.clone()
    }
}

/// The comments, each article's under one of another group; `None` where an article has no other to swap with.
fn swap_articles(
    comments: &[Comment],
    groups: &[Option<String>],
    seed: u64,
) -> Option<Vec<Comment>> {
    #[derive(Default)]
    struct Found<'a> {
        groups: BTreeSet<&'a str>,
        lang: Option<&'a str>,
    }
    let mut found: BTreeMap<Article, Found> = BTreeMap::new();
    for (comment, group) in comments.iter().zip(groups) {
        if has_article(comment) {
            let entry = found.entry(article(comment)).or_default();
            entry.groups.extend(group.as_deref());
            entry.lang = comment.lang.as_deref();
        }
    }
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut instead: BTreeMap<&Article, Article> = BTreeMap::new();
    for (own, about) in &found {
        let foreign: Vec<(&Article, &Found)> = found
            .iter()
            .filter(|(other, theirs)| *other != own && theirs.groups.is_disjoint(&about.groups))
            .collect();
        let same_lang: Vec<(&Article, &Found)> = foreign
            .iter()
            .filter(|(_, theirs)| theirs.lang == about.lang)
            .copied()
            .collect();
        let choices = if same_lang.is_empty() {
            foreign
        } else {
            same_lang
        };
        let choice = rng.choice(choices)?;
        instead.insert(own, choice.0.clone());
    }
    if instead.is_empty() {
        return None;
    }
    Some(
        comments
            .iter()
            .map(|c| match instead.get(&article(c)) {
                Some(other) => under(c, other.clone()),
                None => c.clone(),
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(headline: &str, group: &str, lang: &str) -> Comment {
        Comment {
            group: Some(group.into()),
            lang: Some(lang.into()),
            parent: Some(headline.into()),
            ..Comment::new("x").under(headline)
        }
    }

    #[test]
    fn articles_are_swapped_for_those_of_other_groups_and_the_same_language() {
        let mut comments: Vec<Comment> = (0..12)
            .map(|i| {
                let lang = if i % 2 == 0 { "en" } else { "ru" };
                comment(&format!("h{i}"), &format!("g{}", i / 4), lang)
            })
            .collect();
        comments.push(Comment::new("alone"));
        let groups: Vec<Option<String>> = comments.iter().map(|c| c.group.clone()).collect();
        let swapped = swap_articles(&comments, &groups, 1).unwrap();
        for (before, after) in comments.iter().zip(&swapped).take(12) {
            let other = comments
                .iter()
                .find(|c| c.headline == after.headline)
                .unwrap();
            assert_ne!(before.group, other.group);
            assert_eq!(before.lang, other.lang);
            assert_eq!(after.parent.as_deref(), after.headline.as_deref());
        }
        assert_eq!(swapped[12], comments[12]);
        assert_eq!(swapped, swap_articles(&comments, &groups, 1).unwrap());
    }

    #[test]
    fn one_group_has_nothing_to_swap() {
        let comments = [comment("h1", "g", "en"), comment("h2", "g", "en")];
        let groups = [Some("g".to_string()), Some("g".to_string())];
        assert_eq!(swap_articles(&comments, &groups, 1), None);
        assert_eq!(swap_articles(&[Comment::new("x")], &[None], 1), None);
    }

    #[test]
    fn the_verdict_says_what_the_intervals_show() {
        let d = |value: f64| Difference {
            value: Some(value),
            interval: Some((value - 0.01, value + 0.01)),
        };
        assert_eq!(
            verdict(&d(0.03), &d(0.0)),
            "The article helps: +3.0 points of macro-F1, 95 % interval +2.0 to +4.0 against no article. It is not shown to matter \
             which article it is, so the labels may come from the comments alone: ±0.0 points of macro-F1, 95 % interval −1.0 \
             to +1.0 against the article of another group."
        );
    }
}
