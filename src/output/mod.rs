//! Step seven: results are written, as JSONL, CSV, TSV or a table for people, and reports as JSON, Markdown,
//! HTML or a table.

mod audit;
mod delimited;
mod html;
mod jsonl;
mod report;
mod shares;
mod table;

pub use audit::{audit_json, audit_markdown, audit_table};
pub use delimited::{delimited_header, delimited_row};
pub use html::report_html;
pub use jsonl::{Extras, jsonl_row};
pub use report::{report_json, report_markdown, report_table};
pub use shares::{GroupShares, shares_delimited, shares_jsonl, shares_table};
pub use table::{Grid, table_header, table_row};

/// `value` with eight digits behind the point: enough for sums to hold within 1e-6, and no more bytes than needed.
pub fn rounded(value: f64) -> f64 {
    (value * 1e8).round() / 1e8
}

/// `text` with everything made visible that could move a terminal's cursor, change its colours or turn the direction of
/// writing: control characters and bidirectional controls become `\u{…}`, white space becomes a space.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => out.push(' '),
            '\u{200e}'
            | '\u{200f}'
            | '\u{61c}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                out.extend(c.escape_unicode());
            }
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_drive_a_terminal_is_shown() {
        assert_eq!(
            visible("a\u{1b}[31mb\nc\u{202e}d"),
            "a\\u{1b}[31mb c\\u{202e}d"
        );
        assert_eq!(visible("да 😂"), "да 😂");
    }
}
