//! The texts that comments stand under, headlines and parents, each once: the text model scores them like comments.

use super::fits::Chosen;
use crate::record::Comment;
use crate::text_model::TextScores;
use rustc_hash::FxHashMap;

/// The headlines and parents of some rows.
pub(super) struct Contexts {
    /// Each text once, in order of first occurrence.
    pub(super) texts: Vec<Comment>,
    /// The places of each row's headline and parent among them.
    of_row: Vec<[Option<usize>; 2]>,
}

impl Contexts {
    /// Those of the `comments` for whose row `wanted` holds.
    pub(super) fn of(comments: &[&Comment], wanted: impl Fn(usize) -> bool) -> Self {
        let mut places: FxHashMap<&str, usize> = FxHashMap::default();
        let mut texts = Vec::new();
        let of_row = comments.iter().enumerate().map(|(row, comment)| {
            let of = [comment.headline.as_deref(), comment.parent.as_deref()];
            of.map(|text| {
                let text = text.filter(|_| wanted(row))?;
                Some(*places.entry(text).or_insert_with(|| {
                    texts.push(Comment::new(text));
                    texts.len() - 1
                }))
            })
        });
        Contexts {
            of_row: of_row.collect(),
            texts,
        }
    }

    /// The text scores of `row` and of what it stands under, `k` of each: out of fold where `fold` is one, else by the
    /// fit on all training rows.
    pub(super) fn text_scores(
        &self,
        row: usize,
        fold: Option<usize>,
        chosen: &Chosen,
        k: usize,
    ) -> TextScores {
        let n_folds = chosen.context_scores.len() - 1;
        let found = &chosen.context_scores[fold.unwrap_or(n_folds)];
        let [headline, parent] = self.of_row[row]
            .map(|place| place.map_or(Vec::new(), |at| found[at * k..(at + 1) * k].to_vec()));
        TextScores {
            comment: chosen.scores[row * k..(row + 1) * k].to_vec(),
            headline,
            parent,
        }
    }
}
