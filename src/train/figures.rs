//! Figures on rows whose scores are out of fold.

use super::fits::probabilities;
use super::{Optimize, TrainSettings};
use crate::metrics::{Counts, log_loss};
use crate::offsets::tune_offsets;
use crate::scores::{argmax, decide};

/// What a training run reports of itself; see [`crate::classifier::Provenance`].
pub(super) struct Figures {
    pub(super) accuracy: f64,
    pub(super) macro_f1: f64,
    pub(super) log_loss: f64,
    pub(super) calibration_error: f64,
}

/// Figures on rows whose scores are out of fold. The offsets for each fold come from the other folds, so that no row
/// takes part in tuning what it is scored by.
pub(super) fn cross_fitted_figures(
    scores: &[f64],
    k: usize,
    gold: &[usize],
    groups: &[usize],
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
                let g: Vec<usize> = others.iter().map(|&r| gold[r]).collect();
                let members: Vec<usize> = others.iter().map(|&r| groups[r]).collect();
                tune_offsets(&s, k, &g, &members, settings.seed)
            }
            _ => vec![0.0; k],
        };
        for row in (0..gold.len()).filter(|&r| folds[r] == fold) {
            decided[row] = decide(&scores[row * k..(row + 1) * k], &offsets);
        }
    }
    let counts = Counts::of(k, gold.iter().copied().zip(decided.iter().copied()));
    let probabilities = probabilities(scores, k);
    Figures {
        accuracy: counts.accuracy().unwrap_or(0.0),
        macro_f1: counts.macro_f1().unwrap_or(0.0),
        log_loss: log_loss(&probabilities, k, gold).unwrap_or(0.0),
        calibration_error: calibration_error(&probabilities, k, gold),
    }
}

/// Expected calibration error of the most probable label, over 10 equal bins (Naeini, Cooper and Hauskrecht 2015).
fn calibration_error(probabilities: &[f64], k: usize, gold: &[usize]) -> f64 {
    let mut bins = [(0.0f64, 0.0f64); 10];
    for (p, &g) in probabilities.chunks(k).zip(gold) {
        let label = argmax(p);
        let bin = &mut bins[((p[label] * 10.0) as usize).min(9)];
        bin.0 += p[label];
        bin.1 += f64::from(u8::from(label == g));
    }
    bins.iter().map(|(p, right)| (p - right).abs()).sum::<f64>() / gold.len().max(1) as f64
}
