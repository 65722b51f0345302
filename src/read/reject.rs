//! What happens to a row that is wrong: the program stops there, or the row is set aside.

use super::Row;
use crate::error::{Error, Result};
use serde_json::json;
use std::io::Write;

/// What a bad row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The program stops with status 3.
    #[default]
    Stop,
    /// The program goes on without the row.
    Skip,
}

/// Takes bad rows, and counts and lists them where the program goes on.
pub struct BadRows {
    on_error: OnError,
    list: Option<Box<dyn Write + Send>>,
    count: u64,
}

impl BadRows {
    /// Stops at the first bad row.
    pub fn stop() -> Self {
        BadRows {
            on_error: OnError::Stop,
            list: None,
            count: 0,
        }
    }

    /// Skips bad rows, writing `{"file","line","reason","row"}` for each to `list`.
    pub fn skip(list: Option<Box<dyn Write + Send>>) -> Self {
        BadRows {
            on_error: OnError::Skip,
            list,
            count: 0,
        }
    }

    /// Takes `row`, which is wrong for `reason`.
    ///
    /// # Errors
    /// [`Error::Data`] naming file, line and reason where bad rows stop the program; [`Error::Io`] where the list
    /// cannot be written.
    pub fn take(&mut self, row: &Row, reason: String) -> Result<()> {
        if self.on_error == OnError::Stop {
            return Err(Error::Data(format!("{}:{}: {reason}", row.file, row.line)));
        }
        self.count += 1;
        if let Some(list) = &mut self.list {
            let reject = json!({"file": &*row.file, "line": row.line, "reason": reason, "row": row.to_text()});
            writeln!(list, "{reject}").map_err(|e| Error::io("--rejects", e))?;
        }
        Ok(())
    }

    /// The number of rows that were skipped.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Writes out what is still held back.
    ///
    /// # Errors
    /// [`Error::Io`] where the list cannot be written.
    pub fn finish(&mut self) -> Result<()> {
        match &mut self.list {
            Some(list) => list.flush().map_err(|e| Error::io("--rejects", e)),
            None => Ok(()),
        }
    }
}
