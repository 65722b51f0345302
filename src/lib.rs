#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod error;
pub mod record;
pub mod normalize;
pub mod read;
pub mod tokenize;
pub mod features;
pub mod sparse;
pub mod scores;
pub mod solver;
pub mod folds;
pub mod metrics;
pub mod offsets;
pub mod text_model;
pub mod stance_model;
pub mod classifier;
pub mod explain;
pub mod train;
pub mod output;
