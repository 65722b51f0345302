//! Figures on rows whose scores are out of fold.

use super::fits::probabilities;
use super::rows::select;
use super::settings::{Optimize, TrainSettings};
use crate::metrics::{Counts, calibration, log_loss};
use crate::offsets::tune_offsets;
use crate::scores::{argmax, decide};

/// What a training run reports of itself; see [`crate::classifier::Provenance`].
pub(super) struct Figures {
    pub(super) accuracy: f64,
    pub(super) macro_f1: f64,
    pub(super) log_loss: f64,
    pub(super) calibration_error: f64,
    /// The decision for each row, by offsets that were tuned on the other folds.
    pub(super) decided: Vec<usize>,
}

/// Figures on rows whose scores are out of fold. The offsets for each fold come from the other folds, so that no row
/// takes part in tuning what it is scored by.
pub(super) fn cross_fitted_figures(
    scores: &[f64],
    k: usize,
    gold: &[usize],
    groups: &[usize],
    weights: &[f64],
    folds: &[usize],
    settings: &TrainSettings,
) -> Figures {
    let n_folds = folds.iter().max().map_or(0, |f| f + 1);
    let mut decided = vec![0; gold.len()];
    for fold in 0..n_folds {
        let others: Vec<usize> = (0..gold.len()).filter(|&r| folds[r] != fold).collect();
        let offsets = match settings.optimize {
            Optimize::MacroF1 if !others.is_empty() => {
                let s: Vec<f64> = others
                    .iter()
                    .flat_map(|&r| scores[r * k..(r + 1) * k].to_vec())
                    .collect();
                let [g, members] = [gold, groups].map(|values| select(values, &others));
                let w = select(weights, &others);
                tune_offsets(&s, k, &g, &members, &w, settings.seed)
            }
            _ => vec![0.0; k],
        };
        for row in (0..gold.len()).filter(|&r| folds[r] == fold) {
            decided[row] = decide(&scores[row * k..(row + 1) * k], &offsets);
        }
    }
    let counts = Counts::of(k, gold.iter().copied().zip(decided.iter().copied()));
    let probabilities = probabilities(scores, k);
    let most_probable = probabilities.chunks(k).zip(gold).map(|(p, &gold)| {
        let label = argmax(p);
        (p[label], label == gold)
    });
    let calibration_error = calibration(most_probable).error.unwrap_or(0.0);
    Figures {
        accuracy: counts.accuracy().unwrap_or(0.0),
        macro_f1: counts.macro_f1().unwrap_or(0.0),
        log_loss: log_loss(&probabilities, k, gold).unwrap_or(0.0),
        calibration_error,
        decided,
    }
}
