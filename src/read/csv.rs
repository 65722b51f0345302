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
    /// The fields of each column, none for a column that the contract does not know.
    pub fields: Vec<Vec<Field>>,
    delimiter: u8,
}

impl Header {
    fn new(record: &csv::ByteRecord, columns: &Columns, delimiter: u8) -> Self {
        let names: Vec<String> = record
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_string())
            .collect();
        let fields = names.iter().map(|name| columns.fields(name)).collect();
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
    records: Records,
    header: Arc<Header>,
}

/// Cuts a stream into records in bounded memory.
struct Records {
    source: Source,
    core: csv_core::Reader,
    limit: usize,
    /// The cells of the record that is being read, one behind the other, and where each ends.
    cells: Vec<u8>,
    ends: Vec<usize>,
}

/// How much of an overlong record is kept, in bytes.
const KEPT: usize = 1024;

/// A record, or the start of one that is longer than the limit.
type Record = std::result::Result<csv::ByteRecord, Vec<u8>>;

impl Records {
    /// The next record with the number of its first line.
    fn next_record(&mut self) -> io::Result<Option<(u64, Record)>> {
        use csv_core::ReadRecordResult as R;
        let line = self.core.line();
        let (mut n_bytes, mut n_ends) = (0, 0);
        let mut overlong: Option<Vec<u8>> = None;
        loop {
            let input = self.source.fill_buf()?;
            let (result, read, wrote, ended) =
                self.core
                    .read_record(input, &mut self.cells[n_bytes..], &mut self.ends[n_ends..]);
            self.source.consume(read);
            n_bytes += wrote;
            n_ends += ended;
            let room = self.limit.saturating_add(2);
            match result {
                R::InputEmpty => {}
                R::End => return Ok(None),
                R::Record => break,
                R::OutputFull if overlong.is_none() && self.cells.len() < room => {
                    self.cells.resize((2 * self.cells.len()).min(room), 0);
                }
                R::OutputEndsFull if overlong.is_none() && self.ends.len() < room => {
                    self.ends.resize((2 * self.ends.len()).min(room), 0);
                }
                // Too long: the rest of the record is read over.
                R::OutputFull | R::OutputEndsFull => {
                    overlong.get_or_insert_with(|| self.cells[..n_bytes.min(KEPT)].to_vec());
                    (n_bytes, n_ends) = (0, 0);
                }
            }
        }
        if overlong.is_none() && n_bytes > self.limit {
            overlong = Some(self.cells[..n_bytes.min(KEPT)].to_vec());
        }
        if let Some(start) = overlong {
            // The memory of one long record is not kept for all others.
            self.cells.truncate(FIRST_ROOM);
            self.cells.shrink_to_fit();
            return Ok(Some((line, Err(start))));
        }
        let mut record = csv::ByteRecord::with_capacity(n_bytes, n_ends);
        let mut start = 0;
        for &end in &self.ends[..n_ends] {
            record.push_field(&self.cells[start..end]);
            start = end;
        }
        Ok(Some((line, Ok(record))))
    }
}

/// The room that cells begin with, in bytes.
const FIRST_ROOM: usize = 4096;

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
        let mut records = Records {
            source,
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            limit: options.max_line_bytes,
            cells: vec![0; FIRST_ROOM],
            ends: vec![0; 64],
        };
        let first = records.next_record().map_err(|e| Error::io(file, e))?;
        let text = options.columns.name(Field::Text);
        let record = match first {
            Some((_, Ok(record))) => record,
            Some((_, Err(_))) => {
                return Err(Error::Data(format!(
                    "{file}:1: the header is longer than {} bytes, the limit of --max-line-bytes",
                    options.max_line_bytes
                )));
            }
            None => {
                return Err(Error::Data(format!(
                    "{file}:1: the file is empty; expected a header with a column {text:?}"
                )));
            }
        };
        let header = Header::new(&record, &options.columns, delimiter);
        if !header.fields.iter().flatten().any(|&f| f == Field::Text) {
            let names = header.names.join(", ");
            return Err(Error::Data(format!(
                "{file}:1: no column {text:?} among: {names}; name the comments' column with --text-column"
            )));
        }
        for (at, name) in header.names.iter().enumerate() {
            if !header.fields[at].is_empty() && header.names[..at].contains(name) {
                return Err(Error::Data(format!(
                    "{file}:1: two columns are called {name:?}; expected one"
                )));
            }
        }
        Ok(Cells {
            records,
            header: Arc::new(header),
        })
    }

    /// The next record with the number of its first line.
    pub fn next_content(&mut self) -> io::Result<Option<(u64, Content)>> {
        let limit = self.records.limit;
        Ok(self.records.next_record()?.map(|(line, record)| {
            let content = match record {
                Ok(record) => Content::Cells(self.header.clone(), record),
                Err(start) => Content::TooLong { start, limit },
            };
            (line, content)
        }))
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

    fn records(bytes: &'static [u8], limit: usize) -> Vec<(u64, Record)> {
        let input: Box<dyn io::Read + Send> = Box::new(bytes);
        let mut records = Records {
            source: io::BufReader::with_capacity(3, input),
            core: csv_core::Reader::new(),
            limit,
            cells: vec![0; 2],
            ends: vec![0; 1],
        };
        std::iter::from_fn(|| records.next_record().unwrap()).collect()
    }

    #[test]
    fn records_that_grow_are_those_of_the_csv_crate() {
        let bytes = b"a,b\n\n\"x\ny\",\"\"\"z\"\r\n,,,\nlast";
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(&bytes[..]);
        let expected: Vec<csv::ByteRecord> = reader.byte_records().map(|r| r.unwrap()).collect();
        let found: Vec<_> = records(bytes, 100)
            .into_iter()
            .map(|r| r.1.unwrap())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_overlong_record_is_read_over_and_the_next_is_whole() {
        let found = records(b"a\n1234567,8\n1,2,3,4,5,6,7,8,9\nb,c\n\"never closed", 5);
        let good = |r: &Record| {
            r.as_ref()
                .ok()
                .map(|r| r.iter().map(<[u8]>::to_vec).collect())
        };
        let texts: Vec<Option<Vec<Vec<u8>>>> = found.iter().map(|(_, r)| good(r)).collect();
        assert_eq!(texts[0], Some(vec![b"a".to_vec()]));
        assert_eq!(texts[1..3], [None, None]);
        assert_eq!(texts[3], Some(vec![b"b".to_vec(), b"c".to_vec()]));
        assert_eq!(texts[4], None);
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_delimiter_is_read_off_the_header() {
        assert_eq!(sniff_delimiter(b"id,text\n"), b',');
        assert_eq!(sniff_delimiter(b"id;text;\"a,b,c,d\"\n1,2,3,4,5"), b';');
        assert_eq!(sniff_delimiter(b"id\ttext"), b'\t');
        assert_eq!(sniff_delimiter(b"id|text"), b'|');
        assert_eq!(sniff_delimiter(b"text"), b',');
    }
}
