//! Reads JSONL files beside the comments, articles and predictions, object by object in bounded memory.

use super::jsonl::{RawFields, read_fields};
use super::lines::Lines;
use super::source;
use super::{Columns, Content, Field, Format};
use crate::error::{Error, Result};
use crate::record::id_string;
use std::path::Path;

/// The most bytes of a line of these files, and of an `--article`.
pub const MAX_BYTES: usize = 64 << 20;

/// One object of a JSONL file.
pub struct Object<'a> {
    /// The line it stands on, from 1.
    pub line: u64,
    /// Its fields.
    pub fields: RawFields<'a>,
    expected: &'a str,
}

impl Object<'_> {
    /// A field that must be there and is a string or a number, as a string.
    pub fn scalar(&self, field: Field) -> std::result::Result<String, String> {
        match self.fields.get(field) {
            Some(raw) if !raw.starts_with(['[', '{', 't', 'f']) => Ok(id_string(raw)),
            Some(raw) => Err(format!(
                "{:?} is {raw}; expected a string or a number",
                field.name()
            )),
            None => Err(format!("no {:?}; expected {}", field.name(), self.expected)),
        }
    }

    /// A field that may be absent and is a string.
    pub fn text(&self, field: Field) -> std::result::Result<Option<String>, String> {
        let read = |raw| {
            serde_json::from_str(raw)
                .map_err(|_| format!("{:?} is {raw}; expected a string", field.name()))
        };
        self.fields.get(field).map(read).transpose()
    }
}

/// Calls `each` for every object of the JSONL file at `path`; its reasons become errors that name the line. A field that
/// must be there is missed as `expected`.
///
/// # Errors
/// [`Error::Io`] where it cannot be read, [`Error::Data`] where a line is no object or `each` has a reason.
pub fn for_each_object(
    path: &Path,
    expected: &str,
    keep_others: bool,
    mut each: impl FnMut(&Object) -> std::result::Result<(), String>,
) -> Result<()> {
    let columns = Columns::default();
    let source =
        source::open(path, None, &source::ByteCount::default()).map_err(|e| Error::io(path, e))?;
    let mut lines = Lines::new(source, MAX_BYTES);
    while let Some((line, content)) = lines
        .next_content(Format::Jsonl)
        .map_err(|e| Error::io(path, e))?
    {
        let Content::Json(bytes) = content else {
            let reason = format!("the line is longer than {MAX_BYTES} bytes; expected one object");
            return Err(bad_line(path, line, reason));
        };
        std::str::from_utf8(&bytes)
            .map_err(|_| "invalid UTF-8; expected UTF-8".to_string())
            .and_then(|text| read_fields(text, &columns, keep_others))
            .and_then(|fields| {
                each(&Object {
                    line,
                    fields,
                    expected,
                })
            })
            .map_err(|reason| bad_line(path, line, reason))?;
    }
    Ok(())
}

/// An [`Error::Data`] about a line of `path`.
pub fn bad_line(path: &Path, line: u64, reason: String) -> Error {
    Error::Data(format!("{}:{line}: {reason}", path.display()))
}
