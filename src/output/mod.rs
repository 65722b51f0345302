//! Step seven: results are written, as JSONL, CSV, TSV or a table for people, and reports as JSON, Markdown,
//! HTML or a table.

mod audit;
mod delimited;
mod escape;
mod html;
mod jsonl;
mod report;
mod shares;
mod table;
mod whole_rows;

pub use audit::{audit_json, audit_markdown, audit_table};
pub use delimited::{Delimited, delimited_header, delimited_row};
pub use escape::{markdown, neutralized, visible};
pub use html::{audit_html, report_html};
pub use jsonl::{Extras, LabelNames, jsonl_row_into};
pub use report::{report_json, report_markdown, report_table};
pub use shares::{GroupShares, shares_delimited, shares_jsonl, shares_table};
pub use table::{Grid, table_header, table_row};
pub use whole_rows::{Stdout, Target, WholeRows};

/// `value` with eight digits behind the point: enough for sums to hold within 1e-6, and no more bytes than needed.
pub fn rounded(value: f64) -> f64 {
    (value * 1e8).round() / 1e8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_eight_digits() {
        assert_eq!(rounded(1.0 / 3.0), 0.33333333);
    }
}
