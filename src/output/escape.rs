//! Text that somebody else wrote, made harmless for where it is shown: a terminal, Markdown, a spreadsheet.

use crate::normalize::is_invisible;
use std::borrow::Cow;

/// `text` with everything made visible that could move a terminal's cursor, change its colours, turn the direction of
/// writing, break the line or hide: such characters become `\u{…}`, white space a space. What joins the parts of an
/// emoji or the letters of a script stays.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => out.push(' '),
            '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => out.push(c),
            '\u{2028}' | '\u{2029}' => out.extend(c.escape_unicode()),
            c if c.is_control() || is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// `text` for a cell of a Markdown table or an item of a list: visible, and neither a mark-up of Markdown nor of HTML.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // A bare address becomes a link.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// `cell` with an apostrophe before it where a spreadsheet would take it for a formula: where it begins, after any
/// apostrophes, with one of `= + - @`, their full-width forms, a tab or a line end (OWASP, "CSV Injection").
///
/// To read such cells back, take one apostrophe off those that begin with apostrophes and one of these characters.
pub fn neutralized(cell: &str) -> Cow<'_, str> {
    let live = cell
        .trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    match live {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_drive_a_terminal_is_shown() {
        assert_eq!(
            visible("a\u{1b}[31mb\nc\u{202e}d\u{9b}e\u{2028}f\u{200b}g"),
            "a\\u{1b}[31mb c\\u{202e}d\\u{9b}e\\u{2028}f\\u{200b}g"
        );
        let honest = "да 😂 👨\u{200d}👩 ❤\u{fe0f}";
        assert_eq!(visible(honest), honest);
    }

    #[test]
    fn formulas_become_text_and_can_be_read_back() {
        for (cell, safe) in [
            ("=1+1", "'=1+1"),
            ("-5", "'-5"),
            ("'=x", "''=x"),
            ("''@x", "'''@x"),
            ("\t=x", "'\t=x"),
            ("＝x", "'＝x"),
            ("'tis", "'tis"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(neutralized(cell), safe);
            let back = match safe.strip_prefix('\'') {
                Some(rest) if neutralized(rest) == safe => rest,
                _ => safe,
            };
            assert_eq!(back, cell);
        }
    }

    #[test]
    fn markdown_stays_text() {
        assert_eq!(
            markdown("<b>[x](http://y) a|b `c` # _d_"),
            "&lt;b&gt;\\[x\\](http&#58;//y) a\\|b \\`c\\` \\# \\_d\\_"
        );
        assert_eq!(markdown("www.x.y/z"), "www&#46;x.y/z");
        assert_eq!(markdown("off-topic: 1"), "off-topic: 1");
    }
}
