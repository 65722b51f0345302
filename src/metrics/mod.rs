//! How well predictions agree with gold labels. Every figure that is undefined is `None`.

mod bootstrap;
mod calibration;
mod counts;
mod coverage;

pub use bootstrap::{Bootstrap, DRAWS, Interval};
pub use calibration::{Bin, Calibration, calibration, log_loss};
pub use counts::{Confusion, Counts, LabelScores};
pub use coverage::{CoveragePoint, coverage};
