//! What the user should know of a training run.

use super::corpus::Corpus;
use super::decide::Decided;
use super::sample::SecondRows;
use super::settings::{GroupBy, TrainSettings};
use crate::folds::MIN_GROUPS;

/// The notes on a run: few groups, a sample, `known` headlines (`n_known` of them), and `promises` that the model cannot
/// make.
pub(super) fn notes(
    corpus: &Corpus,
    second: &SecondRows,
    n_known: usize,
    known: Option<&Decided>,
    promises: bool,
    settings: &TrainSettings,
) -> Vec<String> {
    let folds = &corpus.folds;
    let mut notes = Vec::new();
    if !folds.groups_whole && settings.group_by != GroupBy::None {
        notes.push(format!(
            "{} groups only; with fewer than {MIN_GROUPS}, folds are made of rows, identical texts kept together",
            folds.n_groups
        ));
    }
    if second.is_sample {
        notes.push(format!(
            "more than {} rows: figures, offsets and the second step come from {} of them that the text model had not seen",
            settings.sample_above, second.n_train
        ));
    }
    if let Some(known) = known {
        notes.push(format!(
            "{n_known} headlines have comments enough to be remembered; out of fold under them, with their other comments known: \
             macro-F1 {:.3}, accuracy {:.3}",
            known.figures.macro_f1, known.figures.accuracy
        ));
    }
    if !promises {
        notes.push(format!(
            "fewer than {MIN_GROUPS} groups: the model cannot offer --target-error and --prevalence"
        ));
    }
    notes
}
