//! Reads the JSON objects that nearly all lines are: names without escapes, and strings, plain numbers, `true`, `false`
//! and `null` for values. Whatever else a line holds, a mistake above all, is left to the parser, which is the
//! reference.

use super::Columns;
use super::jsonl::RawFields;
use crate::swar::Eight;

/// The fields of the object `line`; `None` where it is not such an object.
pub fn read_plain<'a>(line: &'a str, columns: &Columns) -> Option<RawFields<'a>> {
    let mut at = Place { line, at: 0 };
    let mut fields = RawFields::default();
    at.take(b'{')?;
    loop {
        at.skip_space();
        let name = at.string()?;
        let name = &name[1..name.len() - 1];
        if name.contains('\\') {
            return None;
        }
        at.take(b':')?;
        at.skip_space();
        let value = at.value()?;
        if let Some(field) = columns.field(name) {
            fields.set(field, value);
        }
        if at.take(b',').is_none() {
            at.take(b'}')?;
            at.skip_space();
            return (at.at == line.len()).then_some(fields);
        }
    }
}

/// A place in a line.
struct Place<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Place<'a> {
    fn byte(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Passes over `byte` and the space before it; `None` where another stands there.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        let found = self.byte() == Some(byte);
        self.at += usize::from(found);
        found.then_some(())
    }

    /// Passes over digits: one at least.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.byte().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Passes over a value: its JSON text.
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        match self.byte()? {
            b'"' => return self.string(),
            b'-' | b'0'..=b'9' => {
                self.at += usize::from(self.byte() == Some(b'-'));
                let whole = self.at;
                self.digits()?;
                if self.at > whole + 1 && self.line.as_bytes()[whole] == b'0' {
                    return None;
                }
                if self.byte() == Some(b'.') {
                    self.at += 1;
                    self.digits()?;
                }
                if matches!(self.byte(), Some(b'e' | b'E')) {
                    return None;
                }
            }
            _ => {
                let rest = &self.line[self.at..];
                let words = ["null", "true", "false"];
                let word = words.iter().find(|word| rest.starts_with(**word))?;
                self.at += word.len();
            }
        }
        Some(&self.line[start..self.at])
    }

    /// Passes over a string: its JSON text, quotation marks and all.
    fn string(&mut self) -> Option<&'a str> {
        let bytes = self.line.as_bytes();
        let start = self.at;
        (self.byte()? == b'"').then_some(())?;
        self.at += 1;
        loop {
            while let Some(eight) = Eight::at(bytes, self.at) {
                let special = eight.below(0x20).or(eight.equal(b'"', 0xff));
                match special.or(eight.equal(b'\\', 0xff)).first() {
                    Some(place) => {
                        self.at += place;
                        break;
                    }
                    None => self.at += 8,
                }
            }
            match self.byte()? {
                b'"' => {
                    self.at += 1;
                    return Some(&self.line[start..self.at]);
                }
                b'\\' => match bytes.get(self.at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                    b'u' => {
                        let digits = bytes.get(self.at + 2..self.at + 6)?;
                        digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                        self.at += 6;
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Field;
    use super::super::jsonl::parse_fields;
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// Pieces of objects, right and wrong.
    fn line() -> impl Strategy<Value = String> {
        let space = "[ \t\r\n]{0,1}";
        let name = r#""(text|id|label|weight|x|te\\u0078t|)""#;
        let value = prop_oneof![
            r#""([a-z да"{}:,\[]{0,12}|\\["\\/bfnrtu]|\\u[0-9a-f]{4}|\\ud800|[\x00-\x1f]|\\x){0,3}""#,
            "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
            "null|true|false|nul|\\[1\\]|\\{\\}|\\{\"text\":\"a\"\\}|nulll",
        ];
        let field = (space, name, space, value, space)
            .prop_map(|(a, name, b, value, c)| format!("{a}{name}{b}:{b}{value}{c}"));
        let fields = prop::collection::vec(field, 0..5);
        let around = (space, "[{]{0,1}[{]", "[}]{1}[} x,]{0,1}", ",|,|,|,|,,| ");
        (fields, around).prop_map(|(fields, (space, open, close, comma))| {
            format!("{space}{open}{}{close}", fields.join(&comma))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_read_is_what_the_parser_reads(line in line()) {
            let columns = Columns::default();
            if let Some(found) = read_plain(&line, &columns) {
                let expected = parse_fields(&line, &columns, false);
                prop_assert!(expected.is_ok(), "{line}");
                let expected = expected.unwrap();
                for field in Field::ALL {
                    prop_assert_eq!(found.get(field), expected.get(field), "{}", line);
                }
            }
        }
    }

    #[test]
    fn common_lines_are_read() {
        let columns = Columns::default();
        for line in [
            r#"{"id": "a-1", "text": "say \"no\" \u0430\n", "label": null, "weight": -0.5, "x": true}"#,
            "{\"text\":\"да 😂\"}\r",
        ] {
            let found = read_plain(line, &columns);
            let found = found.and_then(|fields| fields.get(Field::Text));
            assert!(found.is_some(), "{line}");
        }
        for line in [
            "{}",
            r#"{"text":"a","x":[1]}"#,
            r#"{"text":"a"} x"#,
            r#"{"text":"a",}"#,
        ] {
            assert!(read_plain(line, &columns).is_none(), "{line}");
        }
    }
}
