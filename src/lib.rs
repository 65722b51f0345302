#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod card;
pub mod classifier;
pub mod cli;
pub mod embedded;
pub mod error;
pub mod explain;
pub mod features;
pub mod folds;
pub mod metrics;
pub mod model_dir;
pub mod normalize;
pub mod offsets;
pub mod output;
pub mod read;
pub mod record;
pub mod scores;
pub mod solver;
pub mod sparse;
pub mod stance_model;
pub mod text_model;
pub mod tokenize;
pub mod train;
