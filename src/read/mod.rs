//! Step one: rows of JSONL, CSV, TSV or plain text become [`Comment`]s.
//!
//! [`Rows`] cuts files into numbered raw rows, one after the other and in constant memory; [`RowParser`] turns one raw
//! row into a comment or says what is wrong with it, and can do so on any thread; [`BadRows`] decides what happens to
//! a row that is wrong. [`read_comments`] does all three for whoever wants every row in memory.

mod articles;
mod columns;
mod csv;
mod jsonl;
mod lines;
mod objects;
mod parse;
mod plain;
mod predictions;
mod reject;
mod source;

pub use articles::Articles;
pub use columns::{Columns, Field};
pub use parse::RowParser;
pub use predictions::{PredictedRow, read_predictions};
pub use reject::{BadRows, OnError};
pub use source::ByteCount;

use crate::error::{Error, Result};
use crate::record::Comment;
use encoding_rs::Encoding;
use rayon::prelude::*;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a file is cut into rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated with a header; another delimiter is recognised.
    Csv,
    /// Tab-separated with a header.
    Tsv,
    /// One comment a line.
    Txt,
}

impl Format {
    /// The format that `path`'s extension names, looking through `.gz` and `.zst`. JSONL where it names none.
    pub fn of_path(path: &Path) -> Self {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        let name = name.to_ascii_lowercase();
        let name = name
            .strip_suffix(".gz")
            .or_else(|| name.strip_suffix(".zst"))
            .unwrap_or(&name);
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("csv") => Format::Csv,
            Some("tsv" | "tab") => Format::Tsv,
            Some("txt" | "text") => Format::Txt,
            _ => Format::Jsonl,
        }
    }
}

/// How to read records.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The format of every file; `None`: each file's extension tells.
    pub format: Option<Format>,
    /// The encoding of files without a byte-order mark; `None`: UTF-8.
    pub encoding: Option<&'static Encoding>,
    /// The names of the columns.
    pub columns: Columns,
    /// The longest row in bytes; a longer one is a bad row. Default 16 MiB.
    pub max_line_bytes: usize,
    /// Whether a row without a label is a bad row.
    pub labels_required: bool,
    /// Whether [`Comment::fields`] is filled.
    pub keep_fields: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            format: None,
            encoding: None,
            columns: Columns::default(),
            max_line_bytes: 16 << 20,
            labels_required: false,
            keep_fields: false,
        }
    }
}

/// One row as it stands in its file.
#[derive(Debug, Clone)]
pub struct Row {
    /// The file's name, `-` for standard input.
    pub file: Arc<str>,
    /// Which of the files it is, from 0.
    pub file_number: usize,
    /// The line where the row starts, from 1.
    pub line: u64,
    /// The row's number from 1, counting every data row through all files.
    pub number: u64,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Json(Vec<u8>),
    Text(Vec<u8>),
    Cells(Arc<csv::Header>, ::csv::ByteRecord),
    TooLong { start: Vec<u8>, limit: usize },
}

/// The raw rows of several files, in order.
pub struct Rows {
    files: std::collections::VecDeque<PathBuf>,
    options: ReadOptions,
    current: Option<Open>,
    n_opened: usize,
    /// A stream that is open already, or why it could not be opened.
    first: Option<Result<Open>>,
    number: u64,
    n_bytes: ByteCount,
    /// What went wrong behind the rows of the last batch.
    error: Option<Error>,
}

struct Open {
    file: Arc<str>,
    rows: FileRows,
}

enum FileRows {
    Lines(lines::Lines, Format),
    Cells(Box<csv::Cells>),
}

impl Rows {
    /// The rows of `files`, `-` being standard input. Files are opened one by one, as they are reached.
    pub fn new(files: &[PathBuf], options: &ReadOptions) -> Self {
        Rows {
            files: files.iter().cloned().collect(),
            options: options.clone(),
            current: None,
            n_opened: 0,
            first: None,
            number: 0,
            n_bytes: ByteCount::default(),
            error: None,
        }
    }

