//! Opens a file or standard input as a stream of UTF-8 bytes, whatever its compression and encoding.

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of bytes, UTF-8 where the input was valid.
pub type Source = BufReader<Box<dyn Read + Send>>;

const BUFFER: usize = 1 << 16;

/// Counts the bytes of all files that are read.
#[derive(Debug, Clone, Default)]
pub struct ByteCount(Arc<AtomicU64>);

impl ByteCount {
    /// The bytes read so far, before they are unpacked.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted<R>(R, ByteCount);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(out)?;
        self.1.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Opens `path` (`-`: standard input) and adds the bytes that are read to `count`. `.gz` and `.zst` are unpacked; a byte-order mark wins over `encoding`, which
/// wins over UTF-8.
pub fn open(
    path: &Path,
    encoding: Option<&'static Encoding>,
    count: &ByteCount,
) -> io::Result<Source> {
    let raw: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(Counted(File::open(path)?, count.clone()))
    };
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    let plain: Box<dyn Read + Send> = match extension.to_ascii_lowercase().as_str() {
        "gz" => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, raw))),
        "zst" => Box::new(ZstdFrames {
            frame: Frame::Between(BufReader::with_capacity(BUFFER, raw)),
        }),
        _ => raw,
    };
    decoded(plain, encoding)
}

/// `plain` as UTF-8: a byte-order mark wins over `encoding`, which wins over UTF-8.
pub fn decoded(
    mut plain: Box<dyn Read + Send>,
    encoding: Option<&'static Encoding>,
) -> io::Result<Source> {
    let mut head = Vec::new();
    plain.by_ref().take(3).read_to_end(&mut head)?;
    let (encoding, mark) = match Encoding::for_bom(&head) {
        Some((found, length)) => (found, length),
        None => (encoding.unwrap_or(UTF_8), 0),
    };
    let rest = Cursor::new(head.split_off(mark)).chain(plain);
    let stream: Box<dyn Read + Send> = if encoding == UTF_8 {
        Box::new(rest)
    } else {
        debug_assert!(mark == 0 || encoding == UTF_16LE || encoding == UTF_16BE);
        Box::new(Transcoder {
            input: BufReader::with_capacity(BUFFER, rest),
            decoder: encoding.new_decoder_without_bom_handling(),
            ready: Vec::with_capacity(BUFFER),
            sent: 0,
            done: false,
        })
    };
    Ok(BufReader::with_capacity(BUFFER, stream))
}

/// Decodes to UTF-8. A malformed sequence becomes the byte FF, which is never valid UTF-8, so that its row is found to
/// be bad by the same check as a row of a UTF-8 file.
struct Transcoder<R> {
    input: BufReader<R>,
    decoder: Decoder,
    ready: Vec<u8>,
    sent: usize,
    done: bool,
}

impl<R: Read> Transcoder<R> {
    fn refill(&mut self) -> io::Result<()> {
        self.ready.resize(BUFFER, 0);
        self.sent = 0;
        let mut written = 0;
        while written == 0 && !self.done {
            let input = self.input.fill_buf()?;
            let last = input.is_empty();
            // One byte is kept free for the mark of a malformed sequence.
            let room = &mut self.ready[..BUFFER - 1];
            let (result, read, wrote) = self
                .decoder
                .decode_to_utf8_without_replacement(input, room, last);
            self.input.consume(read);
            written = wrote;
            match result {
                DecoderResult::Malformed(..) => {
                    self.ready[written] = 0xff;
                    written += 1;
                }
                DecoderResult::InputEmpty => self.done = last,
                DecoderResult::OutputFull => {}
            }
        }
        self.ready.truncate(written);
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.sent == self.ready.len() && !self.done {
            self.refill()?;
        }
        let n = out.len().min(self.ready.len() - self.sent);
        out[..n].copy_from_slice(&self.ready[self.sent..self.sent + n]);
        self.sent += n;
        Ok(n)
    }
}

/// The frames of a zstd file, one after the other.
struct ZstdFrames<R: BufRead> {
    frame: Frame<R>,
}

enum Frame<R: BufRead> {
    Between(R),
    Inside(Box<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>),
    Broken,
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.frame, Frame::Broken) {
                Frame::Between(mut input) => {
                    if input.fill_buf()?.is_empty() {
                        self.frame = Frame::Between(input);
                        return Ok(0);
                    }
                    let decoder = StreamingDecoder::new(input)
                        .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
                    self.frame = Frame::Inside(Box::new(decoder));
                }
                Frame::Inside(mut decoder) => {
                    let n = decoder.read(out)?;
                    if n > 0 {
                        self.frame = Frame::Inside(decoder);
                        return Ok(n);
                    }
                    self.frame = Frame::Between(decoder.into_inner());
                }
                Frame::Broken => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "broken zstd frame",
                    ));
                }
            }
        }
    }
}
