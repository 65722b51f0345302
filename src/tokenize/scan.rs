//! Finds the tokens that the `tokenizers` pipeline finds, by reading each character once.
//!
//! The pipeline is the reference; tests compare the two on every sort of text. The scanner serves normalised text that
//! the pipeline's own NFKC and lower case leave alone, which is nearly all of it; see [`is_plain`].

use regex_syntax::hir::{Class, HirKind};
use std::sync::OnceLock;
use unicode_normalization::{IsNormalized, is_nfkc_quick};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// A link, which its placeholder stands for.
    Link,
    /// A handle, which its placeholder stands for.
    Handle,
    /// A piece of the text as it stands.
    Text,
}

/// Characters by the classes of the patterns, taken from the tables of the regular expressions themselves.
struct Classes {
    /// `[\p{L}\p{M}\p{N}_]`.
    word: Vec<(char, char)>,
    /// `[\p{L}\p{N}_]`.
    handle: Vec<(char, char)>,
    /// `\p{So}`.
    symbol: Vec<(char, char)>,
}

fn classes() -> &'static Classes {
    static CLASSES: OnceLock<Classes> = OnceLock::new();
    CLASSES.get_or_init(|| Classes {
        word: ranges(r"[\p{L}\p{M}\p{N}_]"),
        handle: ranges(r"[\p{L}\p{N}_]"),
        symbol: ranges(r"\p{So}"),
    })
}

fn ranges(pattern: &str) -> Vec<(char, char)> {
    let hir = regex_syntax::parse(pattern).expect("the pattern is valid");
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().map(|r| (r.start(), r.end())).collect()
        }
        _ => Vec::new(),
    }
}

fn is_in(ranges: &[(char, char)], c: char) -> bool {
    if c.is_ascii() {
        // The three classes hold the same ASCII characters, or none: So.
        return ranges[0].0.is_ascii() && (c.is_ascii_alphanumeric() || c == '_');
    }
    let behind = ranges.partition_point(|&(start, _)| start <= c);
    behind > 0 && c <= ranges[behind - 1].1
}

/// Whether NFKC and lower case leave `text` as it is.
pub(super) fn is_plain(text: &str) -> bool {
    if text.is_ascii() {
        return !text.bytes().any(|b| b.is_ascii_uppercase());
    }
    let lower = |c: char| {
        let mut lower = c.to_lowercase();
        lower.next() == Some(c) && lower.next().is_none()
    };
    text.chars().all(lower) && is_nfkc_quick(text.chars()) == IsNormalized::Yes
}

const LINKS: [&str; 5] = ["http://", "https://", "www.", "t.me/", "youtu.be/"];

/// The first link in `text`: its bytes.
fn first_link(text: &str) -> Option<(usize, usize)> {
    let from = |prefix: &&str| {
        text.match_indices(*prefix).find_map(|(start, _)| {
            let rest = &text[start + prefix.len()..];
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (length > 0).then_some((start, start + prefix.len() + length))
        })
    };
    LINKS.iter().filter_map(from).min()
}

/// Calls `each` with every token of `text`: what it is and its bytes.
pub(super) fn scan(text: &str, mut each: impl FnMut(Scanned, usize, usize)) {
    let mut at = 0;
    // A link begins with one of these or holds a slash; most chunks have neither.
    let may_link = text.contains('/') || (text.contains('.') && text.contains("www."));
    while at < text.len() {
        let link = if may_link {
            first_link(&text[at..])
        } else {
            None
        };
        let end = link.map_or(text.len(), |(start, _)| at + start);
        scan_handles(&text[at..end], at, &mut each);
        let Some((start, behind)) = link else { break };
        each(Scanned::Link, at + start, at + behind);
        at += behind;
    }
}

/// The tokens of a stretch without links that begins at byte `base`.
fn scan_handles(text: &str, base: usize, each: &mut impl FnMut(Scanned, usize, usize)) {
    let handle = &classes().handle;
    let mut at = 0;
    for (start, _) in text.match_indices('@') {
        let name = &text[start + 1..];
        let length = name.find(|c| !is_in(handle, c)).unwrap_or(name.len());
        if length == 0 {
            continue;
        }
        scan_text(&text[at..start], base + at, each);
        at = start + 1 + length;
        each(Scanned::Handle, base + start, base + at);
    }
    scan_text(&text[at..], base + at, each);
}

/// The tokens of a stretch without links and handles that begins at byte `base`.
fn scan_text(text: &str, base: usize, each: &mut impl FnMut(Scanned, usize, usize)) {
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let length = token_length(&text[at..], first);
        if length == 0 {
            at += first.len_utf8();
            continue;
        }
        let what = match &text[at..at + length] {
            super::LINK => Scanned::Link,
            super::HANDLE => Scanned::Handle,
            _ => Scanned::Text,
        };
        each(what, base + at, base + at + length);
        at += length;
    }
}

/// The length in bytes of the token that `rest`, whose first character is `first`, begins with; 0 where it begins with
/// none. The branches stand in the order of the pattern's.
fn token_length(rest: &str, first: char) -> usize {
    let run = |text: &str, holds: &dyn Fn(char) -> bool| {
        text.find(|c: char| !holds(c)).unwrap_or(text.len())
    };
    let is_word = |c: char| is_in(&classes().word, c);
    if first == '<' && rest.starts_with(super::LINK) {
        return super::LINK.len();
    }
    if first == '<' && rest.starts_with(super::HANDLE) {
        return super::HANDLE.len();
    }
    if first == '#' {
        let length = run(&rest[1..], &is_word);
        return 1 + length;
    }
    if is_word(first) {
        let mut length = run(rest, &is_word);
        while rest[length..].starts_with('\'') {
            let more = run(&rest[length + 1..], &is_word);
            if more == 0 {
                break;
            }
            length += 1 + more;
        }
        return length;
    }
    let is_flag = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    if is_flag(first) && rest.chars().nth(1).is_some_and(is_flag) {
        return rest.chars().take(2).map(char::len_utf8).sum();
    }
    if is_in(&classes().symbol, first) {
        return first.len_utf8();
    }
    let is_bracket = |c: char| matches!(c, '(' | ')');
    match first {
        '?' | '!' => run(rest, &|c| matches!(c, '?' | '!')),
        '.' => run(rest, &|c| c == '.'),
        ':' | ';' | '=' => {
            let nose = 1 + usize::from(rest[1..].starts_with('-'));
            let length = run(&rest[nose..], &is_bracket);
            // A nose without a mouth is a mark of its own.
            if length > 0 { nose + length } else { 1 }
        }
        '(' | ')' => run(rest, &|c| c == first),
        c if c.is_whitespace() => 0,
        c => c.len_utf8(),
    }
}
