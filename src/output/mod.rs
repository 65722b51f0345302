//! Step seven: results are written.

/// `value` with eight digits behind the point: enough for sums to hold within 1e-6, and no more bytes than needed.
pub fn rounded(value: f64) -> f64 {
    (value * 1e8).round() / 1e8
}
