//! What the model's promises are made from: how its decisions turned out on rows that it had not seen.

use super::decide::Decided;
use super::fits::probabilities;
use super::rows::group_keys;
use super::settings::TrainSettings;
use crate::error::Result;
use crate::folds::MIN_GROUPS;
use crate::output::rounded;
use crate::record::Comment;
use crate::selective::Outcome;
use std::collections::BTreeMap;

/// The outcome of each of `rows`, the first of those that `general` was chosen by: out of fold at both stages, the
/// decisions by offsets from other folds. `None` with fewer than [`MIN_GROUPS`] groups: then folds do not hold groups
/// whole, and too little could be told of new ones.
pub(super) fn outcomes(
    rows: &[&Comment],
    general: &Decided,
    settings: &TrainSettings,
) -> Result<Option<Vec<Outcome>>> {
    let Decided { scores, gold, .. } = general;
    let decided = &general.figures.decided;
    let k = scores.len() / gold.len().max(1);
    let keys = group_keys(rows.iter().copied(), &settings.group_by)?;
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut n_groups = 0;
    let mut outcomes = Vec::with_capacity(rows.len());
    for (row, key) in keys.into_iter().enumerate() {
        let group = match key {
            Some(key) => *numbers.entry(key).or_insert(n_groups),
            None => n_groups,
        };
        n_groups = n_groups.max(group + 1);
        let p = probabilities(&scores[row * k..(row + 1) * k], k);
        outcomes.push(Outcome {
            group,
            gold: gold[row],
            decided: decided[row],
            probability: rounded(p[decided[row]]),
        });
    }
    Ok((n_groups >= MIN_GROUPS).then_some(outcomes))
}
