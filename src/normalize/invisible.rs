//! Step 1: characters that do not show, and whether they hide something.

use super::Char;
use unicode_script::{Script, UnicodeScript};

/// Characters that take no room on the screen: general category Cf, variation selectors, and the fillers that Unicode
/// lists as default-ignorable.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || (c.is_control() && !c.is_whitespace())
}

/// Whether something that does not show stands inside a word of letters that join without it, turns the direction of
/// writing by force, or a letter is one that mathematicians or badges use. Arabic, Hebrew and Indic words need joiners
/// and direction marks.
pub(super) fn hides_something(chars: &[Char]) -> bool {
    let plain = |x: &Char| {
        x.c.is_alphabetic()
            && matches!(
                x.c.script(),
                Script::Latin | Script::Cyrillic | Script::Greek
            )
    };
    let is_trick = |c| matches!(c, '\u{202d}' | '\u{202e}' | '\u{1d400}'..='\u{1d7cb}' | '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    let mut before = None;
    let mut hidden = false;
    chars.iter().any(|x| {
        if is_invisible(x.c) {
            hidden = true;
            return is_trick(x.c);
        }
        let parted = hidden && before.is_some_and(plain) && plain(x);
        (before, hidden) = (Some(x), false);
        parted || is_trick(x.c)
    })
}
