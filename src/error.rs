//! What can go wrong, and which exit status tells it.
//!
//! Every message names the file (and line) at fault, what was found and what was expected. The library never prints; a
//! binary prints the message and exits with [`Error::status`].

use std::path::Path;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// An error, by the exit status that reports it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A gate that was asked for is not met (status 1).
    #[error("{0}")]
    Gate(String),
    /// Flags that do not go together (status 2).
    #[error("{0}")]
    Usage(String),
    /// Bad input data: bad rows, an empty or one-label training set, nothing to evaluate (status 3).
    #[error("{0}")]
    Data(String),
    /// A bad or missing model (status 4).
    #[error("{0}")]
    Model(String),
    /// Input that cannot be read or output that cannot be written (status 5).
    #[error("{what}: {source}")]
    Io {
        /// The file, or the name of the stream.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// An [`Error::Io`] about `path`.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Error::Io {
            what: path.as_ref().display().to_string(),
            source,
        }
    }

    /// The exit status that reports this error: 1 to 5, or 0 for a pipe that the reader closed.
    pub fn status(&self) -> u8 {
        match self {
            Error::Gate(_) => 1,
            Error::Usage(_) => 2,
            Error::Data(_) => 3,
            Error::Model(_) => 4,
            Error::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => 0,
            Error::Io { .. } => 5,
        }
    }
}