    /// The rows that `reader` gives, in the format of `options` or else JSONL; `name` stands for it in messages.
    pub fn of_reader(name: &str, reader: Box<dyn Read + Send>, options: &ReadOptions) -> Self {
        let format = options.format.unwrap_or(Format::Jsonl);
        let source = source::decoded(reader, options.encoding).map_err(|e| Error::io(name, e));
        let open = source.and_then(|source| open_source(name.into(), source, format, options));
        Rows {
            first: Some(open),
            ..Rows::new(&[], options)
        }
    }

    /// Counts the bytes that are read of files, not of standard input.
    pub fn byte_count(&self) -> ByteCount {
        self.n_bytes.clone()
    }

    /// The next row, or `None` after the last row of the last file.
    ///
    /// # Errors
    /// [`Error::Io`] where a file cannot be read, [`Error::Data`] where a CSV header lacks the text column.
    pub fn next_row(&mut self) -> Result<Option<Row>> {
        loop {
            if let Some(first) = self.first.take() {
                self.current = Some(first?);
                self.n_opened += 1;
            }
            if self.current.is_none() {
                match self.files.pop_front() {
                    Some(path) => {
                        self.current = Some(open(&path, &self.options, &self.n_bytes)?);
                        self.n_opened += 1;
                    }
                    None => return Ok(None),
                }
            }
            let open = self.current.as_mut().expect("a file is open");
            let content = match &mut open.rows {
                FileRows::Lines(lines, format) => lines.next_content(*format),
                FileRows::Cells(cells) => cells.next_content(),
            }
            .map_err(|e| Error::io(&*open.file, e))?;
            match content {
                Some((line, content)) => {
                    self.number += 1;
                    return Ok(Some(Row {
                        file: open.file.clone(),
                        file_number: self.n_opened - 1,
                        line,
                        number: self.number,
                        content,
                    }));
                }
                None => self.current = None,
            }
        }
    }

    /// Up to `n_rows` next rows, fewer where they hold `n_bytes` together; empty only at the end. An error behind some
    /// rows comes with the next call.
    ///
    /// # Errors
    /// As [`Rows::next_row`].
    pub fn next_batch(&mut self, n_rows: usize, n_bytes: usize) -> Result<Vec<Row>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < n_rows && bytes < n_bytes {
            match self.next_row() {
                Ok(Some(row)) => {
                    bytes += row.n_bytes();
                    batch.push(row);
                }
                Ok(None) => break,
                Err(error) if batch.is_empty() => return Err(error),
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
        Ok(batch)
    }
}

impl Row {
    fn n_bytes(&self) -> usize {
        match &self.content {
            Content::Json(bytes) | Content::Text(bytes) => bytes.len(),
            Content::Cells(_, cells) => cells.as_slice().len(),
            Content::TooLong { start, .. } => start.len(),
        }
    }

