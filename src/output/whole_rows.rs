//! A stream that carries whole rows only, whatever ends the program.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Mutex;

/// Rows gather until they are so many bytes.
const ENOUGH: usize = 1 << 16;

/// Gathers rows and writes them together, so that a program that is stopped between two writes, or a disk that is full,
/// leaves no half row behind: the rest of a row that did not fit is taken back off a regular file.
pub struct WholeRows<W: Target> {
    target: W,
    rows: Vec<u8>,
    gate: &'static Mutex<()>,
}

/// Where whole rows go.
pub trait Target: Write {
    /// Takes the last `n` bytes off again, where that can be done.
    fn take_back(&mut self, n: usize);
}

impl<W: Target> WholeRows<W> {
    /// Writes to `target`, holding `gate` meanwhile.
    pub fn new(target: W, gate: &'static Mutex<()>) -> Self {
        WholeRows {
            target,
            rows: Vec::with_capacity(ENOUGH + 4096),
            gate,
        }
    }

    fn write_rows(&mut self) -> io::Result<()> {
        let _gate = self.gate.lock().unwrap_or_else(|e| e.into_inner());
        let mut written = 0;
        while written < self.rows.len() {
            match self.target.write(&self.rows[written..]) {
                Ok(n) if n > 0 => written += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    let whole = memchr::memrchr(b'\n', &self.rows[..written]).map_or(0, |i| i + 1);
                    self.target.take_back(written - whole);
                    self.rows.clear();
                    return Err(result.err().unwrap_or(io::ErrorKind::WriteZero.into()));
                }
            }
        }
        self.rows.clear();
        self.target.flush()
    }
}

impl<W: Target> Write for WholeRows<W> {
    /// Takes a piece of a row; a row is whole where a piece ends with a line end.
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.rows.extend_from_slice(piece);
        if self.rows.len() >= ENOUGH && piece.ends_with(b"\n") {
            self.write_rows()?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_rows()
    }
}

impl Target for File {
    fn take_back(&mut self, n: usize) {
        take_back(&*self, n);
    }
}

/// Standard output without a buffer: what is written is written.
pub struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(unix)]
        return Ok(rustix::io::write(io::stdout(), bytes)?);
        #[cfg(not(unix))]
        return io::stdout().write(bytes);
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

impl Target for Stdout {
    fn take_back(&mut self, n: usize) {
        take_back(io::stdout(), n);
    }
}

#[cfg(unix)]
fn take_back(file: impl std::os::fd::AsFd, n: usize) {
    let Ok(stat) = rustix::fs::fstat(&file) else {
        return;
    };
    let length = u64::try_from(stat.st_size).unwrap_or(0);
    if n > 0 && rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file() {
        // The program ends with an error in any case.
        let _ = rustix::fs::ftruncate(&file, length.saturating_sub(n as u64));
    }
}

#[cfg(not(unix))]
fn take_back<T>(_: T, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has room for so many bytes.
    struct Small(Vec<u8>, usize);

    impl Write for &mut Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = bytes.len().min(self.1 - self.0.len());
            self.0.extend_from_slice(&bytes[..n]);
            match n {
                0 => Err(io::ErrorKind::StorageFull.into()),
                n => Ok(n),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Target for &mut Small {
        fn take_back(&mut self, n: usize) {
            self.0.truncate(self.0.len() - n);
        }
    }

    #[test]
    fn a_full_disk_leaves_whole_rows() {
        static GATE: Mutex<()> = Mutex::new(());
        let mut disk = Small(Vec::new(), 10);
        let mut rows = WholeRows::new(&mut disk, &GATE);
        for row in ["one", "two", "three"] {
            writeln!(rows, "{row}").unwrap();
        }
        assert_eq!(rows.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(disk.0, b"one\ntwo\n");
    }
}
