//! How good a model, or any other source of predictions, is: everything that `stance-evaluate` reports.
//!
//! [`Predictions`] come from a model ([`predict`]) or from a file. [`Report`] holds the figures on them, with intervals
//! that draw whole articles; [`list_errors`] shows where they are wrong, and why.

mod baselines;
mod compare;
mod context_test;
mod cross_validate;
mod difference;
mod errors;
mod highlight;
mod predictions;
mod report;
mod slices;
mod verdict;

pub use baselines::{Baseline, Baselines, CommentOnly, comment_only};
pub use compare::{ChangedRow, Comparison, compare};
pub use context_test::{ContextTest, context_test};
pub use cross_validate::{CrossValidated, CrossValidation, Pooled, cross_validate};
pub use difference::{Difference, Shown};
pub use errors::{ListedError, list_errors};
pub use highlight::{Piece, facts, highlight};
pub use predictions::{Predictions, predict};
pub use report::{Intervals, PairCount, Report, ReportSettings, Rows, Source};
pub use slices::{MIN_GROUPS, Slice, SliceSet};
pub use verdict::verdict;
