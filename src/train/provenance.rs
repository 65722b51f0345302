//! What a model says of itself: its training rows and settings, and how well it did on rows that it had not seen.

use super::corpus::Corpus;
use super::decide::Decided;
use super::rows::digest;
use super::settings::TrainSettings;
use crate::classifier::Provenance;

/// Where a model comes from that was trained on `corpus`, with the text model's penalty and what `general` decides.
pub(super) fn provenance(
    corpus: &Corpus,
    text_alpha: f64,
    general: &Decided,
    settings: &TrainSettings,
) -> Provenance {
    let (dev, folds, figures) = (corpus.dev(), &corpus.folds, &general.figures);
    let mut rows = vec![0; corpus.labels.len()];
    for &target in corpus.train_targets() {
        rows[target as usize] += 1;
    }
    let kept_whole = match folds.groups_whole {
        true => "whole groups",
        false => "rows",
    };
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_string(),
        seed: settings.seed,
        train_digest: digest(corpus.train().iter().copied()),
        dev_digest: (!dev.is_empty()).then(|| digest(dev.iter().copied())),
        rows,
        folds: format!("{} folds of {kept_whole}", folds.n_folds),
        optimize: settings.optimize.name().into(),
        class_weight: settings.class_weight.name().into(),
        text_alpha,
        stance_alpha: general.alpha,
        stance_solver: general.solver.name().into(),
        scored_on: if dev.is_empty() { "out of fold" } else { "dev" }.into(),
        accuracy: figures.accuracy,
        macro_f1: figures.macro_f1,
        log_loss: figures.log_loss,
        calibration_error: figures.calibration_error,
    }
}
