//! A search of the few settings that matter, within a time budget, by the scores out of fold (or on development rows).
//!
//! One setting is changed at a time and a change that scores better is kept, as fastText's autotune does by chance. Which
//! changes are tried follows from the list below alone; the clock only decides how far down the list the search comes.

use super::{ClassWeight, Optimize, TrainSettings, Trained, train};
use crate::error::Result;
use crate::record::Comment;
use std::time::{Duration, Instant};

/// One change of the settings that is tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// The shortest and the longest character n-gram.
    Characters(usize, usize),
    /// The number of texts in which an n-gram must stand.
    MinTexts(u32),
    /// The weights of classes.
    Classes(ClassWeight),
}

/// What is tried, in this order.
pub const CHANGES: [Change; 7] = [
    Change::Classes(ClassWeight::Balanced),
    Change::Characters(3, 5),
    Change::Characters(2, 4),
    Change::MinTexts(3),
    Change::Characters(2, 6),
    Change::MinTexts(5),
    Change::Characters(3, 6),
];

impl Change {
    fn applied_to(self, settings: &TrainSettings) -> TrainSettings {
        let mut changed = settings.clone();
        match self {
            Change::Characters(min, max) => {
                (changed.features.char_min, changed.features.char_max) = (min, max);
            }
            Change::MinTexts(n) => changed.features.min_texts = n,
            Change::Classes(weight) => changed.class_weight = weight,
        }
        changed
    }
}

/// The best model found, and what was tried.
#[derive(Debug, Clone)]
pub struct Tuned {
    /// The model.
    pub trained: Trained,
    /// Its settings.
    pub settings: TrainSettings,
    /// What was tried and how it scored, the given settings (`None`) first.
    pub tried: Vec<(Option<Change>, f64)>,
}

/// Trains with `settings`, then with one change after another for as long as `budget` lasts: no try is begun that would
/// probably end behind it. The score is the one that decisions are tuned for.
///
/// # Errors
/// Those of [`train`].
pub fn tune(
    rows: &[Comment],
    dev: &[Comment],
    settings: &TrainSettings,
    budget: Duration,
) -> Result<Tuned> {
    let begun = Instant::now();
    let score = |trained: &Trained| match settings.optimize {
        Optimize::MacroF1 => trained.classifier.provenance.macro_f1,
        Optimize::Accuracy => trained.classifier.provenance.accuracy,
    };
    let trained = train(rows, dev, settings)?;
    let mut longest = begun.elapsed();
    let mut tuned = Tuned {
        tried: vec![(None, score(&trained))],
        settings: settings.clone(),
        trained,
    };
    for change in CHANGES {
        let changed = change.applied_to(&tuned.settings);
        if changed == tuned.settings {
            continue;
        }
        if begun.elapsed() + longest > budget {
            break;
        }
        let from = Instant::now();
        let trained = train(rows, dev, &changed)?;
        longest = longest.max(from.elapsed());
        let found = score(&trained);
        tuned.tried.push((Some(change), found));
        if found > score(&tuned.trained) {
            (tuned.trained, tuned.settings) = (trained, changed);
        }
    }
    Ok(tuned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> Vec<Comment> {
        (0..40)
            .flat_map(|i| {
                let headline = format!("Ship {i} sunk");
                [("fake video", "doubting"), ("good news", "confirming")].map(|(text, label)| {
                    Comment::new(format!("{text} {}", i % 7))
                        .under(headline.as_str())
                        .labelled(label)
                })
            })
            .collect()
    }

    #[test]
    fn without_time_the_given_settings_are_the_answer() {
        let settings = TrainSettings::default();
        let tuned = tune(&corpus(), &[], &settings, Duration::ZERO).unwrap();
        assert_eq!((tuned.tried.len(), &tuned.settings), (1, &settings));
    }

    #[test]
    fn with_time_everything_is_tried_and_only_what_is_better_is_kept() {
        let settings = TrainSettings {
            text_alphas: vec![1.0],
            stance_alphas: vec![30.0],
            ..TrainSettings::default()
        };
        let tuned = tune(&corpus(), &[], &settings, Duration::from_secs(3600)).unwrap();
        let tried: Vec<_> = tuned.tried.iter().filter_map(|t| t.0).collect();
        assert_eq!(tried, CHANGES);
        // The corpus is told apart perfectly to begin with, so nothing can be better.
        assert_eq!(tuned.tried[0].1, 1.0);
        assert_eq!(tuned.settings, settings);
    }
}
