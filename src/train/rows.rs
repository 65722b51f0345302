//! What the rows of a training run are: their labels, weights, groups and folds, and a digest of them.

use super::settings::{ClassWeight, GroupBy, TrainSettings};
use crate::digest::hexadecimal;
use crate::error::{Error, Result};
use crate::folds::{Folds, make_folds};
use crate::record::Comment;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The labels of `comments`, sorted.
pub(super) fn labels_of(comments: &[&Comment]) -> Result<Vec<String>> {
    if comments.is_empty() {
        return Err(Error::Data(
            "no rows to train on; expected labelled comments".into(),
        ));
    }
    let labels: std::collections::BTreeSet<&str> =
        comments.iter().filter_map(|c| c.label.as_deref()).collect();
    if labels.len() < 2 {
        let found = labels.iter().next().copied().unwrap_or("none");
        return Err(Error::Data(format!(
            "only one label in the training data: {found:?}; expected at least two"
        )));
    }
    Ok(labels.into_iter().map(str::to_string).collect())
}

pub(super) fn targets(comments: &[&Comment], labels: &[String]) -> Result<Vec<u32>> {
    comments
        .iter()
        .map(|c| {
            let label = c.label.as_ref().ok_or_else(|| {
                Error::Data(format!(
                    "the row with id {} has no label; expected one",
                    c.id
                ))
            })?;
            let found = labels.binary_search(label);
            found.map(|l| l as u32).map_err(|_| {
                Error::Data(format!(
                    "the development data have label {label:?}, which the training data lack"
                ))
            })
        })
        .collect()
}

pub(super) fn row_weights(
    comments: &[&Comment],
    targets: &[u32],
    k: usize,
    class_weight: ClassWeight,
) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; k];
    for (c, &t) in comments.iter().zip(targets) {
        sums[t as usize] += c.weight;
    }
    let total: f64 = sums.iter().sum();
    if sums.iter().filter(|&&s| s > 0.0).count() < 2 {
        return Err(Error::Data(
            "fewer than two labels have rows of weight above 0".into(),
        ));
    }
    Ok(comments
        .iter()
        .zip(targets)
        .map(|(c, &t)| match class_weight {
            ClassWeight::None => c.weight,
            ClassWeight::Balanced if sums[t as usize] > 0.0 => {
                c.weight * total / (k as f64 * sums[t as usize])
            }
            ClassWeight::Balanced => 0.0,
        })
        .collect())
}

/// What keeps each of `comments` together with others; `None`: the row stands alone.
///
/// # Errors
/// [`Error::Data`] where no row has the field to group by.
pub fn group_keys<'a>(
    comments: impl IntoIterator<Item = &'a Comment>,
    group_by: &GroupBy,
) -> Result<Vec<Option<String>>> {
    let keys: Vec<Option<String>> = comments
        .into_iter()
        .map(|c| match group_by {
            GroupBy::Default => c.group_key().map(str::to_string),
            GroupBy::None => None,
            GroupBy::Field(name) => c.field(name),
        })
        .collect();
    match group_by {
        GroupBy::Field(name) if keys.iter().all(Option::is_none) => Err(Error::Data(format!(
            "no row has a field {name:?} to group by"
        ))),
        _ => Ok(keys),
    }
}

pub(super) fn fold_rows(
    comments: &[&Comment],
    targets: &[u32],
    k: usize,
    settings: &TrainSettings,
) -> Result<Folds> {
    let keys = group_keys(comments.iter().copied(), &settings.group_by)?;
    let keys: Vec<Option<&str>> = keys.iter().map(Option::as_deref).collect();
    let texts: Vec<&str> = comments.iter().map(|c| c.text.as_str()).collect();
    Ok(make_folds(
        &keys,
        &texts,
        targets,
        k,
        settings.n_folds,
        settings.seed,
    ))
}

/// Numbers the groups of rows in order of first occurrence.
pub(super) fn group_numbers(comments: &[&Comment]) -> Vec<usize> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut next = 0;
    comments
        .iter()
        .map(|c| {
            let number = match c.group_key() {
                Some(key) => *numbers.entry(key).or_insert(next),
                None => next,
            };
            next += usize::from(number == next);
            number
        })
        .collect()
}

/// The `values` at `kept`.
pub(super) fn select<T: Copy>(values: &[T], kept: &[usize]) -> Vec<T> {
    kept.iter().map(|&at| values[at]).collect()
}

/// SHA-256 over the rows' labels, texts, contexts, groups and weights, each with its length before it.
pub fn digest<'a>(comments: impl IntoIterator<Item = &'a Comment>) -> String {
    let mut hasher = Sha256::new();
    let mut field = |value: Option<&str>| match value {
        Some(value) => {
            hasher.update((value.len() as u64).to_le_bytes());
            hasher.update(value.as_bytes());
        }
        None => hasher.update(u64::MAX.to_le_bytes()),
    };
    for c in comments {
        field(Some(&c.text));
        field(c.label.as_deref());
        field(c.headline.as_deref());
        field(c.body.as_deref());
        field(c.parent.as_deref());
        field(c.group_key());
        field(Some(&c.weight.to_string()));
    }
    hexadecimal(&hasher.finalize())
}