    /// The row as text, for a list of rejected rows; invalid UTF-8 is replaced, an overlong row cut.
    pub fn to_text(&self) -> String {
        match &self.content {
            Content::Json(bytes) | Content::Text(bytes) | Content::TooLong { start: bytes, .. } => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            Content::Cells(header, cells) => header.row_text(cells),
        }
    }
}

fn open(path: &Path, options: &ReadOptions, count: &ByteCount) -> Result<Open> {
    let file: Arc<str> = path.display().to_string().into();
    let format = options.format.unwrap_or_else(|| Format::of_path(path));
    let source = source::open(path, options.encoding, count).map_err(|e| Error::io(path, e))?;
    open_source(file, source, format, options)
}

fn open_source(
    file: Arc<str>,
    source: source::Source,
    format: Format,
    options: &ReadOptions,
) -> Result<Open> {
    let rows = match format {
        Format::Jsonl | Format::Txt => {
            FileRows::Lines(lines::Lines::new(source, options.max_line_bytes), format)
        }
        Format::Csv | Format::Tsv => {
            FileRows::Cells(Box::new(csv::Cells::open(source, format, &file, options)?))
        }
    };
    Ok(Open { file, rows })
}

/// Every comment of `files`, in order; bad rows go to `bad_rows`.
///
/// # Errors
/// As [`Rows::next_row`], and what `bad_rows` makes of a bad row.
pub fn read_comments(
    files: &[PathBuf],
    options: &ReadOptions,
    articles: &Articles,
    bad_rows: &mut BadRows,
) -> Result<Vec<Comment>> {
    let mut rows = Rows::new(files, options);
    let parser = RowParser::new(options, articles);
    let mut comments = Vec::new();
    loop {
        let batch = rows.next_batch(4096, 16 << 20)?;
        if batch.is_empty() {
            return Ok(comments);
        }
        let parsed: Vec<_> = batch.par_iter().map(|row| parser.parse(row)).collect();
        for (row, result) in batch.iter().zip(parsed) {
            match result {
                Ok(comment) => comments.push(comment),
                Err(reason) => bad_rows.take(row, reason)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comments(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Vec<Comment>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut bad_rows = BadRows::stop();
        read_comments(&[path], options, &Articles::default(), &mut bad_rows)
    }

    fn texts(name: &str, bytes: &[u8]) -> Vec<String> {
        let found = comments(name, bytes, &ReadOptions::default()).unwrap();
        found.into_iter().map(|c| c.text).collect()
    }

    #[test]
    fn formats_go_by_extension_through_compression() {
        for (name, format) in [
            ("a.jsonl", Format::Jsonl),
            ("a.csv.gz", Format::Csv),
            ("A.TSV", Format::Tsv),
            ("b.txt.zst", Format::Txt),
            ("-", Format::Jsonl),
        ] {
            assert_eq!(Format::of_path(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn every_format_gives_the_same_comment() {
        assert_eq!(
            texts("a.jsonl", br#"{"text":"a \"b\", c"}"#),
            ["a \"b\", c"]
        );
        assert_eq!(
            texts("a.csv", b"id,text\n1,\"a \"\"b\"\", c\"\n"),
            ["a \"b\", c"]
        );
        assert_eq!(
            texts("a.csv", b"id;text\n1;\"a \"\"b\"\", c\"\n"),
            ["a \"b\", c"]
        );
        assert_eq!(texts("a.tsv", b"id\ttext\n1\ta \"b\", c\n"), ["a \"b\", c"]);
        assert_eq!(texts("a.txt", b"a \"b\", c\r\n"), ["a \"b\", c"]);
    }

    #[test]
    fn blank_lines_are_skipped_in_jsonl_and_comments_in_txt() {
        assert_eq!(texts("a.jsonl", b"\n{\"text\":\"\"}\n  \n"), [""]);
        assert_eq!(texts("a.txt", b"a\n\nb\n"), ["a", "", "b"]);
    }

    #[test]
    fn byte_order_marks_and_encodings_are_understood() {
        assert_eq!(texts("a.txt", "\u{feff}да".as_bytes()), ["да"]);
        let utf16: Vec<u8> = "\u{feff}да\nне"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(texts("a.txt", &utf16), ["да", "не"]);
        let utf16: Vec<u8> = "\u{feff}да"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(texts("a.txt", &utf16), ["да"]);
        let options = ReadOptions {
            encoding: Encoding::for_label(b"windows-1251"),
            ..ReadOptions::default()
        };
        let found = comments("a.txt", b"\xe4\xe0", &options).unwrap();
        assert_eq!(found[0].text, "да");
    }

    #[test]
    fn numbers_count_bad_rows_and_go_on_through_files() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a.jsonl"), dir.path().join("b.txt"));
        std::fs::write(&a, "{\"text\":\"x\"}\nnot json\n").unwrap();
        std::fs::write(&b, "y\n").unwrap();
        let mut bad_rows = BadRows::skip(None);
        let options = ReadOptions::default();
        let found = read_comments(&[a, b], &options, &Articles::default(), &mut bad_rows).unwrap();
        let ids: Vec<_> = found.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, ["1", "3"]);
        assert_eq!(bad_rows.count(), 1);
    }

    #[test]
    fn an_overlong_line_is_one_bad_row() {
        let options = ReadOptions {
            max_line_bytes: 5,
            ..ReadOptions::default()
        };
        let error = comments("a.txt", b"ok\n123456\nok\n", &options).unwrap_err();
        assert_eq!(error.status(), 3);
        assert!(error.to_string().contains("a.txt:2: "), "{error}");
        assert_eq!(comments("a.txt", b"12345\n", &options).unwrap().len(), 1);
    }
}
