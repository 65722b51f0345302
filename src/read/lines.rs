//! Cuts a stream into lines in bounded memory.

use super::source::Source;
use super::{Content, Format};
use std::io::{self, BufRead};

/// The lines of one stream.
pub struct Lines {
    source: Source,
    line: u64,
    limit: usize,
}

/// How much of an overlong line is kept, in bytes.
const KEPT: usize = 1024;

impl Lines {
    /// Lines of at most `limit` bytes.
    pub fn new(source: Source, limit: usize) -> Self {
        Lines {
            source,
            line: 0,
            limit,
        }
    }

    /// The next row with its line number. Blank lines are rows in [`Format::Txt`] only.
    pub fn next_content(&mut self, format: Format) -> io::Result<Option<(u64, Content)>> {
        loop {
            let Some((mut bytes, whole)) = self.next_line()? else {
                return Ok(None);
            };
            self.line += 1;
            let content = if !whole {
                bytes.truncate(KEPT);
                Content::TooLong {
                    start: bytes,
                    limit: self.limit,
                }
            } else if format == Format::Txt {
                Content::Text(bytes)
            } else if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            } else {
                Content::Json(bytes)
            };
            return Ok(Some((self.line, content)));
        }
    }

    /// The next line without its end, and whether it is whole: of a longer one than the limit only the start is kept.
    fn next_line(&mut self) -> io::Result<Option<(Vec<u8>, bool)>> {
        let mut line = Vec::new();
        let mut length = 0usize;
        let mut seen_any = false;
        loop {
            let buffer = self.source.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            seen_any = true;
            let end = memchr::memchr(b'\n', buffer);
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            length = length.saturating_add(piece.len());
            // One byte more than the limit, for the carriage return that does not count.
            let room = (self.limit.saturating_add(1)).saturating_sub(line.len());
            line.extend_from_slice(&piece[..piece.len().min(room)]);
            let consumed = piece.len() + usize::from(end.is_some());
            self.source.consume(consumed);
            if end.is_some() {
                break;
            }
        }
        if !seen_any {
            return Ok(None);
        }
        if length == line.len() && line.last() == Some(&b'\r') {
            line.pop();
            length -= 1;
        }
        Ok(Some((line, length <= self.limit)))
    }
}
