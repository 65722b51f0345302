//! The whole way from a comment to its label: features → text model → stance model → decision.

use crate::features::context::Prepared;
use crate::features::dense::{DenseFeatures, Scored};
use crate::features::ngrams::NgramRow;
use crate::features::{Extraction, FeatureExtractor, Features};
use crate::predictor::Predictor;
use crate::prevalence::Confusions;
use crate::record::Comment;
use crate::scores::{decide, softmax};
use crate::selective::Selection;
use crate::stance_model::StanceModel;
use crate::text_model::{TextModel, TextScores};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// A trained model.
#[derive(Debug, Clone)]
pub struct Classifier {
    /// The labels, sorted.
    pub labels: Vec<String>,
    /// Turns comments into features.
    pub extractor: FeatureExtractor,
    /// Gives one score a label from the n-grams.
    pub text: TextModel,
    /// Gives one score a label from text scores, context and surface features.
    pub stance: StanceModel,
    /// What is added to each label's score before the largest is decided for.
    pub offsets: Vec<f64>,
    /// What decides in place of `stance` and `offsets` for comments under headlines of which training remembers comments;
    /// `None` where it remembers too few.
    pub known: Option<KnownHeadlines>,
    /// Which comments may be labelled so that the error rate keeps a promise; `None` where the training data were too few
    /// to tell.
    pub selection: Option<Selection>,
    /// What comments of each label are decided for, to correct shares by; `None` where the training data were too few to
    /// tell.
    pub confusions: Option<Confusions>,
    /// Where the model comes from.
    pub provenance: Provenance,
}

/// What decides for comments under headlines of which training remembers comments; see
/// [`crate::features::memory::Memory`].
#[derive(Debug, Clone)]
pub struct KnownHeadlines {
    /// The stance model, which also knows how like a comment is to those that are remembered.
    pub stance: StanceModel,
    /// The decision offsets.
    pub offsets: Vec<f64>,
}

/// Where a model comes from and how well it did on its own training data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of this program that trained it.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// SHA-256 of the training rows as they were read: labels, texts, contexts, groups and weights.
    pub train_digest: String,
    /// The same of the development rows, where there were any.
    pub dev_digest: Option<String>,
    /// The number of training rows of each label, in the order of the labels.
    pub rows: Vec<u64>,
    /// How folds were made.
    pub folds: String,
    /// What the decision offsets were tuned for: `macro-f1` or `accuracy`.
    pub optimize: String,
    /// How classes were weighted: `none` or `balanced`.
    pub class_weight: String,
    /// The penalty of the text model.
    pub text_alpha: f64,
    /// The penalty of the stance model.
    pub stance_alpha: f64,
    /// What fitted the stance model.
    pub stance_solver: String,
    /// Which rows the scores below are on: `out of fold` or `dev`.
    pub scored_on: String,
    /// Accuracy there, the offsets of each fold tuned on the other folds.
    pub accuracy: f64,
    /// Macro-F1 there.
    pub macro_f1: f64,
    /// Mean −ln p(gold) there, in nats.
    pub log_loss: f64,
    /// Expected calibration error of the decided label's probability there, over 10 equal bins.
    pub calibration_error: f64,
}

/// What a classifier says of one comment.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The decided label, as an index into [`Classifier::labels`].
    pub label: usize,
    /// The probability of each label; they sum to 1.
    pub probabilities: Vec<f64>,
    /// The score of each label; its softmax is `probabilities`.
    pub scores: Vec<f64>,
    /// Whether the comment is left to a person, because its label would be too uncertain.
    pub review: bool,
    /// Whether something in the text was hidden or imitated.
    pub tampered: bool,
}

impl Classifier {
    /// Classifies one comment. For many, [`Classifier::session`] remembers words and articles.
    pub fn classify(&self, comment: &Comment) -> Prediction {
        self.session().classify(comment)
    }

    /// A working memory for one thread.
    pub fn session(&self) -> Session<'_> {
        Session {
            classifier: self,
            extraction: self.extractor.extraction(),
            predictor: Predictor::new(&self.extractor.table, &self.text),
        }
    }

    /// The scores of a comment with these features.
    pub fn scores(&self, features: &Features) -> Vec<f64> {
        self.stance_for(&features.dense)
            .0
            .scores(&self.text_scores(features), &features.dense)
    }

    /// The text scores of a comment with these features, and of headline and parent where its stance model has inputs for
    /// them.
    pub fn text_scores(&self, features: &Features) -> TextScores {
        let (stance, _) = self.stance_for(&features.dense);
        let of = |text: Scored, row: &Option<NgramRow>| match row {
            Some(row) if stance.encoder.scored().contains(&text) => self.text.scores(row),
            _ => Vec::new(),
        };
        TextScores {
            comment: self.text.scores(&features.ngrams),
            headline: of(Scored::Headline, &features.headline),
            parent: of(Scored::Parent, &features.parent),
        }
    }

    /// What is said of a comment with these features.
    pub fn predict(&self, features: &Features) -> Prediction {
        let (_, offsets) = self.stance_for(&features.dense);
        self.decide(self.scores(features), offsets, features.analysis.tampered)
    }

    /// The stance model and the decision offsets for a comment with these features.
    pub fn stance_for(&self, dense: &DenseFeatures) -> (&StanceModel, &[f64]) {
        match &self.known {
            Some(known) if !dense.likeness.is_empty() => (&known.stance, &known.offsets),
            _ => (&self.stance, &self.offsets),
        }
    }

    /// The decision for `scores` with decision offsets `offsets`.
    fn decide(&self, scores: Vec<f64>, offsets: &[f64], tampered: bool) -> Prediction {
        let mut probabilities = scores.clone();
        softmax(&mut probabilities);
        Prediction {
            label: decide(&scores, offsets),
            probabilities,
            scores,
            review: false,
            tampered,
        }
    }
}

