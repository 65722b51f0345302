//! Training: the same way as classification, row by row, and then the fits.
//!
//! Words are counted and become the tokenizer's vocabulary; n-grams are counted and become features. The text model is
//! fitted once for each fold, so that every row gets scores from a model that has not seen its group; the stance model
//! is fitted on those scores with context and surface features, and out of fold too, to choose the penalty, to tune the
//! decision offsets and to report scores. Both steps end with a fit on all rows.

mod calibrate;
mod contexts;
mod corpus;
mod decide;
mod figures;
mod fits;
mod learn;
mod notes;
mod provenance;
mod rows;
mod sample;
mod settings;
mod text;
pub mod tune;

pub use rows::{digest, group_keys};
pub use settings::{ClassWeight, GroupBy, Optimize, TrainSettings};

use crate::classifier::{Classifier, KnownHeadlines};
use crate::error::Result;
use crate::features::memory::Memory;
use crate::prevalence::Confusions;
use crate::record::Comment;
use crate::selective::Selection;
use calibrate::outcomes;
use corpus::{Corpus, without_context};
use decide::{Examples, decide_general, decide_known};
use fits::probabilities;
use learn::learn_extractor;
use notes::notes;
use provenance::provenance;
use sample::SecondRows;
use text::fit_text;

/// A trained classifier and what happened on the way.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The classifier.
    pub classifier: Classifier,
    /// The probability of each label for every deciding row, from models that had not seen its group; shape `(n_rows,
    /// n_labels)`. Deciding rows are the development rows, or else the training rows; where these are more than
    /// [`TrainSettings::sample_above`], a sample of those in the first fold.
    pub out_of_fold: Vec<f64>,
    /// What the user should know: too few groups, for example.
    pub notes: Vec<String>,
}

/// Trains a classifier on `train`; `dev`, where it is not empty, chooses settings in place of the folds.
///
/// # Errors
/// [`Data`](crate::error::Error::Data) where there are no rows, fewer than two labels, a row without a label, a
/// development label that training lacks, or where a fit does not converge.
pub fn train(train: &[Comment], dev: &[Comment], settings: &TrainSettings) -> Result<Trained> {
    let copies = match settings.also_without_context {
        true => without_context(train),
        false => Vec::new(),
    };
    let corpus = Corpus::new(train, &copies, dev, settings)?;
    let k = corpus.labels.len();
    let extractor = learn_extractor(&corpus, settings);

    let second = SecondRows::of(&corpus, settings)?;
    let text = fit_text(&corpus, &extractor, &second, settings)?;

    let examples = Examples::of(&corpus, &second, &text);
    let rows = second.rows(k);
    let general = decide_general(&examples, &rows, &corpus.labels, settings)?;
    let topics = &extractor.topics;
    let known = decide_known(&examples, &rows, topics, &corpus.labels, settings)?;

    let deciding = second.deciding(&corpus);
    let outcomes = outcomes(&deciding, &general, settings)?;
    let outcomes = outcomes.as_deref();

    let n_known = extractor.memory.headlines.len();
    let promises = outcomes.is_some();
    let notes = notes(
        &corpus,
        &second,
        n_known,
        known.as_ref(),
        promises,
        settings,
    );
    let provenance = provenance(&corpus, text.alpha, &general, settings);
    let extractor = match known {
        Some(_) => extractor,
        None => extractor.with_memory(Memory::default()),
    };
    Ok(Trained {
        out_of_fold: probabilities(&general.scores[..deciding.len() * k], k),
        classifier: Classifier {
            labels: corpus.labels,
            extractor,
            text: text.model,
            stance: general.stance,
            offsets: general.offsets,
            known: known.map(|known| KnownHeadlines {
                stance: known.stance,
                offsets: known.offsets,
            }),
            selection: outcomes.map(Selection::fit),
            confusions: outcomes.map(|outcomes| Confusions::fit(outcomes, k, settings.seed)),
            provenance,
        },
        notes,
    })
}
