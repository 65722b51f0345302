//! Tells how the comments under a war-news article stand toward its claim.
//!
//! The code follows the comment, and the modules stand in that order, each using only what came before:
//!
//! | step | module |
//! | --- | --- |
//! | read: rows become comments | [`digest`], [`error`], [`record`], [`read`] |
//! | normalise, tokenise | [`normalize`], [`tokenize`], [`embeddings`] |
//! | features | [`features`] |
//! | scores, probabilities, decisions | [`scores`], [`sparse`], [`solver`], [`factored`], [`text_model`], [`stance_model`], [`selective`], [`prevalence`], [`predictor`] |
//! | label, and why | [`classifier`], [`explain`] |
//! | training: the same way, then the fits | [`folds`], [`metrics`], [`offsets`], [`train`] |
//! | how good it is, and the data | [`evaluation`], [`audit`] |
//! | models on disk | [`card`], [`model_dir`], [`embedded`] |
//! | results | [`output`], [`cli`] |
//!
//! # Example
//!
//! ```
//! use stance::record::Comment;
//! use stance::train::{TrainSettings, train};
//!
//! let mut corpus = Vec::new();
//! for i in 0..30 {
//!     let headline = format!("Ship number {i} sunk near the cape");
//!     let rows = [
//!         ("stop this war", "anti-war"),
//!         ("fake, where is the proof?", "doubting"),
//!         ("they sank it, saw it myself", "confirming"),
//!     ];
//!     for (text, label) in rows {
//!         corpus.push(Comment::new(format!("{text} {i}")).under(headline.as_str()).labelled(label));
//!     }
//! }
//! let trained = train(&corpus, &[], &TrainSettings::default())?;
//! let comment = Comment::new("where is the proof?").under("Bridge blown up at night");
//! let prediction = trained.classifier.classify(&comment);
//! assert_eq!(trained.classifier.labels[prediction.label], "doubting");
//! assert!((prediction.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6);
//! # Ok::<(), stance::error::Error>(())
//! ```

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod digest;
pub mod error;
pub mod record;
mod swar;

pub mod read;

pub mod embeddings;
pub mod normalize;
pub mod tokenize;

pub mod features;

pub mod scores;
pub mod sparse;

pub mod solver;

pub mod factored;

pub mod prevalence;
pub mod selective;
pub mod stance_model;
pub mod text_model;

pub mod predictor;

pub mod classifier;
pub mod output;

pub mod explain;

pub mod folds;
pub mod metrics;
pub mod offsets;

pub mod train;

pub mod audit;
pub mod evaluation;

pub mod card;
pub mod embedded;
pub mod model_dir;

pub mod cli;