/// Classifies many comments on one thread.
pub struct Session<'a> {
    classifier: &'a Classifier,
    extraction: Extraction<'a>,
    predictor: Predictor<'a>,
}

impl Session<'_> {
    /// The features of `comment`.
    pub fn extract(&mut self, comment: &Comment) -> Features {
        self.extraction.extract(comment)
    }

    /// Classifies one comment: the same bits as [`Classifier::predict`] of its features gives.
    pub fn classify(&mut self, comment: &Comment) -> Prediction {
        let classifier = self.classifier;
        let (text_scores, dense, tampered) = if self.extraction.stands_alone(comment) {
            let analyzer = &mut self.extraction.analyzer;
            let skimmed = self.predictor.skim(analyzer, &comment.text);
            let dense = DenseFeatures::alone(&comment.text, &skimmed.seen);
            let text_scores = TextScores {
                comment: skimmed.text_scores,
                ..TextScores::default()
            };
            (text_scores, dense, skimmed.tampered)
        } else {
            let facts = self.extraction.facts(comment);
            let predictor = &mut self.predictor;
            let comment = predictor.text_scores(&facts.analysis, &facts.gates);
            let scored = classifier.stance_for(&facts.dense).0.encoder.scored();
            let mut of = |which: Scored, text: &Option<Rc<Prepared>>| match text {
                Some(text) if scored.contains(&which) => {
                    let scores = || predictor.text_scores(&text.analysis, &[]);
                    text.text_scores.get_or_init(scores).clone()
                }
                _ => Vec::new(),
            };
            let text_scores = TextScores {
                comment,
                headline: of(Scored::Headline, &facts.headline),
                parent: of(Scored::Parent, &facts.parent),
            };
            (text_scores, facts.dense, facts.analysis.tampered)
        };
        let (stance, offsets) = classifier.stance_for(&dense);
        let scores = stance.scores(&text_scores, &dense);
        classifier.decide(scores, offsets, tampered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Block;
    use crate::train::{TrainSettings, train};

    fn reply(comment: Comment) -> Comment {
        Comment {
            parent: Some("fake, where was that?".into()),
            ..comment
        }
    }

    /// A model of comments under headlines, `n_replies` of them replies.
    fn model(n_replies: usize, without: &[Block]) -> Classifier {
        let row = |i: usize| {
            let (text, label) = [
                ("where is the proof", "doubting"),
                ("well done", "confirming"),
            ][i % 2];
            let comment = Comment::new(format!("{text} {}", i % 7))
                .under(format!("Ship {} sunk", i / 4))
                .labelled(label);
            match i < n_replies {
                true => reply(comment),
                false => comment,
            }
        };
        let corpus: Vec<Comment> = (0..120).map(row).collect();
        let settings = TrainSettings {
            without: without.to_vec(),
            ..TrainSettings::default()
        };
        train(&corpus, &[], &settings).unwrap().classifier
    }

    #[test]
    fn headline_and_parent_are_scored_only_where_the_stance_model_has_inputs_for_them() {
        let comment = reply(Comment::new("well, where?").under("Ship 3 sunk"));
        // Fewer than five replies give no inputs for the parent.
        for (n_replies, without, expected) in [
            (60, &[][..], [true, true]),
            (4, &[], [true, false]),
            (60, &[Block::ContextScores], [false, false]),
        ] {
            let classifier = model(n_replies, without);
            let mut session = classifier.session();
            let prediction = session.classify(&comment);
            let facts = session.extraction.facts(&comment);
            let prepared = [facts.headline.unwrap(), facts.parent.unwrap()];
            assert_eq!(prepared.map(|p| p.text_scores.get().is_some()), expected);
            let features = session.extract(&comment);
            let found = classifier.text_scores(&features);
            assert_eq!(
                [!found.headline.is_empty(), !found.parent.is_empty()],
                expected
            );
            // All text scores give the same answer.
            let of = |row: &Option<NgramRow>| classifier.text.scores(row.as_ref().unwrap());
            let all = TextScores {
                comment: classifier.text.scores(&features.ngrams),
                headline: of(&features.headline),
                parent: of(&features.parent),
            };
            let (stance, _) = classifier.stance_for(&features.dense);
            assert_eq!(prediction.scores, stance.scores(&all, &features.dense));
            assert_eq!(prediction, classifier.predict(&features));
        }
    }
}
