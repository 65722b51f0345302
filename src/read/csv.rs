//! Cuts a stream of CSV or TSV into records under one header.

use super::source::Source;
use super::{Columns, Content, Field, Format, ReadOptions};
use crate::error::{Error, Result};
use std::io::{self, BufRead};
use std::sync::Arc;

/// The names of the columns and the fields that they hold.
#[derive(Debug)]
pub struct Header {
    /// The columns' names.
    pub names: Vec<String>,
    /// The field of each column, `None` for a column that the contract does not know.
    pub fields: Vec<Option<Field>>,
    delimiter: u8,
}

impl Header {
    fn new(record: &csv::ByteRecord, columns: &Columns, delimiter: u8) -> Self {
        let names: Vec<String> = record
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_string())
            .collect();
        let fields = names.iter().map(|name| columns.field(name)).collect();
        Header {
            names,
            fields,
            delimiter,
        }
    }

    /// `cells` as one line of CSV.
    pub fn row_text(&self, cells: &csv::ByteRecord) -> String {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(self.delimiter)
            .flexible(true)
            .from_writer(Vec::new());
        // Writing into memory cannot fail.
        let _ = writer.write_byte_record(cells);
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes)
            .trim_end_matches('\n')
            .to_string()
    }
}

/// The records of one stream.
pub struct Cells {
    reader: csv::Reader<Source>,
    header: Arc<Header>,
    limit: usize,
}

impl Cells {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Data`] where there is no header or it lacks the text column.
    pub fn open(
        mut source: Source,
        format: Format,
        file: &str,
        options: &ReadOptions,
    ) -> Result<Self> {
        let delimiter = match format {
            Format::Tsv => b'\t',
            _ => sniff_delimiter(source.fill_buf().map_err(|e| Error::io(file, e))?),
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(source);
        let mut record = csv::ByteRecord::new();
        let any = reader
            .read_byte_record(&mut record)
            .map_err(|e| Error::io(file, io_error(e)))?;
        let text = options.columns.name(Field::Text);
        if !any {
            return Err(Error::Data(format!(
                "{file}:1: the file is empty; expected a header with a column {text:?}"
            )));
        }
        let header = Header::new(&record, &options.columns, delimiter);
        if !header.fields.contains(&Some(Field::Text)) {
            let names = header.names.join(", ");
            return Err(Error::Data(format!(
                "{file}:1: no column {text:?} among: {names}; name the comments' column with --text-column"
            )));
        }
        for (at, name) in header.names.iter().enumerate() {
            if header.fields[at].is_some() && header.names[..at].contains(name) {
                return Err(Error::Data(format!(
                    "{file}:1: two columns are called {name:?}; expected one"
                )));
            }
        }
        Ok(Cells {
            reader,
            header: Arc::new(header),
            limit: options.max_line_bytes,
        })
    }

    /// The next record with the number of its first line.
    pub fn next_content(&mut self) -> io::Result<Option<(u64, Content)>> {
        let mut record = csv::ByteRecord::new();
        if !self
            .reader
            .read_byte_record(&mut record)
            .map_err(io_error)?
        {
            return Ok(None);
        }
        let line = record.position().map_or(0, |p| p.line());
        let content = if record.as_slice().len() > self.limit {
            Content::TooLong {
                start: record.as_slice()[..1024.min(self.limit)].to_vec(),
                limit: self.limit,
            }
        } else {
            Content::Cells(self.header.clone(), record)
        };
        Ok(Some((line, content)))
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(e) => e,
        other => io::Error::new(io::ErrorKind::InvalidData, format!("{other:?}")),
    }
}

/// The delimiter that stands most often outside quotes in the first line; a comma where none does.
fn sniff_delimiter(start: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for &byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            _ => {
                for (delimiter, count) in &mut counts {
                    *count += i32::from(*delimiter == byte);
                }
            }
        }
    }
    let mut best = counts[0];
    for candidate in counts {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_read_off_the_header() {
        assert_eq!(sniff_delimiter(b"id,text\n"), b',');
        assert_eq!(sniff_delimiter(b"id;text;\"a,b,c,d\"\n1,2,3,4,5"), b';');
        assert_eq!(sniff_delimiter(b"id\ttext"), b'\t');
        assert_eq!(sniff_delimiter(b"id|text"), b'|');
        assert_eq!(sniff_delimiter(b"text"), b',');
    }
}
